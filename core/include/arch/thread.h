/* SPDX-License-Identifier: MIT */
/*
 * Contract: what of a thread the architecture keeps, and switching. struct arch_thread comes from
 * arch_impl/thread.h.
 */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include <core/compiler.h>
#include <arch_impl/thread.h>

struct thread;

/* Gives t a stack with a guard page on which fn(arg) will run; 0 or -ENOMEM. */
int arch_thread_init(struct thread *t, void (*fn)(void *), void *arg);
void arch_thread_destroy(struct thread *t);
/* Leaves prev, continues next; returns when prev is continued. Interrupts off. */
void arch_thread_switch(struct thread *prev, struct thread *next);

/* Enters ring 3 for the first time: fresh registers, pc, sp. Never returns. */
_Noreturn void arch_enter_user(uintptr_t pc, uintptr_t sp);

/*
 * Makes t, which arch_thread_init() prepared and which has not run, a ring-3 thread that goes on
 * where the running one entered the core, with result 0: its registers, its FPU state; sp and the
 * thread pointer tls where told (sp 0, set_tls false: the same). 0 or -ENOMEM.
 */
int arch_thread_clone(struct thread *t, uintptr_t sp, uintptr_t tls, bool set_tls);
/* Such a thread's way to ring 3, from its own function. */
_Noreturn void arch_resume_user(void);

/* Auxiliary vector entries that only the architecture knows: AT_HWCAP (word 0), AT_HWCAP2 (1). */
unsigned long arch_hwcap(unsigned word);
unsigned long arch_minsigstksz(void);

#endif
