/* SPDX-License-Identifier: MIT */
/*
 * The core's heap (core/heap.c): size classes up to a page in slabs, above that whole pages. Memory
 * comes from the direct map, so virt_to_phys() and DMA work on it. Any context; not zeroed unless
 * said. NULL when memory is gone: every caller has an answer to that.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <core/compiler.h>

/* Aligned to 16 bytes; sizes that are powers of two are aligned to their size, up to a page. */
void *kmalloc(size_t size) __must_check;
void *kzalloc(size_t size) __must_check;
/* NULL on overflow of n * size. Zeroed. */
void *kcalloc(size_t n, size_t size) __must_check;
void *krealloc(void *p, size_t size) __must_check;
/* NULL is fine. */
void kfree(void *p);
/* Bytes the block at p really has. */
size_t kmalloc_size(const void *p);
/* Bytes now handed out. */
size_t heap_in_use(void);

#endif
