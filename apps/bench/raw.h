/* SPDX-License-Identifier: MIT */
/*
 * System calls by the bare instruction (System V ABI for AMD64, appendix A.2): the same code with
 * every C library, and none of a library's own in the figures. They answer a result, or -errno.
 */
#ifndef RAW_H
#define RAW_H

/* Linux's numbers. Which of them the system has shows when they are called. */
enum {
	NR_read = 0,
	NR_write = 1,
	NR_open = 2,
	NR_close = 3,
	NR_stat = 4,
	NR_poll = 7,
	NR_mmap = 9,
	NR_mprotect = 10,
	NR_munmap = 11,
	NR_pread64 = 17,
	NR_pipe = 22,
	NR_sched_yield = 24,
	NR_madvise = 28,
	NR_setitimer = 38,
	NR_getpid = 39,
	NR_sendto = 44,
	NR_recvfrom = 45,
	NR_kill = 62,
	NR_mkdir = 83,
	NR_unlink = 87,
	NR_getppid = 110,
	NR_futex = 202,
	NR_sched_setaffinity = 203,
	NR_sched_getaffinity = 204,
	NR_clock_gettime = 228,
	NR_epoll_wait = 232,
	NR_epoll_ctl = 233,
	NR_epoll_create1 = 291,
	NR_prlimit64 = 302,
	NR_getrandom = 318,
	NR_none = 999, /* no system has it */
};

static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

/* The same without the instruction: what is round it costs as much, and the answer is answer. */
static inline long raw4_idle(long answer, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile(""
			 : "=a"(result)
			 : "0"(answer), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw2(long nr, long a, long b)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long raw1(long nr, long a)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(nr), "D"(a) : "rcx", "r11", "memory");
	return result;
}

#endif
