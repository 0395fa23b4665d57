/* SPDX-License-Identifier: MIT */
/* Scheduling: policies, CPU sets, clone's flags. A pid is a thread's number; 0 is the caller. */
#ifndef _SCHED_H_
#define _SCHED_H_

#include <sys/types.h>
#include <sys/sched.h>
#include <abi/sched.h>

#if __GNU_VISIBLE
#define CPU_SETSIZE 1024
#define __CPU_BITS  (8 * sizeof(unsigned long))

typedef struct {
	unsigned long __bits[CPU_SETSIZE / __CPU_BITS];
} cpu_set_t;

#define __CPU_WORD(cpu, set) (((unsigned long *)(set))[(cpu) / __CPU_BITS])
#define __CPU_MASK(cpu)	     (1UL << ((cpu) % __CPU_BITS))
#define __CPU_IN(cpu, size)  ((size_t)(cpu) < 8 * (size_t)(size))

#define CPU_ALLOC_SIZE(n) (((size_t)(n) + __CPU_BITS - 1) / __CPU_BITS * sizeof(unsigned long))
#define CPU_ALLOC(n)	  ((cpu_set_t *)__builtin_calloc(1, CPU_ALLOC_SIZE(n)))
#define CPU_FREE(set)	  __builtin_free(set)

#define CPU_ZERO_S(size, set) ((void)__builtin_memset((set), 0, (size)))
#define CPU_SET_S(cpu, size, set) \
	((void)(__CPU_IN(cpu, size) && (__CPU_WORD(cpu, set) |= __CPU_MASK(cpu))))
#define CPU_CLR_S(cpu, size, set) \
	((void)(__CPU_IN(cpu, size) && (__CPU_WORD(cpu, set) &= ~__CPU_MASK(cpu))))
#define CPU_ISSET_S(cpu, size, set) \
	(__CPU_IN(cpu, size) && (__CPU_WORD(cpu, set) & __CPU_MASK(cpu)) != 0)
#define CPU_COUNT_S(size, set)	__sched_cpucount((size), (set))
#define CPU_EQUAL_S(size, a, b) (__builtin_memcmp((a), (b), (size)) == 0)
#define __CPU_OP(size, to, a, b, op)                                                         \
	__extension__({                                                                      \
		for (size_t __i = 0; __i < (size) / sizeof(unsigned long); __i++)            \
			((unsigned long *)(to))[__i] = ((const unsigned long *)(a))[__i] op( \
				(const unsigned long *)(b))[__i];                            \
	})
#define CPU_AND_S(size, to, a, b) __CPU_OP(size, to, a, b, &)
#define CPU_OR_S(size, to, a, b)  __CPU_OP(size, to, a, b, |)
#define CPU_XOR_S(size, to, a, b) __CPU_OP(size, to, a, b, ^)

#define CPU_ZERO(set)	    CPU_ZERO_S(sizeof(cpu_set_t), set)
#define CPU_SET(cpu, set)   CPU_SET_S(cpu, sizeof(cpu_set_t), set)
#define CPU_CLR(cpu, set)   CPU_CLR_S(cpu, sizeof(cpu_set_t), set)
#define CPU_ISSET(cpu, set) CPU_ISSET_S(cpu, sizeof(cpu_set_t), set)
#define CPU_COUNT(set)	    CPU_COUNT_S(sizeof(cpu_set_t), set)
#define CPU_EQUAL(a, b)	    CPU_EQUAL_S(sizeof(cpu_set_t), a, b)
#define CPU_AND(to, a, b)   CPU_AND_S(sizeof(cpu_set_t), to, a, b)
#define CPU_OR(to, a, b)    CPU_OR_S(sizeof(cpu_set_t), to, a, b)
#define CPU_XOR(to, a, b)   CPU_XOR_S(sizeof(cpu_set_t), to, a, b)
#endif

__BEGIN_DECLS
int sched_yield(void);
int sched_setparam(pid_t tid, const struct sched_param *param);
int sched_getparam(pid_t tid, struct sched_param *param);
int sched_setscheduler(pid_t tid, int policy, const struct sched_param *param);
int sched_getscheduler(pid_t tid);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_rr_get_interval(pid_t tid, struct timespec *interval);
#if __GNU_VISIBLE
int sched_getcpu(void);
int sched_setaffinity(pid_t tid, size_t size, const cpu_set_t *set);
int sched_getaffinity(pid_t tid, size_t size, cpu_set_t *set);
int __sched_cpucount(size_t size, const cpu_set_t *set);
#endif
__END_DECLS

#endif
