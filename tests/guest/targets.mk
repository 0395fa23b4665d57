# SPDX-License-Identifier: MIT
# make fuzz-syscalls: a million random system calls for each of FUZZ_SEEDS.

.PHONY: fuzz-syscalls
fuzz-syscalls:
	@LONG=1 $(MAKE) --no-print-directory check-system T=test_fuzz
