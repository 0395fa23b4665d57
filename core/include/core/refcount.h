/* SPDX-License-Identifier: MIT */
/* Reference counts. The last put returns true, once. */
#ifndef CORE_REFCOUNT_H
#define CORE_REFCOUNT_H

#include <core/compiler.h>

struct refcount {
	uint32_t n;
};

static inline void refcount_init(struct refcount *r)
{
	r->n = 1;
}

static inline void refcount_get(struct refcount *r)
{
	__atomic_add_fetch(&r->n, 1, __ATOMIC_RELAXED);
}

static inline bool __must_check refcount_put(struct refcount *r)
{
	return __atomic_sub_fetch(&r->n, 1, __ATOMIC_ACQ_REL) == 0;
}

#endif
