// SPDX-License-Identifier: MIT
/* Who has the memory, told when there is none left for a page of the app's. Owns nothing. */
#include <core/fs.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>

#include "vm_internal.h"

#define REPORT_AREAS 5

static size_t kib(size_t pages)
{
	return pages * (PAGE_SIZE / 1024);
}

/* The areas with the most pages, the most first. */
static void report_areas(void)
{
	struct {
		size_t pages;
		const struct area *a;
	} most[REPORT_AREAS + 1] = {{0, NULL}};
	size_t own;

	for (const struct area *a = area_at(ARCH_USER_START); a->kind != AREA_SENTINEL;
	     a = area_next(a)) {
		size_t n = vm_count_pages(a, &own);
		unsigned i = REPORT_AREAS;

		for (; i && most[i - 1].pages < n; i--)
			most[i] = most[i - 1];
		most[i].pages = n;
		most[i].a = a;
	}
	for (unsigned i = 0; i < REPORT_AREAS && most[i].pages; i++)
		log_err("memory: %#lx-%#lx %s: %zu KiB of %zu", most[i].a->start, most[i].a->end,
			vm_region_name(most[i].a), kib(most[i].pages),
			(size_t)(most[i].a->end - most[i].a->start) / 1024);
}

void vm_out_of_memory(uintptr_t addr)
{
	size_t heap = heap_in_use(), files = fs_used(), app = vm_resident();

	log_err("app: out of memory at a page fault on %#lx", (unsigned long)addr);
	log_err("memory: %zu KiB in all, %zu free; the app has %zu, files in RAM %zu, the core's "
		"heap (sockets too) %zu; promised %zu",
		kib(page_total()), kib(page_free_count()), kib(app), files / 1024, heap / 1024,
		kib(vm_committed()));
	mutex_lock(&vm_lock);
	report_areas();
	mutex_unlock(&vm_lock);
}
