// SPDX-License-Identifier: MIT
/*
 * The core's heap. Small blocks come from slabs: naturally aligned page blocks with a header and
 * objects of one size, free ones marked in a bitmap, so that a block freed twice, or never handed
 * out, is noticed. Bigger blocks are page blocks. Page tags tell the three apart, so no block has a
 * header of its own, and a page's contents are never trusted for it.
 *
 * Lock: heap_lock, outside the page lock only, taken with interrupts off; guards slabs and counts.
 */
#include <core/heap.h>
#include <core/list.h>
#include <core/log.h>
#include <core/page.h>
#include <core/poison.h>
#include <core/spinlock.h>
#include <core/string.h>

/* Page tags. */
#define TAG_SLAB 1 /* in a slab of one page */
#define TAG_WIDE 2 /* in a slab of 2^WIDE_ORDER pages */
#define TAG_BIG	 3 /* first page of a page block handed out whole */

#define WIDE_ORDER 2
#define WIDE_FROM  768	/* classes from this size on use wide slabs */
#define SMALL_MAX  3072 /* the biggest class */
#define HEADER	   64	/* bytes kept for struct slab */
#define MAP_WORDS  4

struct slab {
	struct list node; /* in its class's partial list, unless full */
	uint64_t free[MAP_WORDS];
	uint16_t used, capacity;
	uint8_t class;
};
_Static_assert(sizeof(struct slab) <= HEADER, "the header is too long");
_Static_assert((PAGE_SIZE - HEADER) / 16 <= MAP_WORDS * 64, "the bitmap is too short");

struct class
{
	struct list partial;  /* slabs with a free object; the spare last */
	struct slab *spare;   /* the one empty slab kept, or NULL */
	uint32_t inverse;     /* ceil(2^32 / size): offset to index without a division */
	uint16_t size, first; /* first object's offset in the slab */
};

static const uint16_t class_size[] = {16,  32,	48,  64,   96,	 128,  192,	 256,
				      384, 512, 768, 1024, 1536, 2048, SMALL_MAX};
#define CLASSES ARRAY_SIZE(class_size)

static struct spinlock heap_lock = SPINLOCK_INIT;
static struct class classes[CLASSES];
static uint8_t class_of[SMALL_MAX / 16 + 1]; /* by the size in units of 16, rounded up */
static bool ready;
static size_t in_use;

/* At the first allocation, when there is one CPU and one thread. */
static void heap_init(void)
{
	for (size_t i = 0, units = 0; i < CLASSES; i++) {
		unsigned size = class_size[i];
		bool power = !(size & (size - 1));

		list_init(&classes[i].partial);
		classes[i].size = (uint16_t)size;
		classes[i].first = (uint16_t)(power ? max(size, HEADER + 0u) : HEADER);
		classes[i].inverse = (uint32_t)(((1ull << 32) + size - 1) / size);
		for (; units <= size / 16; units++)
			class_of[units] = (uint8_t)i;
	}
	ready = true;
}

static inline unsigned slab_order(const struct class *c)
{
	return c->size >= WIDE_FROM ? WIDE_ORDER : 0;
}

static struct slab *slab_new(struct class *c)
{
	unsigned order = slab_order(c);
	struct slab *s = page_alloc(order);
	unsigned n;

	if (!s)
		return NULL;
	page_set_tag(s, order, order ? TAG_WIDE : TAG_SLAB);
	n = (unsigned)((PAGE_SIZE << order) - c->first) / c->size;
	s->used = 0;
	s->capacity = (uint16_t)n;
	s->class = (uint8_t)(c - classes);
	for (unsigned i = 0; i < MAP_WORDS; i++) {
		s->free[i] = n >= 64 ? ~0ull : (1ull << n) - 1;
		n -= min(n, 64u);
	}
	list_add(&c->partial, &s->node);
	return s;
}

static void slab_delete(struct class *c, struct slab *s)
{
	list_del(&s->node);
	page_set_tag(s, slab_order(c), 0);
	page_free(s, slab_order(c));
}

