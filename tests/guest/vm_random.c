/* SPDX-License-Identifier: MIT */
/*
 * Random mmap, munmap, mprotect, mremap and madvise against a model of one word a page. The window
 * is 8 MiB on a boundary of large pages, half of the calls are on whole large pages, and a shared
 * file is mapped into it as well. Seeded: the arguments are seed and steps. Passes on a Linux host.
 *
 * guest: mem=128 args="1 20000"
 * guest: mem=128 args="2 20000" run="--cmdline thp=never"
 * guest: mem=32 args="3 20000"
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define P	   4096ul
#define LARGE	   512u /* pages */
#define WINDOW	   (4 * LARGE)
#define FILE_PAGES 64u
#define RW	   (PROT_READ | PROT_WRITE)
#define ANON	   (MAP_PRIVATE | 0x20)
#define FIXED	   0x10

enum kind {
	NOTHING,
	MEMORY,
	SHARED_FILE,
};

/* What a page holds: its own word, or the file's. */
static struct page {
	uint8_t kind, prot;
	unsigned index; /* of the file's page */
	uint64_t word;
} model[WINDOW];
static uint64_t file_word[FILE_PAGES];

static char *window;
static int fd;
static uint64_t state;
static long step, failures;

static uint32_t rnd(uint32_t n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(state >> 33) % n;
}

static sigjmp_buf back;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static char *at(unsigned page)
{
	return window + page * P;
}

static void check(int holds, const char *what, unsigned page)
{
	if (!holds && failures++ < 10)
		ok(false, "step %ld, page %u: %s", step, page, what);
}

static uint64_t *word_of(struct page *p)
{
	return p->kind == SHARED_FILE ? &file_word[p->index] : &p->word;
}

/* Where in the page its word is: not always the same place. */
static volatile uint64_t *place(unsigned page)
{
	return (uint64_t *)(at(page) + page * 8 % P);
}

static volatile uint64_t *file_place(unsigned page)
{
	const struct page *p = &model[page];

	return p->kind == SHARED_FILE ? (uint64_t *)(at(page) + p->index * 8 % P) : place(page);
}

static void look(unsigned page)
{
	struct page *p = &model[page];

	if (sigsetjmp(back, 1)) {
		check(p->kind == NOTHING || !p->prot, "a fault", page);
		return;
	}
	check(*file_place(page) == *word_of(p), "not what it should hold", page);
	check(p->kind != NOTHING && p->prot, "no fault", page);
}

static void put(unsigned page)
{
	struct page *p = &model[page];
	uint64_t value = state;

	if (sigsetjmp(back, 1)) {
		check(p->kind == NOTHING || !(p->prot & PROT_WRITE), "a fault at a write", page);
		return;
	}
	*file_place(page) = value;
	check(p->kind != NOTHING && p->prot & PROT_WRITE, "no fault at a write", page);
	*word_of(p) = value;
}

static int covered(unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++)
		if (model[i].kind == NOTHING)
			return 0;
	return 1;
}

/* One mapping, as mremap wants it: what Linux and this model surely agree on. */
static int uniform(unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++)
		if (model[i].kind != MEMORY || model[i].prot != RW)
			return 0;
	return 1;
}

static long call(long number, unsigned from, unsigned n, long c)
{
	return raw(number, (long)at(from), (long)(n * P), c, 0, 0, 0);
}

static void do_map(unsigned from, unsigned n)
{
	static const uint8_t prots[] = {RW, RW, RW, PROT_READ, PROT_NONE};
	uint8_t prot = prots[rnd(5)];
	long flags = ANON | FIXED | (rnd(4) ? 0 : 0x8000), r;

	r = raw(SYS_mmap, (long)at(from), (long)(n * P), prot, flags, -1, 0);
	check(r == (long)at(from), "mmap", from);
	for (unsigned i = from; i < from + n; i++)
		model[i] = (struct page){.kind = MEMORY, .prot = prot};
}

static void do_map_file(unsigned from, unsigned n)
{
	unsigned index = rnd(FILE_PAGES - 8);
	long r;

	n = n > 8 ? 8 : n;
	r = raw(SYS_mmap, (long)at(from), (long)(n * P), RW, MAP_SHARED | FIXED, fd,
		(long)(index * P));
	check(r == (long)at(from), "mmap of the file", from);
	for (unsigned i = 0; i < n; i++)
		model[from + i] = (struct page){SHARED_FILE, RW, index + i, 0};
}

