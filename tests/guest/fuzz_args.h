/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzer of system calls calls, and with what: a table of the calls with a letter for each
 * argument, and a source of values for each letter, some good, most odd. All of it follows from one
 * seed. Memory that calls may write lies apart from the program's own and ends at a page that is not
 * mapped, so that no length carries a copy on into the program.
 */
#ifndef FUZZ_ARGS_H
#define FUZZ_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include "leak.h"

#define PAGE	 4096UL
#define KEPT_FD	 200 /* the program's output: never given to a call */
#define PLAY	 0x10000000000UL
#define PLAY_END (PLAY + (8UL << 20))
#define USER_END 0x7ffffffff000UL

/*
 * f descriptor, s path, p pointer to be read or written, n size, i integer, x flags, o offset,
 * a address for mappings, r protection, m mapping flags, t time, v vector of buffers, M message,
 * A socket address, L pointer to its length, S signal, g action of a signal, k set of signals,
 * P list to poll, w milliseconds, c clock, d process, z 8, F fcntl's command, I ioctl's command,
 * l level of a socket option, T an interval timer's time, y and Y domain and type of a socket,
 * C arch_prctl's code, h flags of a path, B a small integer, q pointer or none, j socket, e folder
 */
struct described {
	short number;
	const char *kinds;
};

static const struct described described[] = {
	{0, "fpn"},	 {1, "fpn"},	 {2, "sxi"},	  {3, "f"},	  {4, "sp"},
	{5, "fp"},	 {6, "sp"},	 {7, "Pnw"},	  {8, "foB"},	  {9, "anrmfo"},
	{10, "anr"},	 {11, "an"},	 {12, "a"},	  {13, "Sgqz"},	  {14, "Bkqz"},
	{16, "fIp"},	 {17, "fpno"},	 {18, "fpno"},	  {19, "fvn"},	  {20, "fvn"},
	{21, "sB"},	 {22, "p"},	 {24, ""},	  {25, "annxa"},  {26, "anx"},
	{27, "anp"},	 {28, "ani"},	 {32, "f"},	  {33, "ff"},	  {35, "tq"},
	{36, "Bq"},	 {38, "BTq"},	 {39, ""},	  {40, "ffqn"},	  {41, "yYi"},
	{42, "jAn"},	 {43, "jqL"},	 {44, "jpnxAn"},  {45, "jpnxqL"}, {46, "jMx"},
	{47, "jMx"},	 {48, "jB"},	 {49, "jAn"},	  {50, "jB"},	  {51, "jpL"},
	{52, "jpL"},	 {53, "yYip"},	 {54, "jlipn"},	  {55, "jlipL"},  {62, "dS"},
	{63, "p"},	 {72, "fFi"},	 {73, "fi"},	  {74, "f"},	  {75, "f"},
	{76, "so"},	 {77, "fo"},	 {78, "fpn"},	  {79, "pn"},	  {80, "s"},
	{81, "f"},	 {82, "ss"},	 {83, "si"},	  {84, "s"},	  {86, "ss"},
	{87, "s"},	 {88, "ss"},	 {89, "spn"},	  {90, "sB"},	  {91, "fB"},
	{92, "sii"},	 {93, "fii"},	 {95, "i"},	  {96, "qq"},	  {97, "Bp"},
	{98, "ip"},	 {99, "p"},	 {100, "p"},	  {102, ""},	  {104, ""},
	{107, ""},	 {110, ""},	 {127, "kz"},	  {128, "kqtz"},  {129, "dSp"},
	{130, "kz"},	 {131, "qq"},	 {137, "sp"},	  {138, "fp"},	  {140, "ii"},
	{154, "Bpn"},	 {157, "iiiii"}, {158, "Ca"},	  {160, "Bp"},	  {162, ""},
	{172, "i"},	 {173, "iii"},	 {186, ""},	  {200, "dS"},	  {201, "p"},
	{203, "dnp"},	 {204, "dnp"},	 {205, "p"},	  {211, "p"},	  {213, "i"},
	{217, "epn"},	 {218, "p"},	 {219, ""},	  {221, "foni"},  {222, "cqp"},
	{223, "iBTq"},	 {224, "ip"},	 {225, "i"},	  {226, "i"},	  {228, "cp"},
	{229, "cp"},	 {230, "cBtq"},	 {232, "fpiw"},	  {233, "fifp"},  {234, "ddS"},
	{235, "sp"},	 {247, "iipip"}, {257, "fsxi"},	  {258, "fsi"},	  {262, "fsph"},
	{263, "fsh"},	 {264, "fsfs"},	 {265, "fsfsi"},  {266, "sfs"},	  {267, "fspn"},
	{268, "fsB"},	 {269, "fsBh"},	 {270, "Bqqqtq"}, {271, "Pntkz"}, {273, "pn"},
	{274, "dpp"},	 {280, "fspi"},	 {281, "fpiwkz"}, {282, "fkz"},	  {283, "ci"},
	{284, "i"},	 {285, "fioo"},	 {286, "fBTq"},	  {287, "fp"},	  {288, "jqLx"},
	{289, "fkzx"},	 {290, "ii"},	 {291, "i"},	  {292, "ffx"},	  {293, "px"},
	{295, "fvno"},	 {296, "fvno"},	 {297, "ddSp"},	  {302, "diqq"},  {307, "jMnx"},
	{309, "ppp"},	 {318, "pnx"},	 {319, "si"},	  {324, "ii"},	  {332, "fsxip"},
	{334, "pnii"},	 {439, "fsii"},	 {37, "i"},	  {105, "i"},	  {106, "i"},
	{108, ""},	 {113, "ii"},	 {114, "ii"},	  {115, "Bp"},	  {116, "Bp"},
	{117, "iii"},	 {118, "ppp"},	 {149, "an"},	  {150, "an"},	  {152, ""},
	{202, "piiqpi"}, {325, "anB"},
};
#define DESCRIBED (sizeof(described) / sizeof(described[0]))

