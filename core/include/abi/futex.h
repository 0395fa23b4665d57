/* SPDX-License-Identifier: MIT */
/* futex(2): Linux's operations and their encoding, seen by both rings. */
#ifndef ABI_FUTEX_H
#define ABI_FUTEX_H

#define FUTEX_WAIT	       0
#define FUTEX_WAKE	       1
#define FUTEX_REQUEUE	       3
#define FUTEX_CMP_REQUEUE      4
#define FUTEX_WAKE_OP	       5
#define FUTEX_LOCK_PI	       6
#define FUTEX_UNLOCK_PI	       7
#define FUTEX_TRYLOCK_PI       8
#define FUTEX_WAIT_BITSET      9
#define FUTEX_WAKE_BITSET      10
#define FUTEX_WAIT_REQUEUE_PI  11
#define FUTEX_CMP_REQUEUE_PI   12
#define FUTEX_LOCK_PI2	       13
#define FUTEX_PRIVATE_FLAG     128
#define FUTEX_CLOCK_REALTIME   256
#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

/* FUTEX_WAKE_OP's third value: operation, comparison, two operands of 12 bits. */
#define FUTEX_OP_SET	     0
#define FUTEX_OP_ADD	     1
#define FUTEX_OP_OR	     2
#define FUTEX_OP_ANDN	     3
#define FUTEX_OP_XOR	     4
#define FUTEX_OP_OPARG_SHIFT 8
#define FUTEX_OP_CMP_EQ	     0
#define FUTEX_OP_CMP_NE	     1
#define FUTEX_OP_CMP_LT	     2
#define FUTEX_OP_CMP_LE	     3
#define FUTEX_OP_CMP_GT	     4
#define FUTEX_OP_CMP_GE	     5

/* futex_waitv, futex_wait, futex_wake, futex_requeue: the size of a word, and FUTEX_PRIVATE_FLAG. */
#define FUTEX2_SIZE_U32	  2
#define FUTEX2_SIZE_MASK  3
#define FUTEX2_PRIVATE	  FUTEX_PRIVATE_FLAG
#define FUTEX2_VALID_MASK (FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)
#define FUTEX_WAITV_MAX	  128

/* The word of a robust or priority-inheriting lock. */
#define FUTEX_TID_MASK	 0x3fffffffu
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_WAITERS	 0x80000000u

#ifndef __ASSEMBLER__
#include <stdint.h>

struct abi_futex_waitv {
	uint64_t value, addr;
	uint32_t flags, reserved;
};
#endif

#endif
