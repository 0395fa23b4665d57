/* SPDX-License-Identifier: MIT */
/* newlib's setjmp.h, and the jumps that keep the signal mask. */
#ifndef _RINGLET_SETJMP_H
#define _RINGLET_SETJMP_H

#include_next <setjmp.h>
#include <sys/cdefs.h>
#include <sys/features.h>

#if __POSIX_VISIBLE
struct __sigjmp {
	jmp_buf __registers;
	int __has_mask;
	unsigned long __mask;
};
typedef struct __sigjmp sigjmp_buf[1];

__BEGIN_DECLS
void __sigjmp_save(struct __sigjmp *env, int save_mask);
_Noreturn void siglongjmp(sigjmp_buf env, int value);
__END_DECLS

/* A macro: what setjmp() returns to is the caller's frame. */
#define sigsetjmp(env, save_mask) (__sigjmp_save(env, save_mask), setjmp((env)->__registers))
#endif

#if __XSI_VISIBLE || __MISC_VISIBLE
#define _setjmp(env)	     setjmp(env)
#define _longjmp(env, value) longjmp(env, value)
#endif

#endif