/* ---- the generator: xorshift64* ---- */

static uint64_t fuzz_state;

static uint64_t fuzz_random(void)
{
	fuzz_state ^= fuzz_state >> 12;
	fuzz_state ^= fuzz_state << 25;
	fuzz_state ^= fuzz_state >> 27;
	return fuzz_state * 0x2545f4914f6cdd1d;
}

static unsigned fuzz_below(unsigned n)
{
	return (unsigned)((fuzz_random() >> 32) * n >> 32);
}

#define PICK(list) ((list)[fuzz_below(sizeof(list) / sizeof((list)[0]))])

/* ---- memory ---- */

#define ARENA_SIZE (2 * PAGE)
#define BIG_SIZE   (16 * PAGE)
#define MAPS	   32

/*
 * What calls may write: a small arena, which is searched after every call, and a big one, searched
 * when it was used. What they only read: structures made anew for each call, and constants.
 */
static struct {
	char *arena, *big, *closed, *unmapped;
	struct parameters *made;
	const struct constants *fixed;
} memory;

struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

struct parameters {
	struct {
		uint64_t base, length;
	} vector[8];
	struct {
		uint64_t name;
		uint32_t name_length, pad;
		uint64_t vector, vectors, control, control_length;
		uint32_t flags, pad2;
	} message;
	struct {
		int32_t fd;
		int16_t events, revents;
	} poll[8];
	uint8_t address[128];
	uint32_t length;
	uint64_t set;
};

struct constants {
	char path[24][16];
	char long_path[5000];
	int64_t time[8][2];	/* none of them long */
	int64_t interval[4][4]; /* periods and times of timers */
	struct kernel_action action[4];
	int one;
};

static const char *const paths[] = {
	"/",	    ".",	   "..",   "/dev/null", "/dev/zero",	"/dev/full",
	"/dev/tty", "/dev/random", "/dev", "/tmp",	"/tmp/a",	"/tmp/b",
	"/tmp/c/d", "a",	   "b/c",  "",		"/proc",	"/proc/self",
	"/no/such", "/dev/null/x", "////", "/tmp/c",	"/dev/urandom", "../tmp/a",
};
_Static_assert(sizeof(paths) / sizeof(paths[0]) == 24, "as many as struct constants has room for");

/* Times that are short, wrong or past. */
static const int64_t times[8][2] = {
	{0, 0},
	{0, 1},
	{0, 1000},
	{-1, 0},
	{0, -1},
	{0, 1000000000},
	{INT64_MIN, INT64_MIN},
	{1, INT64_MAX},
};

