# SPDX-License-Identifier: MIT
# make conformance: Linux's own x86 selftests, unmodified, as apps. Their source is fetched, never kept
# here; it needs as much of the C library as the host's compiler links statically.

CONFORMANCE := $(O)/conformance
CONFORMANCE_LINUX := $(O)/deps/linux
CONFORMANCE_SRC := $(CONFORMANCE_LINUX)/tree/tools/testing/selftests/x86
# $(call conformance_list,CONDITION): the tests in tests.txt for which awk's condition holds.
conformance_list = $(addprefix $(CONFORMANCE)/bin/,$(shell $(AWK) '/^[^\#]/ && ($1) { print $$1 }' \
	$(srcdir)/tests/conformance/tests.txt))
CONFORMANCE_BIN := $(call conformance_list,1)
CONFORMANCE_ALONE := $(call conformance_list,$$2 == "alone")
comma := ,
# As the tests' own Makefile has them, but static and without their warnings.
CONFORMANCE_CFLAGS := -O2 -g -std=gnu99 -pthread -no-pie -static -w
CONFORMANCE_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,fork wait waitpid ptrace)

$(CONFORMANCE_LINUX)/stamp: $(srcdir)/tests/conformance/fetch
	$(Q)$< $(@D)
	@touch $@

$(CONFORMANCE)/alone.o: $(srcdir)/tests/conformance/alone.c Makefile
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -Werror -pthread -D_GNU_SOURCE -c -o $@ $<

$(CONFORMANCE_ALONE): conformance_flags += $(CONFORMANCE)/alone.o $(CONFORMANCE_WRAP)
$(CONFORMANCE_ALONE): $(CONFORMANCE)/alone.o
# Its own start, and the far calls into 32-bit code that the test's Makefile adds.
$(CONFORMANCE)/bin/check_initial_reg_state: conformance_flags += -Wl,-ereal_start
$(CONFORMANCE)/bin/sysret_ss_attrs: conformance_flags += $(CONFORMANCE_SRC)/thunks.S

$(CONFORMANCE_BIN): $(CONFORMANCE)/bin/%: $(CONFORMANCE_LINUX)/stamp
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CONFORMANCE_CFLAGS) -o $@ $(CONFORMANCE_SRC)/$*.c $(conformance_flags) -lm

CONFORMANCE_NEEDS := $(O)/ringlet $(O)/core.elf $(CONFORMANCE_BIN)
.PHONY: conformance conformance-expected
conformance: $(CONFORMANCE_NEEDS)
	@$(CHECK) conformance
# The same programs on Linux, by the same QEMU: what the counts have to be.
conformance-expected: $(CONFORMANCE_BIN)
	@RINGLET_QEMU="$(QEMU)" $(or $(PYTHON),python3) -B $(srcdir)/tests/conformance/conformance.py \
		$(abspath $(O)) --linux
