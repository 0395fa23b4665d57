/* SPDX-License-Identifier: MIT */
/* Between exec.c, which loads the app, and exec_stack.c, which builds what it finds at its start. */
#ifndef EXEC_H
#define EXEC_H

#include <core/boot.h>

struct start_state {
	const char *path;
	char *const *argv, *const *envp; /* NULL-terminated, core memory */
	uintptr_t entry, phdr;		 /* of the program; phdr 0: not in memory */
	uintptr_t base;			 /* of the interpreter, 0: none */
	uintptr_t vdso;			 /* 0: none */
	unsigned phnum, phentsize;
};

/*
 * Maps the stack and puts Linux's start state on it (System V ABI, AMD64 supplement, 3.4.1); *sp is
 * where the app's stack pointer begins. 0 or -errno with *why set.
 */
int exec_stack(const struct start_state *s, uintptr_t *sp, const char **why);

/* Maps the vDSO (vdso.c); its address for AT_SYSINFO_EHDR, or 0. */
uintptr_t vdso_map(void);

/* The environment: options env.NAME=VALUE, and defaults. Lives for ever; one caller. */
char *const *exec_environment(const struct cmdline *c);

#endif
