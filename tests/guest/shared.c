/* SPDX-License-Identifier: MIT */
/*
 * Files mapped shared: one memory for every mapping, read and write; the end of the file and its
 * shortening; rights; futexes in it. And what C libraries make named semaphores of: hard links.
 *
 * guest:
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "thread.h"

#define PAGE 4096
#define NAME "/dev/shm/ringlet-shared"

static sigjmp_buf back;
static siginfo_t fault;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault = *info;
	siglongjmp(back, 1);
}

/* The signal that reading (or writing) the byte raises, or 0. */
static int touch(volatile char *p, int write)
{
	fault.si_signo = 0;
	if (!sigsetjmp(back, 1)) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return fault.si_signo;
}

static char *map(int fd, size_t pages, int prot, off_t offset)
{
	return mmap(NULL, pages * PAGE, prot, MAP_SHARED, fd, offset);
}

static int make(off_t size)
{
	int fd = open(NAME, O_CREAT | O_TRUNC | O_RDWR, 0600);

	return ftruncate(fd, size) ? -1 : fd;
}

static void one_memory(void)
{
	int fd = make(3 * PAGE);
	char *a = map(fd, 3, PROT_READ | PROT_WRITE, 0);
	char *b = map(fd, 2, PROT_READ | PROT_WRITE, PAGE), got[6] = "";

	ok(a != MAP_FAILED && b != MAP_FAILED, "two mappings of one file");
	strcpy(a + PAGE, "hello");
	ok(!strcmp(b, "hello"), "what one writes the other has");
	ok(pread(fd, got, 6, PAGE) == 6 && !strcmp(got, "hello"), "read has it too");
	ok(pwrite(fd, "J", 1, PAGE) == 1 && a[PAGE] == 'J' && b[0] == 'J',
	   "and they what write wrote");
	is(mprotect(a + PAGE, PAGE, PROT_READ), 0, "rights of the middle page change");
	a[2 * PAGE] = 'z';
	ok(b[PAGE] == 'z', "what lies behind is still the third page");
	is(madvise(a, 3 * PAGE, MADV_DONTNEED), 0, "dropping the pages");
	ok(!strcmp(a + PAGE, "Jello") && a[2 * PAGE] == 'z', "loses nothing of the file");
	ok(madvise(a, PAGE, MADV_FREE) == -1 && errno == EINVAL, "nor can it be freed");
	b = (char *)raw(SYS_mremap, (long)b, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0, 0);
	ok(!strcmp(b, "Jello"), "a mapping that moves keeps its place in the file");
	b[1] = 'o';
	ok(a[PAGE + 1] == 'o', "and is shared as before");
	is(close(fd), 0, "closing the file");
	is(unlink(NAME), 0, "and taking its name away");
	is(munmap(a, 3 * PAGE), 0, "and one mapping");
	ok(!strcmp(b, "Jollo"), "leaves it to the other");
	munmap(b, 8 * PAGE);
}

static void rights(void)
{
	int fd = make(PAGE), ro = open(NAME, O_RDONLY);
	char *p;

	ok(map(ro, 1, PROT_READ | PROT_WRITE, 0) == MAP_FAILED && errno == EACCES,
	   "who may only read the file cannot map it for writing");
	p = map(ro, 1, PROT_READ, 0);
	ok(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES, "nor by mprotect");
	is(touch(p, 1), SIGSEGV, "so a write is a fault");
	ok(pwrite(fd, "x", 1, 0) == 1 && *p == 'x', "it sees what others write");
	munmap(p, PAGE);
	p = map(fd, 1, PROT_READ, 0);
	is(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0, "who may write the file can");
	is(touch(p, 1), 0, "and does");
	munmap(p, PAGE);
	close(ro);
	close(fd);
}

static void the_end(void)
{
	int fd = make(PAGE + 100);
	char *p = map(fd, 4, PROT_READ | PROT_WRITE, 0), c = 1;

	is(touch(p + 2 * PAGE - 1, 1), 0, "the whole last page can be touched");
	ok(touch(p + 2 * PAGE, 0) == SIGBUS && fault.si_code == BUS_ADRERR &&
		   fault.si_addr == p + 2 * PAGE,
	   "the next is a bus error at its address");
	ok(pwrite(fd, p + 2 * PAGE, 1, 0) == -1 && errno == EFAULT, "or EFAULT in a system call");
	is(ftruncate(fd, 3 * PAGE), 0, "the file grows");
	is(touch(p + 2 * PAGE, 1), 0, "and the page is there");
	ok(!on_ringlet() || p[2 * PAGE - 1] == 0, "what was written behind the old end is gone");
	is(ftruncate(fd, PAGE / 2), 0, "the file shrinks");
	is(touch(p + 2 * PAGE, 0), SIGBUS, "its page is there no more");
	is(touch(p + PAGE, 1), SIGBUS, "nor the one before");
	p[PAGE / 2 + 1] = 7;
	ok(pwrite(fd, "x", 1, PAGE - 1) == 1 && (!on_ringlet() || p[PAGE / 2 + 1] == 0),
	   "a write behind the end leaves zeros between");
	is(ftruncate(fd, 2 * PAGE), 0, "it grows again");
	ok(pread(fd, &c, 1, PAGE) == 1 && c == 0 && p[PAGE] == 0, "by zeros");
	munmap(p, 4 * PAGE);
	close(fd);
}