static void *small_alloc_locked(struct class *c)
{
	struct slab *s = list_first(&c->partial, struct slab, node);
	unsigned word = 0, bit;
	char *p;

	if (unlikely(!s)) {
		s = slab_new(c);
		if (!s)
			return NULL;
	}
	while (!s->free[word])
		word++;
	bit = (unsigned)__builtin_ctzll(s->free[word]);
	s->free[word] &= s->free[word] - 1;
	if (s == c->spare)
		c->spare = NULL;
	if (++s->used == s->capacity)
		list_del(&s->node);
	in_use += c->size;
	p = (char *)s + c->first + (word * 64 + bit) * c->size;
	poison(p, c->size);
	return p;
}

static void *small_alloc(size_t size)
{
	unsigned long flags = spin_lock_irqsave(&heap_lock);
	void *p;

	if (unlikely(!ready))
		heap_init();
	p = small_alloc_locked(&classes[class_of[(size + 15) / 16]]);
	spin_unlock_irqrestore(&heap_lock, flags);
	return p;
}

static void count(size_t plus, size_t minus)
{
	unsigned long flags = spin_lock_irqsave(&heap_lock);

	in_use += plus - minus;
	spin_unlock_irqrestore(&heap_lock, flags);
}

static void *big_alloc(size_t size)
{
	unsigned order = 0;
	void *p;

	if (size > PAGE_SIZE << PAGE_MAX_ORDER)
		return NULL;
	while (PAGE_SIZE << order < size)
		order++;
	p = page_alloc(order);
	if (!p)
		return NULL;
	page_set_tag(p, 0, TAG_BIG);
	count(PAGE_SIZE << order, 0);
	return p;
}

void *kmalloc(size_t size)
{
	return likely(size <= SMALL_MAX) ? small_alloc(size) : big_alloc(size);
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

static inline struct slab *slab_of(const void *p, unsigned tag)
{
	size_t size = tag == TAG_WIDE ? PAGE_SIZE << WIDE_ORDER : PAGE_SIZE;

	return (struct slab *)ALIGN_DOWN((uintptr_t)p, size);
}

/* False if p is no object of s that is handed out. */
static bool small_free_locked(struct slab *s, void *p)
{
	struct class *c = &classes[s->class];
	uint32_t offset = (uint32_t)((uintptr_t)p - (uintptr_t)s) - c->first;
	unsigned i = (unsigned)((uint64_t)offset * c->inverse >> 32);

	if (unlikely(i >= s->capacity || i * c->size != offset || s->free[i / 64] >> i % 64 & 1))
		return false;
	poison(p, c->size);
	s->free[i / 64] |= 1ull << i % 64;
	in_use -= c->size;
	if (s->used-- == s->capacity)
		list_add(&c->partial, &s->node);
	if (s->used)
		return true;
	if (c->spare) {
		slab_delete(c, s);
		return true;
	}
	c->spare = s;
	list_del(&s->node);
	list_add_tail(&c->partial, &s->node);
	return true;
}

static void big_free(void *p)
{
	unsigned order = page_order(p);

	page_set_tag(p, 0, 0);
	count(0, PAGE_SIZE << order);
	page_free(p, order);
}

void kfree(void *p)
{
	unsigned tag = page_tag(p);
	unsigned long flags;
	bool good;

	if (!p)
		return;
	if (tag == TAG_BIG) {
		big_free(p);
		return;
	}
	if (unlikely(!tag))
		panic("kfree: %p is not from the heap, or is free already", p);
	flags = spin_lock_irqsave(&heap_lock);
	good = small_free_locked(slab_of(p, tag), p);
	spin_unlock_irqrestore(&heap_lock, flags);
	if (unlikely(!good))
		panic("kfree: %p is not an allocated block of its slab", p);
}

size_t kmalloc_size(const void *p)
{
	unsigned tag = page_tag(p);

	if (tag == TAG_BIG)
		return PAGE_SIZE << page_order(p);
	if (unlikely(!tag))
		panic("kmalloc_size: %p is not from the heap", p);
	return classes[slab_of(p, tag)->class].size;
}

void *krealloc(void *p, size_t size)
{
	size_t have = p ? kmalloc_size(p) : 0;
	bool shrink = have > PAGE_SIZE && size <= have / 2;
	void *q;

	if (p && size <= have && !shrink)
		return p;
	q = kmalloc(size);
	if (!q)
		return shrink ? p : NULL;
	if (p) {
		memcpy(q, p, min(size, have));
		kfree(p);
	}
	return q;
}

size_t heap_in_use(void)
{
	return READ_ONCE(in_use);
}
