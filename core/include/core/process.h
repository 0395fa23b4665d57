/* SPDX-License-Identifier: MIT */
/*
 * The app as a whole (core/process.c, core/exec.c): loading it, its end, its report.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include <abi/resource.h>
#include <core/compiler.h>

struct file;

/* The app's process number. */
#define APP_PID 1

/*
 * Loads the ELF in f, its interpreter if it names one, and builds Linux's start state; the calling thread then enters ring 3.
 * Returns only on failure: -errno with *why set.
 */
int exec_app(struct file *f, const char *path, char *const argv[], char *const envp[],
	     const char **why);

/* What the app was started as: set by exec_app(), lives for ever. path is NULL before. */
struct exec_args {
	const char *path;
	char *const *argv, *const *envp;
};
extern struct exec_args exec_args;
/* The last component of its path, or "". */
const char *exec_name(void);

/* How far the app's first stack can grow, in bytes: option stack=. */
size_t exec_stack_limit(void);

/* Where an app address comes from: a symbol of the app's ELF, for backtraces. NULL if unknown. */
const char *exec_symbol(uintptr_t addr, uint64_t *offset);

#define EXEC_PLACE_SIZE 128
/*
 * The same for a line of the log: " in FUNCTION", or " in FILE+OFFSET" of what is mapped there, or ""
 * if it is neither; in buf. Thread context, no lock held.
 */
const char *exec_place(uintptr_t addr, char *buf, size_t size);

/* Ends the app with an exit status (0..255) or a signal; the machine stops or halts. */
_Noreturn void process_exit(int status);
_Noreturn void process_kill(int sig);

/* False once the app has become somebody else than user 0 (core/sys_cred.c); its real user id. */
bool process_privileged(void);
uint32_t process_user(void);
/* All four of users or groups: real, effective, saved, of files. */
void process_ids(bool group, uint32_t id[4]);
/* What getrlimit tells; resource is one of Linux's. */
struct abi_rlimit process_limit(unsigned resource);
/* Whom new files belong to. */
uint32_t process_file_user(void);
uint32_t process_file_group(void);

/* True once the app is ending: sleeps end, and no thread but the one that ends it enters ring 3. */
bool process_ending(void);
/* The end of a thread that comes to ring 3's border meanwhile. */
_Noreturn void process_leave(void);

#endif