static uint32_t *waiter_word;
static volatile long waited = -1;

static void wait_there(void *unused)
{
	(void)unused;
	waited = futex(waiter_word, FUTEX_WAIT, 0, 0, 0, 0);
}

/* A word that is in two places is one word, unless it is said to be private. */
static void futexes(void)
{
	static struct test_thread t;
	int fd = make(PAGE);
	uint32_t *a = (uint32_t *)map(fd, 1, PROT_READ | PROT_WRITE, 0);
	uint32_t *b = (uint32_t *)map(fd, 1, PROT_READ | PROT_WRITE, 0);
	long woken = 0;

	waiter_word = a + 3;
	thread_start(&t, wait_there, NULL);
	for (int i = 0; i < 1000 && !woken; i++) {
		usleep(1000);
		woken = futex(b + 3, FUTEX_WAKE, 1, 0, 0, 0);
	}
	is(woken, 1, "a wake through one mapping finds who waits through another");
	if (!woken)
		futex(a + 3, FUTEX_WAKE, 1, 0, 0, 0);
	thread_join(&t);
	is(waited, 0, "who goes on");
	is(futex(b + 3, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0), 0, "nobody is left");
	munmap(a, PAGE);
	munmap(b, PAGE);
	close(fd);
}

static void links(void)
{
	long from = (long)NAME, to = (long)NAME "-2", dir = (long)"/dev/shm";
	struct stat st, st2;
	int fd = make(10);

	is(raw(SYS_link, from, to, 0, 0, 0, 0), 0, "a second name");
	ok(!stat(NAME, &st) && !stat(NAME "-2", &st2) && st.st_ino == st2.st_ino &&
		   st.st_nlink == 2,
	   "of the same file");
	is(raw(SYS_link, from, to, 0, 0, 0, 0), -EEXIST, "not over one that is there");
	is(raw(SYS_link, dir, (long)NAME "-3", 0, 0, 0, 0), -EPERM, "not of a directory");
	is(raw(SYS_link, (long)NAME "-4", (long)NAME "-3", 0, 0, 0, 0), -ENOENT, "not of nothing");
	is(raw(SYS_link, from, (long)"/dev/shm/no/such", 0, 0, 0, 0), -ENOENT, "not into nothing");
	is(raw(SYS_link, from, (long)"/dev/shm/new/", 0, 0, 0, 0), -ENOENT, "not with a slash");
	is(raw(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 1, 0), -EINVAL, "no unknown flags");
	if (on_ringlet())
		is(raw(SYS_link, (long)"/proc/version", (long)NAME "-3", 0, 0, 0, 0), -EXDEV,
		   "not out of /proc");
	is(unlink(NAME), 0, "the first goes");
	ok(!stat(NAME "-2", &st) && st.st_size == 10 && st.st_nlink == 1, "the file stays");
	unlink(NAME "-2");
	ok(!fstat(fd, &st) && st.st_nlink == 0, "until both have gone");
	close(fd);
}

/* The line of /proc/self/maps for it: shared, where in the file, and which. */
static void maps(void)
{
	static char text[16384], wanted[100], *line;
	int fd = make(3 * PAGE), from = open("/proc/self/maps", O_RDONLY);
	char *p = map(fd, 2, PROT_READ | PROT_WRITE, PAGE);
	struct stat st;
	ssize_t n, got = 0;

	while ((n = read(from, text + got, sizeof(text) - 1 - got)) > 0)
		got += n;
	fstat(fd, &st);
	snprintf(wanted, sizeof(wanted), "%lx-%lx rw-s 00001000 ", (long)p, (long)p + 2 * PAGE);
	line = strstr(text, wanted);
	snprintf(wanted, sizeof(wanted), " %lu", (unsigned long)st.st_ino);
	ok(line && strstr(line, wanted) && strstr(line, wanted) < strchr(line, '\n'),
	   "/proc/self/maps tells of it");
	munmap(p, 2 * PAGE);
	close(from);
	close(fd);
}

/* Pages, mappings and names come and go many times: nothing is left. */
static void again(void)
{
	int good = 0;

	for (int i = 0; i < 200; i++) {
		int fd = make(64 * PAGE);
		char *p = map(fd, 64, PROT_READ | PROT_WRITE, 0);

		memset(p, i, 64 * PAGE);
		good += !munmap(p + PAGE, PAGE) && p[63 * PAGE] == (char)i && !ftruncate(fd, 5);
		munmap(p, 64 * PAGE);
		close(fd);
		unlink(NAME);
	}
	is(good, 200, "200 files of 64 pages");
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	one_memory();
	rights();
	the_end();
	futexes();
	links();
	maps();
	again();
	return done();
}
