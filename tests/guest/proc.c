/* SPDX-License-Identifier: MIT */
/*
 * /proc: what its files say is so. Counters go up by what was done between two readings; maps has
 * the program's own addresses and none of the core's; nothing below /proc can be changed.
 *
 * guest: args="one two"
 * guest: args="one two" mem=64 run="--qemu '-cpu qemu64'"
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sigraw.h"
#include "thread.h"

#define CALLS	 1000
#define USER_END 0x7ffffffff000ul /* where the app's half ends */

static char text[65536];

/* Reads the open file anew. */
static const char *again(int fd)
{
	long n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static const char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY);

	ok(fd >= 0, "%s can be opened", path);
	again(fd);
	close(fd);
	return text;
}

/* The number behind "name " at the start of a line or behind a blank; 0 if it is not there. */
static long value(const char *s, const char *name)
{
	size_t n = strlen(name);

	for (; (s = strstr(s, name)); s++)
		if ((s == text || s[-1] == '\n' || s[-1] == ' ') && s[n] == ' ')
			return atol(s + n);
	return 0;
}

struct returns {
	long fast, slow, iret, iret_syscall;
};

static struct returns returns(int fd)
{
	const char *s = again(fd);

	return (struct returns){value(s, "sysret_fast"), value(s, "sysret_slow"), value(s, "iret"),
				value(s, "iret_syscall")};
}

