/* SPDX-License-Identifier: MIT */
/*
 * mmap as Linux has it: the same source, built for a Linux host, passes there too (run it as root).
 * Files shared and private, what truncation takes away, shared anonymous memory, areas that grow
 * down, and the errors of mremap, madvise, mlock, msync and personality.
 *
 * guest: mem=64
 * guest: mem=64 run="--smp 2"
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

#define P	4096ul
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	0x20
#define PRIVATE 2
#define SHARED	1
#define FIXED	0x10
#define GROWS	0x100

static sigjmp_buf back;
static volatile int got_signal, got_code;
static void *volatile got_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got_signal = sig;
	got_code = info->si_code;
	got_address = info->si_addr;
	siglongjmp(back, 1);
}

/* The signal that an access brings, or 0. */
static int touch(volatile char *p, int write)
{
	got_signal = 0;
	if (!sigsetjmp(back, 1)) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return got_signal;
}

static char *map(void *at, size_t len, int prot, int flags, int fd, long offset)
{
	return (char *)raw(SYS_mmap, (long)at, (long)len, prot, flags, fd, offset);
}

static long call3(long number, const void *a, long b, long c)
{
	return raw(number, (long)a, b, c, 0, 0, 0);
}

#define madv(p, n, what)   call3(SYS_madvise, p, n, what)
#define protect(p, n, prt) call3(SYS_mprotect, p, n, prt)

static long remap(void *at, size_t old, size_t len, int flags, void *to)
{
	return raw(SYS_mremap, (long)at, (long)old, (long)len, flags, (long)to, 0);
}

static int new_file(size_t len)
{
	int fd = open("/dev/shm/ringlet-mmap", O_CREAT | O_TRUNC | O_RDWR, 0600);
	char c = 'f';

	unlink("/dev/shm/ringlet-mmap");
	for (size_t i = 0; i < len; i += P)
		if (pwrite(fd, &c, 1, (off_t)i) != 1)
			return -1;
	if (ftruncate(fd, (off_t)len))
		return -1;
	return fd;
}

