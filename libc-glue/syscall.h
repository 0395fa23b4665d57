/* SPDX-License-Identifier: MIT */
/*
 * The way into the core: the SYSCALL instruction (AMD64 APM vol. 3), wrapped once. The number goes in
 * RAX, arguments in RDI, RSI, RDX, R10, R8, R9; the result comes back in RAX, an error as -errno; RCX
 * and R11 are lost, everything else is kept. Private to libc-glue.
 */
#ifndef LIBC_GLUE_SYSCALL_H
#define LIBC_GLUE_SYSCALL_H

#include <sys/syscall.h>

/* Linux's numbers of calls the core may not have yet: it answers them with ENOSYS. */
#define NR_mremap	    25
#define NR_msync	    26
#define NR_madvise	    28
#define NR_socketpair	    53
#define NR_link		    86
#define NR_symlink	    88
#define NR_chmod	    90
#define NR_fchmod	    91
#define NR_umask	    95
#define NR_getrlimit	    97
#define NR_setrlimit	    160
#define NR_execve	    59
#define NR_timer_create	    222
#define NR_timer_settime    223
#define NR_timer_gettime    224
#define NR_timer_getoverrun 225
#define NR_timer_delete	    226
#define NR_prctl	    157

/* The raw call: a result, or -errno. Arguments left out are not passed. */
static inline long syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall5(long n, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall3(long n, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall2(long n, long a, long b)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall1(long n, long a)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a) : "rcx", "r11", "memory");
	return ret;
}

static inline long syscall0(long n)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n) : "rcx", "r11", "memory");
	return ret;
}

/* The one place where a raw result becomes a result, or -1 and errno. */
long syscall_result(long raw);

#define SYSCALL_PICK(a, b, c, d, e, f, g, name, ...) name
/* SYSCALL(number, arguments...): the call, its error in errno; each argument cast to long. */
#define SYSCALL(...)    \
	syscall_result( \
		SYSCALL_PICK(__VA_ARGS__, RAW6, RAW5, RAW4, RAW3, RAW2, RAW1, RAW0)(__VA_ARGS__))
#define RAW0(n)		       syscall0(n)
#define RAW1(n, a)	       syscall1(n, (long)(a))
#define RAW2(n, a, b)	       syscall2(n, (long)(a), (long)(b))
#define RAW3(n, a, b, c)       syscall3(n, (long)(a), (long)(b), (long)(c))
#define RAW4(n, a, b, c, d)    syscall4(n, (long)(a), (long)(b), (long)(c), (long)(d))
#define RAW5(n, a, b, c, d, e) syscall5(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define RAW6(n, a, b, c, d, e, f) \
	syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
