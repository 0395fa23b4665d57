# SPDX-License-Identifier: MIT
# make conformance-posix: the Open POSIX Test Suite, unmodified, as apps. Its source is fetched, never
# kept here. T=AREA, T=FOLDER or T=FOLDER/TEST runs a part of it, SMP=N on so many CPUs, JOBS=N so many
# at once. POSIXTESTSUITE=FILE|FOLDER is its source where there is no apt.

$(O)/deps/posixtestsuite.stamp: $(srcdir)/deps/manifest | $(O)/deps/mbedtls.stamp
	$(Q)$(srcdir)/deps/fetch posixtestsuite $(O)/deps $(POSIXTESTSUITE)
	@touch $@

POSIX := CC="$(CC)" RINGLET_QEMU="$(QEMU)" $(or $(PYTHON),python3) -B $(srcdir)/tests/posix/posix.py \
	$(abspath $(O)) $(if $(T),--only '$(T)') $(if $(JOBS),--jobs $(JOBS)) $(if $(SMP),--smp $(SMP)) \
	$(POSIX_FLAGS)
POSIX_NEEDS := $(O)/ringlet $(O)/core.elf $(O)/deps/posixtestsuite.stamp
.PHONY: conformance-posix conformance-posix-expected
conformance-posix: $(POSIX_NEEDS)
	@$(POSIX)
# The same programs on Linux, by the same QEMU: what they have to end with.
conformance-posix-expected: $(O)/deps/posixtestsuite.stamp
	@$(POSIX) --linux