static void shared_file(void)
{
	int fd = new_file(2 * P + 100);
	char *a = map(0, 4 * P, RW, SHARED, fd, 0), *b = map(0, P, PROT_READ, SHARED, fd, P), c;

	ok(fd >= 0 && (long)a > 0 && (long)b > 0, "two shared mappings of a file");
	a[P + 1] = 'x';
	ok(b[1] == 'x' && pread(fd, &c, 1, P + 1) == 1 && c == 'x', "a write is seen everywhere");
	ok(pwrite(fd, "y", 1, P + 2) == 1 && a[P + 2] == 'y', "and one by pwrite");
	ok(touch(a + 3 * P, 0) == SIGBUS && got_code == 2 && got_address == a + 3 * P,
	   "behind the end is SIGBUS, BUS_ADRERR");
	is(touch(a + 2 * P + 200, 1), 0, "but not within the last page");
	ok(!ftruncate(fd, 2 * P + 300) && a[2 * P + 200] == 0,
	   "which stays zero as the file grows");
	ok(!ftruncate(fd, P) && touch(a + P, 0) == SIGBUS, "truncation takes pages away");
	ok(!ftruncate(fd, 2 * P) && a[P + 1] == 0, "and they come back as zeros");
	is(madv(a, P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(a[0], 'f', "leaves what the file has");
	is(madv(a, P, 9), 0, "MADV_REMOVE");
	ok(a[0] == 0 && pread(fd, &c, 1, 0) == 1 && c == 0, "takes it away");
	is(touch(b, 1), SIGSEGV, "not writable");
	is(protect(b, P, RW), 0, "but it may be");
	close(fd);
	is(touch(a, 1), 0, "the mapping outlives the descriptor");
	munmap(a, 4 * P);
	munmap(b, P);
}

static void private_file(void)
{
	int fd = new_file(3 * P);
	char *a = map(0, 3 * P, RW, PRIVATE, fd, 0), c;

	a[P] = 'p';
	ok(pread(fd, &c, 1, P) == 1 && c == 'f', "a private write stays apart");
	ok(pwrite(fd, "g", 1, P) == 1 && a[P] == 'p', "nor is the file's seen in its place");
	is(madv(a, 3 * P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(a[P], 'g', "brings the file's page again");
	is(madv(a, P, 8), -EINVAL, "MADV_FREE is for anonymous memory");
	is(madv(a, P, 9), -EACCES, "MADV_REMOVE for shared");
	is(madv(a, P, 18), -EINVAL, "MADV_WIPEONFORK for private anonymous");
	ok(!ftruncate(fd, 0) && touch(a + P, 0) == SIGBUS, "a truncated file");
	munmap(a, 3 * P);
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY);
	a = map(0, P, PROT_READ, SHARED, fd, 0);
	ok((long)a > 0 && !memcmp(a, "\177ELF", 4), "shared, of a file open for reading");
	is(protect(a, P, RW), -EACCES, "cannot be made writable");
	is((long)map(0, P, RW, SHARED, fd, 0), -EACCES, "nor mapped so");
	is((long)map(0, P, PROT_READ, 3 | 0x80000, fd, 0), -EOPNOTSUPP, "MAP_SYNC is refused");
	munmap(a, P);
	close(fd);
	fd = open("/dev/zero", O_RDWR);
	a = map(0, P, RW, PRIVATE, fd, 0);
	ok((long)a > 0 && a[5] == 0 && !touch(a, 1), "/dev/zero is anonymous memory");
	munmap(a, P);
	close(fd);
	fd = open("/dev/null", O_RDWR);
	is((long)map(0, P, RW, PRIVATE, fd, 0), -ENODEV, "/dev/null cannot be mapped");
	close(fd);
	is((long)map(0, P, RW, PRIVATE, 99, 0), -EBADF, "no descriptor");
}

static void shared_anonymous(void)
{
	char *a = map(0, 4 * P, RW, SHARED | ANON, -1, 0), *b, *c;

	a[P] = 'a';
	b = (char *)remap(a, 0, 4 * P, MREMAP_MAYMOVE, 0);
	ok((long)b > 0 && b != a && b[P] == 'a', "mremap of no bytes maps it twice");
	b[2 * P] = 'b';
	is(a[2 * P], 'b', "one memory");
	is(madv(a, 4 * P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(a[P], 'a', "does not free it");
	is(madv(a + P, P, 9), 0, "MADV_REMOVE");
	is(b[P], 0, "does");
	c = (char *)remap(a, 4 * P, 8 * P, MREMAP_MAYMOVE, 0);
	ok((long)c > 0 && c[2 * P] == 'b' && touch(c + 4 * P, 0) == SIGBUS,
	   "it grows without memory behind");
	is(madv(b, P, 8), -EINVAL, "MADV_FREE");
	munmap(b, 4 * P);
	is(c[2 * P], 'b', "one mapping suffices");
	munmap(c, 8 * P);
	a = map(0, P, RW, PRIVATE | ANON, -1, 0);
	is(remap(a, 0, P, MREMAP_MAYMOVE, 0), -EINVAL, "not for private memory");
	munmap(a, P);
}

static void grows_down(void)
{
	char *room = map(0, 16ul << 20, PROT_NONE, PRIVATE | ANON, -1, 0), *a;

	munmap(room, 16ul << 20);
	a = map(room + (8ul << 20), P, RW, PRIVATE | ANON | FIXED | GROWS, -1, 0);
	ok(a == room + (8ul << 20), "MAP_GROWSDOWN");
	is(touch(a - P, 1), 0, "the page below");
	is(touch(a - 20 * P, 1), 0, "and a jump");
	is(a[-19 * (long)P], 0, "all between");
	is(touch(a + P, 0), SIGSEGV, "not above");
	room = map(a - (4ul << 20), P, RW, PRIVATE | ANON | FIXED, -1, 0);
	is(touch(room + P, 1), SIGSEGV, "a guard stays above what is below");
	is(touch(room + (2ul << 20), 1), 0, "of a mebibyte");
	is(protect(a, P, PROT_READ | 0x01000000), 0, "PROT_GROWSDOWN");
	is(touch(a - P, 1), SIGSEGV, "reaches down to the start");
	is(protect(room, P, PROT_READ | 0x01000000), -EINVAL, "of what grows");
	is((long)map(0, P, RW, SHARED | ANON | GROWS, -1, 0), -EINVAL, "what is shared does not");
	munmap(room, (4ul << 20) + P);
}

static void locks(void)
{
	char *a = map(0, 4 * P, RW, PRIVATE | ANON, -1, 0);

	is(call3(SYS_mlock, a + P, P, 0), 0, "mlock");
	is(madv(a + P, P, MADV_DONTNEED), -EINVAL, "MADV_DONTNEED of locked memory");
	is(madv(a + P, P, 8), -EINVAL, "MADV_FREE");
	is(madv(a, 4 * P, 21), -EINVAL, "MADV_PAGEOUT");
	is(call3(SYS_msync, a, 4 * P, MS_INVALIDATE), -EBUSY, "msync(MS_INVALIDATE)");
	is(call3(SYS_munlock, a, 4 * P, 0), 0, "munlock");
	is(call3(SYS_msync, a, 4 * P, MS_INVALIDATE), 0, "msync");
	is(madv(a, 4 * P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	munmap(a + P, P);
	is(call3(SYS_mlock, a, 4 * P, 0), -ENOMEM, "mlock over a hole");
	is(call3(325, a, P, 4), -EINVAL, "mlock2 with a flag nobody knows");
	is(call3(SYS_mlockall, 0, 0, 0), -EINVAL, "mlockall of nothing");
	munmap(a, 4 * P);
}

static void advice(void)
{
	static const int harmless[] = {0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};
	char *a = map(0, 4 * P, RW, PRIVATE | ANON, -1, 0);
	int bad = 0;

	a[0] = 'a';
	for (unsigned i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		bad += madv(a, 4 * P, harmless[i]) != 0;
	is(bad, 0, "advice that changes nothing");
	is(a[0], 'a', "changes nothing");
	is(madv(a, 4 * P, 22), 0, "MADV_POPULATE_READ");
	is(madv(a, 0, MADV_DONTNEED), 0, "of nothing");
	is(madv(a, 0, 77), -EINVAL, "but the advice must be known");
	is(madv(a, -1, MADV_DONTNEED), -EINVAL, "a range that wraps");
	protect(a, P, PROT_READ);
	is(madv(a, P, 23), -EINVAL, "MADV_POPULATE_WRITE of read-only memory");
	munmap(a, P);
	is(madv(a, 4 * P, 22), -ENOMEM, "MADV_POPULATE_READ over a hole");
	is(madv(a, 4 * P, 0), -ENOMEM, "any advice");
	munmap(a, 4 * P);
}

static void places(void)
{
	char *a = map(0, 4 * P, RW, PRIVATE | ANON, -1, 0), *b;

	is((long)map(a + P, P, RW, PRIVATE | ANON | 0x100000, -1, 0), -EEXIST,
	   "MAP_FIXED_NOREPLACE where something is");
	munmap(a + P, P);
	ok(map(a + P, P, RW, PRIVATE | ANON | 0x100000, -1, 0) == a + P, "and where not");
	b = map(0, P, RW, PRIVATE | ANON | 0x40, -1, 0);
	ok((unsigned long)b < 1ul << 31, "MAP_32BIT");
	munmap(b, P);
	munmap(a, 4 * P);
	b = (char *)call3(SYS_personality, (void *)0xfffffffful, 0, 0);
	is((long)call3(SYS_personality, (void *)((long)b | 0x400000), 0, 0), (long)b,
	   "personality tells the last");
	a = map(0, P, RW, PRIVATE | ANON, -1, 0);
	*a = (char)0xc3; /* ret */
	((void (*)(void))a)();
	ok(true, "READ_IMPLIES_EXEC");
	call3(SYS_personality, b, 0, 0);
	munmap(a, P);
}

int main(void)
{
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	shared_file();
	private_file();
	shared_anonymous();
	grows_down();
	locks();
	advice();
	places();
	return done();
}