/* Interrupts and exceptions on any vector. */
static long vectors(void)
{
	static const char *const files[] = {"/proc/ringlet/interrupts", "/proc/ringlet/faults"};
	long sum = 0;

	for (int i = 0; i < 2; i++) {
		int fd = open(files[i], O_RDONLY);
		char *line = (char *)again(fd), *save;

		for (line = strtok_r(line, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			if (*line >= '0' && *line <= '9')
				for (char *count = strchr(strchr(line, ' ') + 1, ' '); count;
				     count = strchr(count + 1, ' '))
					sum += atol(count);
		close(fd);
	}
	return sum;
}

static void test_returns(void)
{
	int fd = open("/proc/ringlet/returns", O_RDONLY);
	struct returns a = returns(fd), b;
	long calls, taken;

	for (int i = 0; i < CALLS; i++)
		raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	b = returns(fd);
	calls = b.fast - a.fast + b.slow - a.slow + b.iret_syscall - a.iret_syscall;
	is(calls, CALLS + 1, "each call went back in one of three ways"); /* with the reading */
	ok(b.fast - a.fast > CALLS * 9 / 10, "nearly all by SYSRET's fast path: %ld",
	   b.fast - a.fast);

	taken = vectors();
	a = returns(fd);
	for (int i = 0; i < CALLS; i++)
		__asm__ volatile("int $0x80" ::"a"(-1) : "memory");
	b = returns(fd);
	taken = vectors() - taken;
	ok(b.iret - a.iret >= CALLS && b.iret - a.iret <= taken,
	   "INT 0x80 goes back by IRET: %ld of them, %ld interrupts", b.iret - a.iret, taken);
	ok(b.fast - a.fast <= 1, "and not by SYSRET: %ld", b.fast - a.fast);
	close(fd);
}

static void nothing(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	(void)c;
}

/* A handler's way back, whether from a trap or from a call, is an IRET of its own. */
static void test_returns_of_handlers(void)
{
	int fd = open("/proc/ringlet/returns", O_RDONLY);
	struct returns a, b;

	action(S_TRAP, nothing, 0, 0);
	action(S_USR1, nothing, 0, 0);
	a = returns(fd);
	for (int i = 0; i < CALLS; i++)
		__asm__ volatile("int3");
	b = returns(fd);
	ok(b.iret - a.iret >= 2 * CALLS, "INT3 is an IRET, and so is its sigreturn: %ld",
	   b.iret - a.iret);
	is(b.iret_syscall - a.iret_syscall, CALLS, "the latter is a system call's");
	ok(b.fast - a.fast <= 1, "neither is a SYSRET: %ld", b.fast - a.fast);

	a = returns(fd);
	for (int i = 0; i < CALLS; i++)
		raw(SYS_tgkill, 1, 1, S_USR1, 0, 0, 0);
	b = returns(fd);
	is(b.fast - a.fast + b.slow - a.slow + b.iret_syscall - a.iret_syscall, 2 * CALLS + 1,
	   "a signal to itself is two calls");
	ok(b.iret_syscall - a.iret_syscall >= 2 * CALLS, "that go back by IRET: %ld",
	   b.iret_syscall - a.iret_syscall);
	close(fd);
}

static int ends[2];

static void wait_for_byte(void *unused)
{
	char c;

	(void)unused;
	raw(SYS_read, ends[0], (long)&c, 1, 0, 0, 0);
}

/* Calls that other threads are in have not gone back. */
static void test_returns_of_threads(void)
{
	int fd = open("/proc/ringlet/returns", O_RDONLY);
	static struct test_thread t[3];
	struct returns a, b;

	pipe(ends);
	for (int i = 0; i < 3; i++)
		ok(thread_start(&t[i], wait_for_byte, NULL) > 1, "a thread waits");
	usleep(50000); /* until they do, on whichever CPU */
	a = returns(fd);
	for (int i = 0; i < CALLS; i++)
		raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	b = returns(fd);
	is(b.fast - a.fast + b.slow - a.slow + b.iret_syscall - a.iret_syscall, CALLS + 1,
	   "calls of one thread are told from those that others are in");
	a = returns(fd);
	write(ends[1], "123", 3);
	for (int i = 0; i < 3; i++)
		while (__atomic_load_n(&t[i].alive, __ATOMIC_ACQUIRE))
			;
	b = returns(fd);
	is(b.fast - a.fast + b.slow - a.slow + b.iret_syscall - a.iret_syscall, 1 + 1 + 3,
	   "a call that ends its thread never goes back"); /* the reading, write, reads */
	close(fd);
}

static void test_syscalls(void)
{
	int fd = open("/proc/ringlet/syscalls", O_RDONLY);
	long getpids = value(again(fd), "getpid"), preads = value(text, "pread64");
	long unknown = value(text, "unknown");

	for (int i = 0; i < CALLS; i++)
		raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	raw(1 << 20, 0, 0, 0, 0, 0, 0);
	raw(-1, 0, 0, 0, 0, 0, 0);
	raw(57, 0, 0, 0, 0, 0, 0); /* in the table, but nothing's number */
	again(fd);
	is(value(text, "getpid") - getpids, CALLS, "getpid was counted");
	is(value(text, "pread64") - preads, 1, "so was the reading");
	is(value(text, "unknown") - unknown, 3, "and each unknown number once");
	ok(strstr(text, "\n39 getpid ") != NULL, "by number and name");
	close(fd);
}

static void test_faults(void)
{
	int fd = open("/proc/ringlet/faults", O_RDONLY);
	long zeroed = value(again(fd), "page_zeroed"), pf = value(text, "#PF");
	char *p = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 16; i++)
		p[i * 4096] = 1;
	again(fd);
	is(value(text, "page_zeroed") - zeroed, 16, "a page touched is a page zeroed");
	ok(value(text, "#PF") - pf >= 16, "and a page fault: %ld", value(text, "#PF") - pf);
	munmap(p, 16 * 4096);
	close(fd);
}

static void test_memory(void)
{
	int fd = open("/proc/ringlet/memory", O_RDONLY);
	long before = value(again(fd), "pages_free"), app = value(text, "pages_app");
	char *p = mmap(NULL, 256 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	again(fd);
	is(value(text, "pages_app") - app, 256, "the app has the pages it asked for");
	ok(before - value(text, "pages_free") >= 256, "and others are not free any more: %ld",
	   before - value(text, "pages_free"));
	ok(value(text, "pages_total") > value(text, "pages_free"), "of all there are");
	ok(value(text, "pages_tables") > 4, "they are mapped by %ld tables",
	   value(text, "pages_tables"));
	munmap(p, 256 * 4096);
	ok(value(read_file("/proc/meminfo"), "MemTotal:") > 0, "meminfo tells of it too");
	close(fd);
}

/* True if addr is in a line of maps that has want in it; every line must be the app's. */
static bool mapped(const char *maps, unsigned long addr, const char *want)
{
	bool found = false;
	char line[256];

	while (*maps) {
		unsigned long start, end;
		size_t n = strcspn(maps, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, maps);
		maps += n + (maps[n] == '\n');
		if (sscanf(line, "%lx-%lx ", &start, &end) != 2 || start >= end || end >= USER_END)
			return ok(false, "this is no line of the app's: %s", line);
		found |= addr >= start && addr < end && strstr(line, want);
	}
	return found;
}

static void test_self(int argc, char **argv)
{
	char exe[256] = "", *heap = malloc(100);
	const char *s, *name = strrchr(argv[0], '/') + 1;
	int at = 0, local;

	s = read_file("/proc/self/cmdline");
	for (int i = 0; i < argc; at += (int)strlen(argv[i++]) + 1)
		ok(!strcmp(s + at, argv[i]), "cmdline has argument %d", i);
	s = read_file("/proc/self/comm");
	ok(!strncmp(s, name, strlen(s) - 1) && s[strlen(s) - 1] == '\n', "comm is the name");
	ok(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0 && !strcmp(exe, argv[0]),
	   "exe leads to the program: %s", exe);
	s = read_file("/proc/self/maps");
	ok(mapped(s, (unsigned long)test_self, "r-xp"), "maps has the code, which is not writable");
	ok(mapped(s, (unsigned long)test_self, exe), "with the program's name");
	ok(mapped(s, (unsigned long)&local, "[stack]"), "the stack");
	ok(mapped(s, (unsigned long)heap, "rw-p"), "the heap");
	free(heap);
}

static void test_machine(void)
{
	const char *s = read_file("/proc/cpuinfo");

	ok(!strncmp(s, "processor\t: 0\nvendor_id\t: ", 26), "cpuinfo begins as programs want it");
	ok(strstr(s, "\nmodel name\t: ") && strstr(s, " sse2 "), "with model and flags");
	s = read_file("/proc/version");
	ok(strstr(s, "Ringlet") != NULL, "version tells who it is: %s", s);
	ok(atof(read_file("/proc/uptime")) > 0, "uptime is a time");
}

static void test_read_only(void)
{
	struct stat st;
	struct dirent *e;
	DIR *d = opendir("/proc/ringlet");
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_type == DT_REG;
	closedir(d);
	is(n, 6, "the folder lists its files");
	ok(!stat("/proc/self/maps", &st) && S_ISREG(st.st_mode) && !st.st_size &&
		   (st.st_mode & 0777) == 0444,
	   "a file that can be read only");
	ok(open("/proc/version", O_RDWR) < 0 && errno == EROFS, "none is opened for writing");
	ok(open("/proc/x", O_RDWR | O_CREAT, 0666) < 0 && errno == EROFS, "none is made");
	ok(unlink("/proc/self/maps") < 0 && errno == EROFS, "none is removed");
	ok(rename("/proc", "/p") < 0 && errno == EBUSY, "and /proc stays");
}

int main(int argc, char **argv)
{
	test_returns();
	test_returns_of_handlers();
	test_returns_of_threads();
	test_syscalls();
	test_faults();
	test_memory();
	test_self(argc, argv);
	test_machine();
	test_read_only();
	return done();
}
