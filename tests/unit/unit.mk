# SPDX-License-Identifier: MIT
# How unit tests are made; the Makefile includes this. Every program tests/unit/test_NAME.c (but
# test_main.c, which is part of each) is linked with libunit.a, which holds UNIT_LIB_SRC.
#
# Not in the library, because a stand-in or the host's C library serves instead: core/string.c, the
# heap (fake_heap.c over malloc, for the sanitizers' sake), and what fake_core.c stands for. A test
# of such a file includes the .c; its definitions then come before the library's.
UNIT_STANDIN := core/string.c core/heap.c core/main.c core/sched.c core/wait.c core/log.c \
	core/process.c core/time.c
UNIT_LIB_SRC := $(filter-out $(UNIT_STANDIN),$(patsubst $(srcdir)/%,%,$(wildcard \
	$(srcdir)/core/*.c $(srcdir)/core/fs/*.c $(srcdir)/core/dev/*.c))) \
	$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/tests/unit/fake_*.c))
UNIT_TESTS := $(filter-out test_main,$(patsubst $(srcdir)/tests/unit/%.c,%,$(wildcard \
	$(srcdir)/tests/unit/test_*.c)))
# -I: core/include, tests/unit (its arch_impl/ is the fake architecture), the generated headers.
UNIT_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes $(WERROR) \
	-Wno-clobbered -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined

# The core's memcpy and friends are assembly.
$(O)/unit/test_string: $(O)/unit/tests/unit/string_x86.o
$(O)/unit/tests/unit/string_x86.o: $(srcdir)/tests/unit/string_x86.S $(srcdir)/arch/x86_64/string.S
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

# The x86 files that are portable enough to be tested here; the fake arch_impl/ still comes first.
$(O)/unit/tests/unit/test_boot_memory.o: UNIT_INCLUDES += -I$(srcdir)/arch/x86_64/include
