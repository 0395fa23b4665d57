// SPDX-License-Identifier: MIT
/*
 * core/heap.h over malloc, so that AddressSanitizer sees every overrun, use after free and leak of
 * the core's code under test. core/heap.c itself is tested by test_heap.c, which includes it.
 */
#include <core/heap.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

unsigned fake_kmalloc_fail;
static size_t in_use;

void *kmalloc(size_t size)
{
	size_t align = size && !(size & (size - 1)) && size <= PAGE_SIZE && size > 16 ? size : 16;
	void *p = NULL;

	if (fake_kmalloc_fail && !--fake_kmalloc_fail)
		return NULL;
	if (size > 1UL << 40 || posix_memalign(&p, align, size ? size : 1))
		return NULL;
	memset(p, 0xa5, size);
	in_use += malloc_usable_size(p);
	return p;
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void *kcalloc(size_t n, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(n, size, &total) ? NULL : kzalloc(total);
}

void *krealloc(void *p, size_t size)
{
	void *q = kmalloc(size);

	if (q && p) {
		memcpy(q, p, min(size, kmalloc_size(p)));
		kfree(p);
	}
	return q;
}

void kfree(void *p)
{
	if (p)
		in_use -= malloc_usable_size(p);
	free(p);
}

size_t kmalloc_size(const void *p)
{
	return malloc_usable_size((void *)(uintptr_t)p);
}

size_t heap_in_use(void)
{
	return in_use;
}