static const int64_t intervals[4][4] = {
	{0, 0, 0, 0},
	{0, 0, 0, 300},
	{0, 500, 0, 100},
	{-1, -1, 0, 1000000000},
};

static struct {
	uint64_t at, length;
} maps[MAPS];

static char *map_guarded(size_t n)
{
	char *p = mmap(NULL, n + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p + n, PAGE) || (uintptr_t)p < PLAY_END)
		return NULL;
	return p;
}

/* False if there is no memory. */
static bool memory_begin(const struct kernel_action action[4])
{
	struct constants *c = (void *)map_guarded(4 * PAGE);

	memory.arena = map_guarded(ARENA_SIZE);
	memory.big = map_guarded(BIG_SIZE);
	memory.made = (void *)map_guarded(PAGE);
	memory.closed = map_guarded(PAGE);
	if (!c || !memory.arena || !memory.big || !memory.made || !memory.closed)
		return false;
	memory.unmapped = memory.arena + ARENA_SIZE;
	for (size_t i = 0; i < 24; i++)
		strcpy(c->path[i], paths[i]);
	memset(c->long_path, 'a', sizeof(c->long_path) - 1);
	memcpy(c->time, times, sizeof(times));
	memcpy(c->interval, intervals, sizeof(intervals));
	memcpy(c->action, action, sizeof(c->action));
	c->one = 1;
	memory.fixed = c;
	return mprotect(c, 4 * PAGE, PROT_READ) == 0 && mprotect(memory.closed, PAGE, 0) == 0;
}

/* ---- values ---- */

/* Addresses of the core, known to the search for leaks as the program's own. */
static const uint64_t core_addresses[] = {
	0xffff800000000000, 0xffff800000200000, 0xffff800001000008, 0xffffc00000008000,
	0xffffd00000000000, 0xffffff0000000000, 0xffffffff80000000, 0xffffffff80101010,
};

static const uint64_t odd_addresses[] = {
	0,
	1,
	0xfff,
	0xffff,
	0x10000,
	USER_END - 1,
	USER_END,
	0x7fffffffffff,
	0x800000000000,
	0x8000000000000000,
	0xdeadbeefdeadbeef,
	0xffff7fffffffffff,
	0xfffffffffffff000,
	0xfffffffffffffff8,
	0xffffffffffffffff,
};

static const int64_t odd_numbers[] = {
	0,	   1,	       2,	   3,	       4,	    7,		 8,	   15,
	16,	   24,	       31,	   32,	       63,	    64,		 65,	   127,
	128,	   144,	       255,	   256,	       511,	    512,	 1000,	   1023,
	1024,	   4095,       4096,	   4097,       8192,	    65535,	 65536,	   1 << 20,
	1 << 24,   0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001, 1L << 40, 1L << 47,
	INT64_MAX, INT64_MIN,  -1,	   -2,	       -16,	    -100,	 -4095,	   -4096,
	0x5401,	   0x540000,   0x1000,	   0x40000000,
};

static uint64_t some_number(void)
{
	switch (fuzz_below(8)) {
	case 0:
		return fuzz_random() >> fuzz_below(64);
	case 1:
		return 1ul << fuzz_below(64);
	case 2:
		return (uint64_t)PICK(odd_numbers) + fuzz_below(16);
	case 3:
		return fuzz_below(64);
	}
	return (uint64_t)PICK(odd_numbers);
}

static uint64_t some_bad_pointer(void)
{
	switch (fuzz_below(5)) {
	case 0:
		return PICK(core_addresses);
	case 1:
		return PICK(odd_addresses);
	case 2:
		return (uint64_t)memory.closed + fuzz_below(PAGE);
	case 3:
		return (uint64_t)memory.fixed + fuzz_below(PAGE);
	}
	return (uint64_t)memory.unmapped + fuzz_below(PAGE);
}

