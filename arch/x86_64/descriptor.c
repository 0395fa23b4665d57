/* SPDX-License-Identifier: MIT */
/* Segment descriptors of the app's (x86/descriptor.h): made, described, told to be none. */
#include <x86/descriptor.h>

/* SDM volume 3, figure 3-8. */
#define DESC_ACCESSED	 (1ull << 40)
#define DESC_WRITE_READ	 (1ull << 41) /* data: writable; code: readable */
#define DESC_CONTENTS(c) ((uint64_t)(c) << 42)
#define DESC_CODE_DATA	 (1ull << 44)
#define DESC_DPL3	 (3ull << 45)
#define DESC_PRESENT	 (1ull << 47)
#define DESC_AVAILABLE	 (1ull << 52)
#define DESC_DEFAULT_BIG (1ull << 54)
#define DESC_GRANULARITY (1ull << 55)

uint64_t descriptor_make(const struct user_desc *d)
{
	uint64_t base = d->base, limit = d->limit, v;

	v = (limit & 0xffff) | (limit & 0xf0000) << 32;
	v |= (base & 0xffffff) << 16 | (base & 0xff000000) << 32;
	/* Accessed, so that the CPU never writes to the table to make it so. */
	v |= DESC_CODE_DATA | DESC_DPL3 | DESC_ACCESSED | DESC_CONTENTS(d->contents);
	v |= d->read_exec_only ? 0 : DESC_WRITE_READ;
	v |= d->seg_not_present ? 0 : DESC_PRESENT;
	v |= d->useable ? DESC_AVAILABLE : 0;
	v |= d->seg_32bit ? DESC_DEFAULT_BIG : 0;
	v |= d->limit_in_pages ? DESC_GRANULARITY : 0;
	return v;
}

struct user_desc descriptor_describe(uint64_t v)
{
	return (struct user_desc){
		.base = (v >> 16 & 0xffffff) | (v >> 32 & 0xff000000),
		.limit = (v & 0xffff) | (v >> 32 & 0xf0000),
		.seg_32bit = !!(v & DESC_DEFAULT_BIG),
		.contents = v >> 42 & 3,
		.read_exec_only = !(v & DESC_WRITE_READ),
		.limit_in_pages = !!(v & DESC_GRANULARITY),
		.seg_not_present = !(v & DESC_PRESENT),
		.useable = !!(v & DESC_AVAILABLE),
	};
}

static bool only_these(const struct user_desc *d, bool flags)
{
	return !d->base && !d->limit && !d->contents && d->read_exec_only == flags &&
	       !d->seg_32bit && !d->limit_in_pages && d->seg_not_present == flags && !d->useable;
}

bool user_desc_is_empty(const struct user_desc *d)
{
	return only_these(d, true);
}

bool user_desc_is_zero(const struct user_desc *d)
{
	return only_these(d, false);
}
