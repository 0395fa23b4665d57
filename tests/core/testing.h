/* SPDX-License-Identifier: MIT */
/* What the files of tests/core offer each other. */
#ifndef TESTS_CORE_TESTING_H
#define TESTS_CORE_TESTING_H

#include <core/compiler.h>

/* nmi.c: one to this CPU, after sys_test_nmi() was called once; whether its handler runs. */
void testing_send_nmi(void);
extern bool testing_in_nmi;

#endif