static uint64_t some_pointer(void)
{
	switch (fuzz_below(12)) {
	case 0:
		return (uint64_t)memory.big + fuzz_below(BIG_SIZE);
	case 1: /* may straddle the end */
		return (uint64_t)memory.arena + ARENA_SIZE - fuzz_below(300);
	case 2:
		return (uint64_t)memory.arena + fuzz_below(ARENA_SIZE);
	case 3:
		return PLAY + fuzz_random() % (PLAY_END - PLAY);
	case 4:
		return maps[fuzz_below(MAPS)].at + fuzz_below(4096);
	case 5:
	case 6:
		return some_bad_pointer();
	}
	return (uint64_t)memory.arena + 8 * fuzz_below(ARENA_SIZE / 8);
}

static uint64_t some_size(void)
{
	static const uint64_t sizes[] = {0,   1,   8,	16,   24,   64,	     100,
					 128, 144, 255, 1000, PAGE, 2 * PAGE};

	return fuzz_below(4) ? PICK(sizes) : some_number();
}

static uint64_t some_fd(void)
{
	static const uint64_t fds[] = {(uint64_t)-1, (uint64_t)-100, 64, 65535, 65536, 0x7fffffff};

	return fuzz_below(10) ? fuzz_below(24) : PICK(fds);
}

/* Descriptors that are made anew now and then, so that there always are some of each kind. */
enum {
	FD_FOLDER = 12,
	FD_FILE,
	FD_PIPE,
	FD_PIPE_IN,
	FD_ZERO,
	FD_CONSOLE,
	FD_UDP,
	FD_UDP_CONNECTED,
	FD_LISTENER,
	FD_TCP,
	FD_TCP_ACCEPTED,
	FD_END
};

static uint64_t some_path(void)
{
	if (!fuzz_below(8))
		return some_pointer();
	if (!fuzz_below(40))
		return (uint64_t)memory.fixed->long_path;
	return (uint64_t)PICK(memory.fixed->path);
}

/* Anything that the calls on mappings take; what would hurt the program is tamed later. */
static uint64_t some_address(void)
{
	if (!fuzz_below(4))
		return maps[fuzz_below(MAPS)].at;
	if (!fuzz_below(4))
		return some_number();
	if (!fuzz_below(4))
		return some_bad_pointer();
	return PLAY + fuzz_below((PLAY_END - PLAY) / PAGE) * PAGE + (fuzz_below(8) ? 0 : 1);
}

static uint64_t made_vector(void)
{
	unsigned n = sizeof(memory.made->vector) / sizeof(memory.made->vector[0]);

	for (unsigned i = 0; i < n; i++) {
		memory.made->vector[i].base = some_pointer();
		memory.made->vector[i].length = some_size();
	}
	return (uint64_t)memory.made->vector;
}

static uint64_t made_address(void)
{
	static const uint8_t loopback[] = {2, 0, 0, 80, 127, 0, 0, 1};
	uint8_t *a = memory.made->address;

	memset(a, 0, sizeof(memory.made->address));
	memcpy(a, loopback, sizeof(loopback));
	a[3] = (uint8_t)(80 + fuzz_below(4));
	if (!fuzz_below(4))
		a[0] = (uint8_t)fuzz_below(20);
	if (a[0] == 10)
		a[23] = 1;
	if (a[0] == 1)
		strcpy((char *)a + 2, "/tmp/s");
	return (uint64_t)a;
}

static uint64_t made_length(void)
{
	memory.made->length = (uint32_t)some_size();
	return (uint64_t)&memory.made->length;
}

static uint64_t made_message(void)
{
	struct parameters *m = memory.made;

	made_vector();
	m->message.name = fuzz_below(2) ? made_address() : fuzz_below(2) ? some_pointer() : 0;
	m->message.name_length = (uint32_t)some_size();
	m->message.vector = fuzz_below(8) ? (uint64_t)m->vector : some_pointer();
	m->message.vectors = fuzz_below(8) ? fuzz_below(9) : some_number();
	m->message.control = fuzz_below(2) ? 0 : some_pointer();
	m->message.control_length = some_size();
	return (uint64_t)&m->message;
}

static uint64_t made_poll(void)
{
	for (unsigned i = 0; i < 8; i++) {
		memory.made->poll[i].fd = (int32_t)some_fd();
		memory.made->poll[i].events = (int16_t)fuzz_random();
	}
	return (uint64_t)memory.made->poll;
}

