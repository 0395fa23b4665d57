/* SPDX-License-Identifier: MIT */
/* Between the fake_*.c files only. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

/* The machine's or the app's end: jumps to what fake_expect_end() set, or fails the test. */
_Noreturn void fake_end(const char *what, int status);
void fake_arch_reset(void);

#endif