static void do_unmap(unsigned from, unsigned n)
{
	check(!call(SYS_munmap, from, n, 0), "munmap", from);
	for (unsigned i = from; i < from + n; i++)
		model[i].kind = NOTHING;
}

static void do_protect(unsigned from, unsigned n)
{
	static const uint8_t prots[] = {RW, PROT_READ, PROT_NONE};
	uint8_t prot = prots[rnd(3)];
	long r;

	/* With a hole Linux changes what is below it. */
	if (!covered(from, n))
		return;
	r = call(SYS_mprotect, from, n, prot);
	check(!r, "mprotect", from);
	for (unsigned i = from; i < from + n; i++)
		model[i].prot = prot;
}

static void do_drop(unsigned from, unsigned n)
{
	long r = call(SYS_madvise, from, n, MADV_DONTNEED);

	check(r == (covered(from, n) ? 0 : -ENOMEM), "madvise", from);
	for (unsigned i = from; i < from + n; i++)
		if (model[i].kind == MEMORY)
			model[i].word = 0;
}

static void do_advise(unsigned from, unsigned n)
{
	static const int advices[] = {14, 15, 3, 22};

	(void)call(SYS_madvise, from, n, advices[rnd(4)]);
}

static void do_move(unsigned from, unsigned n)
{
	unsigned to = rnd(WINDOW - n + 1);
	long r;

	if (rnd(2))
		to = to / LARGE * LARGE + from % LARGE;
	if (to + n > WINDOW || (to < from + n && from < to + n) || !uniform(from, n))
		return;
	r = raw(SYS_mremap, (long)at(from), (long)(n * P), (long)(n * P),
		MREMAP_MAYMOVE | MREMAP_FIXED, (long)at(to), 0);
	/* Areas that look alike may be several to Linux, which has them made by different calls. */
	if (r == -EFAULT)
		return;
	check(r == (long)at(to), "mremap", from);
	for (unsigned i = 0; i < n; i++) {
		/* The word is where its page was. */
		uint64_t word = model[from + i].word;

		model[to + i] = (struct page){MEMORY, RW, 0, 0};
		model[from + i].kind = NOTHING;
		if (word && *(uint64_t *)(at(to + i) + (from + i) * 8 % P) != word)
			check(0, "what has moved", to + i);
		*(uint64_t *)(at(to + i) + (from + i) * 8 % P) = 0;
		check(*place(to + i) == 0, "what was zero", to + i);
	}
}

static void one_step(void)
{
	unsigned from = rnd(WINDOW), n = 1 + rnd(16);

	if (rnd(2)) {
		from = from / LARGE * LARGE;
		n = LARGE * (1 + rnd(2));
	}
	if (n > WINDOW - from)
		n = WINDOW - from;
	switch (rnd(16)) {
	case 0:
	case 1:
		do_map(from, n);
		break;
	case 2:
		do_map_file(from, n);
		break;
	case 3:
		do_unmap(from, n);
		break;
	case 4:
		do_protect(from, n);
		break;
	case 5:
		do_drop(from, n);
		break;
	case 6:
		do_advise(from, n);
		break;
	case 7:
		do_move(from, n);
		break;
	case 8 ... 11:
		put(from + rnd(n));
		break;
	default:
		look(from + rnd(n));
	}
}

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_fault};
	long steps = argc > 2 ? atol(argv[2]) : 2000;
	char *p;

	state = argc > 1 ? (uint64_t)atol(argv[1]) : 1;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	fd = open("/dev/shm/ringlet-vm", O_CREAT | O_TRUNC | O_RDWR, 0600);
	unlink("/dev/shm/ringlet-vm");
	ok(fd >= 0 && !ftruncate(fd, FILE_PAGES * P), "a file");
	p = mmap(0, (WINDOW + LARGE) * P, PROT_NONE, ANON, -1, 0);
	window = (char *)(((uintptr_t)p + LARGE * P - 1) & -(LARGE * P));
	munmap(p, (WINDOW + LARGE) * P);
	for (step = 0; step < steps; step++)
		one_step();
	for (unsigned i = 0; i < WINDOW; i++)
		look(i);
	is(failures, 0, "%ld random steps from seed %s", steps, argc > 1 ? argv[1] : "1");
	munmap(window, WINDOW * P);
	return done();
}
