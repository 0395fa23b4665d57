/* SPDX-License-Identifier: MIT */
/*
 * What the C language lacks and every file of the core needs: attributes, ordering of single
 * accesses, alignment arithmetic. Owns nothing; included by everyone, includes only the compiler's
 * own headers.
 */
#ifndef CORE_COMPILER_H
#define CORE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long ssize_t;
typedef long off_t;

#define likely(x)	  __builtin_expect(!!(x), 1)
#define unlikely(x)	  __builtin_expect(!!(x), 0)
#define __packed	  __attribute__((packed))
#define __aligned(n)	  __attribute__((aligned(n)))
#define __used		  __attribute__((used))
#define __must_check	  __attribute__((warn_unused_result))
#define __noinline	  __attribute__((noinline))
#define __printf(fmt, va) __attribute__((format(printf, fmt, va)))

/* Written during boot, then sealed read-only with the core's text (arch_seal()). */
#define __ro_after_init __attribute__((section(".data.ro_after_init")))

/* A pointer into the app's half: never dereferenced in C, only through core/uaccess.h. */
#define __user

#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()	 __asm__ volatile("" ::: "memory")

#define ARRAY_SIZE(a)	      (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a)	      (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)      ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a)      (((x) & ((__typeof__(x))(a)-1)) == 0)
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))

#define min(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		_a < _b ? _a : _b;      \
	})
#define max(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		_a > _b ? _a : _b;      \
	})

/* A physical address, in bytes. */
typedef uint64_t phys_t;
#define PHYS_NONE ((phys_t)-1)

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/*
 * Runs fn once at boot, in the order of level (0 to 9): 0 early, 3 buses, 4 drivers, 5 network,
 * 6 file systems. Thread context, interrupts on, one CPU. A function that fails logs why itself.
 */
#define INITCALL(level, fn)                               \
	static void (*const __initcall_##fn)(void) __used \
		__attribute__((section(".initcall." #level))) = fn

#endif
