/* SPDX-License-Identifier: MIT */
/*
 * Reading the clock without entering the core: clock_gettime and gettimeofday of the vDSO that the
 * core maps (AT_SYSINFO_EHDR), found at the first call; system calls if there is none.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include "syscall.h"

typedef int (*clock_function)(clockid_t clock, struct timespec *ts);

static int clock_first(clockid_t clock, struct timespec *ts);
static clock_function clock_read = clock_first;

static int clock_call(clockid_t clock, struct timespec *ts)
{
	return (int)syscall2(SYS_clock_gettime, clock, (long)ts);
}

/* What an object's dynamic section says, as far as it is needed. */
struct dynamic {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash;
};

static struct dynamic read_dynamic(uintptr_t base, const Elf64_Dyn *d)
{
	struct dynamic r = {NULL, NULL, NULL};

	for (; d->d_tag != DT_NULL; d++) {
		const void *at = (const void *)(base + d->d_un.d_ptr);

		if (d->d_tag == DT_SYMTAB)
			r.symbols = at;
		else if (d->d_tag == DT_STRTAB)
			r.strings = at;
		else if (d->d_tag == DT_HASH)
			r.hash = at;
	}
	return r;
}

/* The address of a defined symbol of the object at base, or NULL. */
static void *find_symbol(uintptr_t base, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
	struct dynamic d = {NULL, NULL, NULL};

	for (unsigned i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			d = read_dynamic(base, (const void *)(base + ph[i].p_vaddr));
	if (!d.symbols || !d.strings || !d.hash)
		return NULL;
	/* The second word of the hash table is the number of symbols. */
	for (uint32_t i = 0; i < d.hash[1]; i++)
		if (d.symbols[i].st_shndx && !strcmp(d.strings + d.symbols[i].st_name, name))
			return (void *)(base + d.symbols[i].st_value);
	return NULL;
}

/* Threads may come here at the same time: they find the same. */
static int clock_first(clockid_t clock, struct timespec *ts)
{
	uintptr_t base = getauxval(AT_SYSINFO_EHDR);
	clock_function found = base ? (clock_function)find_symbol(base, "__vdso_clock_gettime")
				    : NULL;

	if (!found)
		found = clock_call;
	__atomic_store_n(&clock_read, found, __ATOMIC_RELAXED);
	return found(clock, ts);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	clock_function read = __atomic_load_n(&clock_read, __ATOMIC_RELAXED);

	return (int)syscall_result(read(clock, ts));
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	int r = 0;

	if (tv) {
		r = clock_gettime(CLOCK_REALTIME, &ts);
		tv->tv_sec = ts.tv_sec;
		tv->tv_usec = ts.tv_nsec / 1000;
	}
	if (tz)
		memset(tz, 0, 2 * sizeof(int));
	return r;
}