static uint64_t made_set(void)
{
	memory.made->set = fuzz_below(2) ? 0 : fuzz_random();
	return (uint64_t)&memory.made->set;
}

/* A pointer of the kind, most of the time. */
static uint64_t or_pointer(uint64_t made)
{
	return fuzz_below(6) ? made : some_bad_pointer();
}

static uint64_t some_flags(void)
{
	static const uint64_t flags[] = {0,	1,	 2,	  0x40,	 0x42, 0x242,
					 0x800, 0x10000, 0x80000, 0x400, 0x100};

	return fuzz_below(3) ? PICK(flags) | PICK(flags) : some_number();
}

static uint64_t some_command(char kind)
{
	static const uint64_t fcntls[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1024, 1030, 1031, 1032};
	static const uint64_t ioctls[] = {0x5401, 0x5402, 0x5403, 0x540f, 0x5410, 0x5413, 0x5414,
					  0x541b, 0x5421, 0x5450, 0x5451, 0x8912, 0x8913, 0x8927};

	if (!fuzz_below(8))
		return some_number();
	return kind == 'F' ? PICK(fcntls) : PICK(ioctls);
}

static uint64_t some_argument(char kind)
{
	static const uint64_t mappings[] = {0x22,     0x22,   0x21, 0x02,   0x32,    0x32, 0x12,
					    0x100022, 0x8022, 0x62, 0x4022, 0x40022, 0x122};
	static const uint64_t clocks[] = {0,	       1, 2, 3, 4, 5, 6, 7, 8, 9, 11, (uint64_t)-1,
					  (uint64_t)-6};
	static const uint64_t domains[] = {2, 2, 2, 1, 10, 16, 17};
	static const uint64_t type_flags[] = {0x80000, 0x800, 0x80800, 0x10};
	static const uint64_t path_flags[] = {0, 0, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x8000};
	static const uint64_t processes[] = {0, 1, 2, (uint64_t)-1, 0x7fffffff, 300};

	if (!fuzz_below(16))
		return fuzz_below(2) ? some_number() : some_pointer();
	switch (kind) {
	case 'f':
		return some_fd();
	case 'j':
		return fuzz_below(4) ? FD_UDP + fuzz_below(FD_END - FD_UDP) : some_fd();
	case 'e':
		return fuzz_below(2) ? (uint64_t)FD_FOLDER : some_fd();
	case 's':
		return some_path();
	case 'p':
		return some_pointer();
	case 'n':
		return some_size();
	case 'x':
		return some_flags();
	case 'o':
		return fuzz_below(2) ? fuzz_below(20000) : some_number();
	case 'a':
		return some_address();
	case 'r':
		return fuzz_below(8) ? fuzz_below(8) : some_number();
	case 'm':
		return fuzz_below(8) ? PICK(mappings) : some_number();
	case 't':
		return or_pointer((uint64_t)PICK(memory.fixed->time));
	case 'T':
		return or_pointer((uint64_t)PICK(memory.fixed->interval));
	case 'v':
		return or_pointer(made_vector());
	case 'M':
		return or_pointer(made_message());
	case 'A':
		return or_pointer(made_address());
	case 'L':
		return or_pointer(made_length());
	case 'S':
		return fuzz_below(70);
	case 'g':
		return or_pointer((uint64_t)&PICK(memory.fixed->action));
	case 'k':
		return or_pointer(made_set());
	case 'P':
		return or_pointer(made_poll());
	case 'w':
		return fuzz_below(2);
	case 'B':
		return fuzz_below(8);
	case 'q':
		return fuzz_below(2) ? some_pointer() : 0;
	case 'y':
		return PICK(domains);
	case 'Y':
		return 1 + fuzz_below(2) + (fuzz_below(4) ? 0 : PICK(type_flags));
	case 'C':
		return 0x1001 + fuzz_below(4);
	case 'h':
		return PICK(path_flags);
	case 'c':
		return PICK(clocks);
	case 'd':
		return PICK(processes);
	case 'z':
		return fuzz_below(16) ? 8 : some_number();
	case 'F':
	case 'I':
		return some_command(kind);
	case 'l':
		return fuzz_below(2) ? 1 : fuzz_below(2) ? 6 : fuzz_below(64);
	}
	return some_number();
}

#endif
