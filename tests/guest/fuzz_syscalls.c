/* SPDX-License-Identifier: MIT */
/*
 * Random system calls: odd numbers, arguments, pointers, in an order that a seed gives again. The
 * core must live on, every register but the result must be as it was, and nothing of the core may be
 * found in what comes back: no address of its half, no byte of the pattern that a core for tests
 * keeps in memory nobody has written.
 *
 *	fuzz_syscalls CALLS SEED [FROM]	FROM: the number from which on each call is printed
 *
 * guest: args="50000 1" core=testing mem=256 timeout=120
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "fuzz_args.h"
#include "fuzz_call.h"

#define ENOSYS_RESULT  ((uint64_t)-38)
#define EVERYTHING     256  /* calls between two looks at all memory */
#define RENEWAL	       2000 /* calls between two sets of fresh descriptors */
#define ARCH_SET_GS    0x1001
#define ARCH_SET_FS    0x1002
#define NR(c)	       ((int32_t)(c)->in[RAX])
#define FLAGS_MAY_VARY 0x244cd5 /* CF PF AF ZF SF DF OF NT AC ID */

static struct call call;
static uint64_t calls_made, seed, print_from = UINT64_MAX;
static unsigned complaints, answered, refused;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	static char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	raw(SYS_write, KEPT_FD, (long)line, n, 0, 0, 0);
}

static void complain(const char *what, uint64_t got, uint64_t wanted)
{
	if (complaints++ >= 20)
		return;
	say("# seed %lu, call %lu: %d(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx) = %#lx\n",
	    (unsigned long)seed, (unsigned long)calls_made, NR(&call), call.in[RDI], call.in[RSI],
	    call.in[RDX], call.in[R10], call.in[R8], call.in[R9], call.out[RAX]);
	say("# %s: %#lx, wanted %#lx\n", what, got, wanted);
}

/* ---- taming: what would end or stop the program, and no fault of the core's ---- */

/* The core must refuse it, or it is only about memory that is there for it. */
static bool mapping_is_harmless(uint64_t at, uint64_t n)
{
	uint64_t start = at & ~(PAGE - 1), end;

	if (at >= USER_END || n > USER_END - at)
		return true;
	end = (at + n + PAGE - 1) & ~(PAGE - 1);
	if (start >= PLAY && end <= PLAY_END)
		return true;
	for (unsigned i = 0; i < MAPS; i++)
		if (start >= maps[i].at && end <= maps[i].at + maps[i].length)
			return true;
	return false;
}

static void tame_mapping(uint64_t *at, uint64_t *n)
{
	if (mapping_is_harmless(*at, *n))
		return;
	*n = (uint64_t)fuzz_below(16) * PAGE;
	*at = PLAY + fuzz_below((PLAY_END - PLAY) / PAGE - 16) * PAGE;
}

/* Not all memory there is, which is what pages for a terabyte would take. */
static void tame_populating(uint64_t *in)
{
	if (in[RSI] > 1 << 20 && in[RSI] <= USER_END)
		in[RSI] = fuzz_below(1 << 20);
}

static void tame_mmap(uint64_t *in)
{
	if (in[R10] & (0x10 | 0x100000)) { /* MAP_FIXED, MAP_FIXED_NOREPLACE */
		tame_mapping(&in[RDI], &in[RSI]);
		if (in[RDI] < PLAY || in[RDI] >= PLAY_END)
			in[RDI] = PLAY;
	}
	/* Not all of memory in one go. */
	if (in[RSI] > 1 << 20 && (in[RSI] < 1UL << 40 || in[R10] & (0x8000 | 0x2000)))
		in[RSI] = 1 + fuzz_below(1 << 20);
}

/* Nothing may block: descriptors do not, times are short. */
static void tame_blocking(uint64_t *in)
{
	switch ((int32_t)in[RAX]) {
	case SYS_poll:
		in[RDX] &= 1;
		break;
	case 232: /* epoll_wait */
	case 281: /* epoll_pwait */
		in[R10] &= 1;
		break;
	case SYS_ppoll:
		in[RDX] = (uint64_t)PICK(memory.fixed->time);
		break;
	case 23:  /* select */
	case 270: /* pselect6 */
		in[R8] = (uint64_t)PICK(memory.fixed->time);
		break;
	case SYS_nanosleep:
		in[RDI] = (uint64_t)PICK(memory.fixed->time);
		break;
	case SYS_clock_nanosleep:
		in[RDX] = (uint64_t)PICK(memory.fixed->time);
		break;
	case SYS_rt_sigtimedwait:
		in[RDX] = (uint64_t)PICK(memory.fixed->time);
		break;
	case SYS_futex:
		/* FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2 */
		if (1u << (in[RSI] & 0x1f) & (1u << 0 | 1u << 6 | 1u << 9 | 1u << 11 | 1u << 13))
			in[R10] = (uint64_t)PICK(memory.fixed->time);
		break;
	case 283: /* timerfd_create, eventfd2: O_NONBLOCK */
	case 290:
		in[RSI] |= 0x800;
		break;
	case 289: /* signalfd4 */
		in[R10] |= 0x800;
		break;
	case 73: /* flock: LOCK_NB */
		in[RSI] |= 4;
		break;
	case 441: /* epoll_pwait2 */
	case 449: /* futex_waitv */
		in[R10] = (uint64_t)PICK(memory.fixed->time);
		break;
	case 455: /* futex_wait */
		in[R8] = (uint64_t)PICK(memory.fixed->time);
		break;
	case SYS_fcntl:
		if ((int32_t)in[RSI] == 4) /* F_SETFL */
			in[RDX] |= 0x800;
		if ((int32_t)in[RSI] == 7 || (int32_t)in[RSI] == 38) /* F_SETLKW, F_OFD_SETLKW */
			in[RSI] -= 1;
		break;
	case SYS_ioctl:
		if ((uint32_t)in[RSI] == 0x5421) /* FIONBIO */
			in[RDX] = (uint64_t)&memory.fixed->one;
		break;
	case SYS_open:
		in[RSI] |= 0x800;
		break;
	case SYS_openat:
	case SYS_socket:
	case SYS_pipe2:
	case SYS_accept4:
		in[(int32_t)in[RAX] == SYS_openat    ? RDX
		   : (int32_t)in[RAX] == SYS_accept4 ? R10
		   : (int32_t)in[RAX] == SYS_socket  ? RSI
						     : RSI] |= 0x800;
		break;
	}
}

/* The program's output must stay; the console is read only, or it would be flooded. */
static void tame_descriptors(uint64_t *in)
{
	const uint64_t tty = (uint64_t)memory.fixed->path[6];

	switch ((int32_t)in[RAX]) {
	case 436: /* close_range: the program's output stays open */
		if ((uint32_t)in[RDI] <= KEPT_FD)
			in[RSI] = (uint32_t)in[RSI] % KEPT_FD;
		break;
	case SYS_setrlimit: /* RLIMIT_NOFILE: or there are none any more */
		in[RDI] += (uint32_t)in[RDI] == 7;
		break;
	case SYS_prlimit64:
		in[RSI] += (uint32_t)in[RSI] == 7;
		break;
	case 310: /* process_vm_readv, writev: anywhere in the program, this too */
	case 311:
		in[R8] = 0;
		break;
	}
	if ((int32_t)in[RDI] == KEPT_FD)
		in[RDI]++;
	if ((int32_t)in[RSI] == KEPT_FD)
		in[RSI]++;
	if ((int32_t)in[RAX] == SYS_open && in[RDI] == tty)
		in[RSI] &= ~3ul;
	if ((int32_t)in[RAX] == SYS_openat && in[RSI] == tty)
		in[RDX] &= ~3ul;
}

/* All signals are ignored, and stay so; two cannot be. */
static void tame_signals(uint64_t *in)
{
	int signal = -1;

	switch ((int32_t)in[RAX]) {
	case SYS_kill:
	case SYS_tkill:
	case SYS_rt_sigqueueinfo:
		signal = RSI;
		break;
	case SYS_tgkill:
	case SYS_rt_tgsigqueueinfo:
		signal = RDX;
		break;
	case SYS_rt_sigaction:
		if (in[RSI])
			in[RSI] = fuzz_below(4) ? (uint64_t)&PICK(memory.fixed->action)
						: PICK(core_addresses);
		break;
	}
	if (signal >= 0 && ((uint32_t)in[signal] == 9 || (uint32_t)in[signal] == 19))
		in[signal] = 0;
}

static bool is_excluded(int32_t number)
{
	switch (number) {
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn: /* a frame of garbage is a jump to anywhere */
	case SYS_pause:
	case SYS_clone:
	case SYS_clone3:
	case 57: /* fork and its kin */
	case 58:
	case 59:
	case SYS_rt_sigsuspend:
	case SYS_mlockall: /* all memory there is */
	case 169:	   /* reboot */
	case 222:	   /* timer_create */
		return true;
	}
	return number >= 1000 && number < 1024; /* the calls of tests/core */
}

static void tame(uint64_t *in)
{
	/* Without FSGSBASE nothing would put FS back, which the C library needs. */
	if (is_excluded((int32_t)in[RAX]) || ((int32_t)in[RAX] == SYS_arch_prctl && !call.fsgsbase))
		in[RAX] = SYS_getpid;
	tame_descriptors(in);
	tame_blocking(in);
	tame_signals(in);
	switch ((int32_t)in[RAX]) {
	case SYS_mmap:
		tame_mmap(in);
		break;
	case SYS_madvise: /* does what is mapped of a range before it says that not all is */
		if (in[RDI] < USER_END && in[RSI] > USER_END - in[RDI])
			in[RSI] = USER_END - in[RDI];
		tame_mapping(&in[RDI], &in[RSI]);
		tame_populating(in);
		break;
	case SYS_mlock:
	case SYS_mlock2:
		tame_populating(in);
		break;
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_msync:
		tame_mapping(&in[RDI], &in[RSI]);
		break;
	case SYS_mremap:
		tame_mapping(&in[RDI], &in[RSI]);
		tame_mapping(&in[R8], &in[RDX]);
		break;
	}
}

/* ---- one call ---- */

static uint64_t some_syscall_number(const char **kinds)
{
	const struct described *d = &described[fuzz_below(DESCRIBED)];

	*kinds = d->kinds;
	switch (fuzz_below(32)) {
	case 0:
		*kinds = "pppppp";
		return fuzz_below(512);
	case 1:
		return (uint64_t)d->number + (fuzz_random() << 32);
	case 2:
		return fuzz_below(2) ? some_number() : (uint64_t)d->number | 0x40000000;
	}
	return (uint64_t)d->number;
}

static uint64_t some_base(void)
{
	static const uint64_t bases[] = {
		0, 1, 0x1000, 0x7fffffffffff, 0x7ffffffff000, 0xffffffffffffffff};

	return fuzz_below(2) ? PICK(bases) : PICK(core_addresses);
}

static void make_call(void)
{
	static const int order[] = {RDI, RSI, RDX, R10, R8, R9};
	const char *kinds;

	for (int i = 0; i < REGISTERS; i++)
		call.in[i] = fuzz_random() >> 8;
	call.in[RAX] = some_syscall_number(&kinds);
	for (int i = 0; i < 6 && *kinds; i++)
		call.in[order[i]] = some_argument(*kinds++);
	call.in[FLAGS] = 0x202 | (call.in[FLAGS] & FLAGS_MAY_VARY);
	call.fs_in = some_base();
	call.gs_in = some_base();
	for (int i = 32; i < 416; i += 8) {
		uint64_t v = fuzz_random();

		/* An x87 register has ten bytes. */
		if (i >= 160 || i % 16 == 0)
			memcpy(call.fx_in + i, &v, 8);
	}
	tame(call.in);
}

/* What the two calls on the bases change. */
static void expect_bases(uint64_t *fs, uint64_t *gs)
{
	*fs = call.fs_in;
	*gs = call.gs_in;
	if (NR(&call) != SYS_arch_prctl || call.out[RAX] != 0)
		return;
	if ((uint32_t)call.in[RDI] == ARCH_SET_FS)
		*fs = call.in[RSI];
	if ((uint32_t)call.in[RDI] == ARCH_SET_GS)
		*gs = call.in[RSI];
}

static void check_registers(void)
{
	static const char *const names[REGISTERS] = {"rax", "rbx", "rcx", "rdx",  "rsi", "rdi",
						     "rbp", "r8",  "r9",  "r10",  "r11", "r12",
						     "r13", "r14", "r15", "flags"};
	uint64_t fs, gs;

	for (int i = RBX; i < REGISTERS; i++) {
		uint64_t wanted = i == RCX   ? (uint64_t)fuzz_call_after
				  : i == R11 ? call.in[FLAGS]
					     : call.in[i];

		if (call.out[i] != wanted)
			complain(names[i], call.out[i], wanted);
	}
	expect_bases(&fs, &gs);
	if (call.fsgsbase && call.fs_out != fs)
		complain("FS base", call.fs_out, fs);
	if (call.fsgsbase && call.gs_out != gs)
		complain("GS base", call.gs_out, gs);
	if (call.red_changed)
		complain("words of the red zone", call.red_changed, 0);
	for (int i = 0; i < 6; i++)
		if (call.selectors_in[i] != call.selectors_out[i])
			complain("a selector", call.selectors_out[i], call.selectors_in[i]);
	/* Control, status, tags; MXCSR; registers. */
	if (memcmp(call.fx_in, call.fx_out, 6) || memcmp(call.fx_in + 24, call.fx_out + 24, 4) ||
	    memcmp(call.fx_in + 32, call.fx_out + 32, 384))
		complain("x87 or SSE state", 0, 0);
}

/* A pointer of the app's, a number, or an error: never an address of the core. */
static void check_result(void)
{
	uint64_t v = call.out[RAX];
	const char *what = leak_address(v, true);

	if (what)
		complain(what, v, 0);
	if ((int64_t)v < -4095 && NR(&call) != SYS_lseek)
		complain("the result", v, 0);
	if (v == ENOSYS_RESULT)
		return;
	if ((int64_t)v < 0)
		refused++;
	else
		answered++;
}

static void search(const void *p, size_t n)
{
	struct leak l = leak_search(p, n, NR(&call) == SYS_getrandom ? 8 : LEAK_RUN);

	if (!l.what)
		return;
	complain(l.what, l.word, 0);
	say("# at %p + %#zx\n", p, l.offset);
	memset((void *)(uintptr_t)p, 0, n);
}

/* Random bytes may look like anything, and would be met again in files and pipes. */
static void forget_random(void)
{
	bool random = NR(&call) == SYS_getrandom || NR(&call) == SYS_read ||
		      NR(&call) == SYS_readv || NR(&call) == SYS_pread64 || NR(&call) == 295 ||
		      NR(&call) == 327; /* preadv, preadv2 */

	if (!random || !call.out[RAX])
		return;
	memset(memory.arena, 0, ARENA_SIZE);
	/* A call may have made it read-only. */
	if (!raw(SYS_mprotect, (long)memory.big, BIG_SIZE, 3, 0, 0, 0))
		memset(memory.big, 0, BIG_SIZE);
}

static bool used_big(void)
{
	static const int order[] = {RDI, RSI, RDX, R10, R8, R9};

	for (int i = 0; i < 6; i++)
		if (call.in[order[i]] - (uint64_t)memory.big < BIG_SIZE)
			return true;
	return calls_made % EVERYTHING == 0;
}

/* A fresh mapping holds zeros. */
static void check_mapping(const char *p, size_t n)
{
	bool readable = call.in[RDX] & 1, anonymous = call.in[R10] & 0x20;

	for (size_t i = 0; readable && anonymous && i < n && i < BIG_SIZE; i += 8) {
		uint64_t v;

		memcpy(&v, p + i, 8);
		if (v) {
			complain("a word of a fresh mapping", v, 0);
			return;
		}
	}
}

/* What a call has made, to be used by others, and to be given back before it is too much. */
static void keep_mapping(void)
{
	static unsigned next;
	uint64_t n = (call.in[RSI] + PAGE - 1) & ~(PAGE - 1), at = call.out[RAX];

	if (NR(&call) == SYS_mremap)
		n = (call.in[RDX] + PAGE - 1) & ~(PAGE - 1);
	if (NR(&call) == SYS_mmap)
		check_mapping((const char *)at, n);
	if (at >= PLAY && at < PLAY_END)
		return;
	next = (next + 1) % MAPS;
	if (maps[next].length)
		raw(SYS_munmap, (long)maps[next].at, (long)maps[next].length, 0, 0, 0, 0);
	maps[next].at = at;
	maps[next].length = n;
}

static void follow_up(void)
{
	int64_t r = (int64_t)call.out[RAX];
	int fds[2] = {-1, -1};

	switch (NR(&call)) {
	case SYS_mmap:
	case SYS_mremap:
		if (r > 0)
			keep_mapping();
		break;
	case 282: /* signalfd, eventfd */
	case 284:
	case SYS_accept:
	case SYS_dup:
	case SYS_dup2:
	case SYS_dup3:
		if (r >= 0)
			raw(SYS_fcntl, r, 4, 0x800, 0, 0, 0);
		break;
	case SYS_pipe:
		memcpy(fds, (const void *)call.in[RDI], r == 0 ? sizeof(fds) : 0);
		raw(SYS_fcntl, fds[0], 4, 0x800, 0, 0, 0);
		raw(SYS_fcntl, fds[1], 4, 0x800, 0, 0, 0);
		break;
	}
	forget_random();
}

/* ---- what there is to work on ---- */

static void put_fd(long fd, int at)
{
	if (fd < 0)
		return;
	raw(SYS_dup3, fd, at, 0, 0, 0, 0);
	raw(SYS_close, fd, 0, 0, 0, 0, 0);
	raw(SYS_fcntl, at, 4, 0x802, 0, 0, 0); /* O_RDWR, O_NONBLOCK */
}

static void put_open(const char *path, int flags, int at)
{
	put_fd(raw(SYS_open, (long)path, flags, 0666, 0, 0, 0), at);
}

/* Two UDP sockets, and a TCP connection, over loopback. */
static void put_sockets(void)
{
	uint8_t address[16] = {2, 0, 0, 80, 127, 0, 0, 1};

	put_fd(raw(SYS_socket, 2, 2, 0, 0, 0, 0), FD_UDP);
	raw(SYS_bind, FD_UDP, (long)address, 16, 0, 0, 0);
	put_fd(raw(SYS_socket, 2, 2, 0, 0, 0, 0), FD_UDP_CONNECTED);
	raw(SYS_connect, FD_UDP_CONNECTED, (long)address, 16, 0, 0, 0);
	put_fd(raw(SYS_socket, 2, 1, 0, 0, 0, 0), FD_LISTENER);
	address[3] = 0;
	raw(SYS_bind, FD_LISTENER, (long)address, 16, 0, 0, 0);
	raw(SYS_listen, FD_LISTENER, 8, 0, 0, 0, 0);
	raw(SYS_getsockname, FD_LISTENER, (long)address, (long)&(unsigned){16}, 0, 0, 0);
	put_fd(raw(SYS_socket, 2, 1, 0, 0, 0, 0), FD_TCP);
	raw(SYS_connect, FD_TCP, (long)address, 16, 0, 0, 0);
	put_fd(raw(SYS_accept, FD_LISTENER, 0, 0, 0, 0, 0), FD_TCP_ACCEPTED);
}

static void put_descriptors(void)
{
	int fds[2] = {-1, -1};

	for (int fd = 24; fd < 128; fd++)
		raw(SYS_close, fd, 0, 0, 0, 0, 0);
	put_open("/", 0x10000, FD_FOLDER);
	put_open("/tmp/a", 0x42, FD_FILE);
	raw(SYS_pipe2, (long)fds, 0x800, 0, 0, 0, 0);
	put_fd(fds[0], FD_PIPE);
	put_fd(fds[1], FD_PIPE_IN);
	put_open("/dev/zero", 2, FD_ZERO);
	put_open("/dev/tty", 0x800, FD_CONSOLE);
	put_sockets();
}

static void one_call(void)
{
	if (calls_made % RENEWAL == 0)
		put_descriptors();
	make_call();
	if (calls_made >= print_from)
		say("# call %lu: %d(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n",
		    (unsigned long)calls_made, NR(&call), call.in[RDI], call.in[RSI], call.in[RDX],
		    call.in[R10], call.in[R8], call.in[R9]);
	leak_poison_stack();
	fuzz_call(&call);
	check_registers();
	check_result();
	search(memory.arena, ARENA_SIZE);
	if (used_big())
		search(memory.big, BIG_SIZE);
	follow_up();
}

/* ---- the whole ---- */

/* The core offers it wherever the CPU does. */
static bool has_fsgsbase(void)
{
	unsigned a = 7, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b & 1;
}

static void begin(void)
{
	static const struct kernel_action action[4] = {
		{1, 0, 0, 0}, {1, 0x10000000, 0, 1}, {1, 4, 0, 0}, {1, 0x80000000, 0, -1ul}};
	static char out[1024];

	for (int signal = 1; signal <= 64; signal++)
		raw(SYS_rt_sigaction, signal, (long)&action[0], 0, 8, 0, 0);

	setvbuf(stdout, out, _IOFBF, sizeof(out));
	for (size_t i = 0; i < sizeof(core_addresses) / sizeof(core_addresses[0]); i++)
		leak_allow(core_addresses[i]);
	if (!ok(leak_begin(), "the core has a pattern") || !ok(memory_begin(action), "memory"))
		exit(done());
	/* The C library's descriptors go to the calls, its output to one that they never see. */
	fflush(stdout);
	raw(SYS_dup3, 1, KEPT_FD, 0, 0, 0, 0);
	for (int fd = 0; fd < 3; fd++)
		raw(SYS_close, fd, 0, 0, 0, 0, 0);
	raw(SYS_mkdir, (long)"/tmp", 0777, 0, 0, 0, 0);
	call.fsgsbase = has_fsgsbase();
	__asm__ volatile("fxsave64 %0" : "=m"(call.fx_in));
}

int main(int argc, char **argv)
{
	uint64_t calls = argc > 1 ? strtoul(argv[1], NULL, 0) : 50000;

	seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	if (argc > 3)
		print_from = strtoul(argv[3], NULL, 0);
	fuzz_state = (seed + 1) * 0x9e3779b97f4a7c15;
	begin();
	for (calls_made = 0; calls_made < calls; calls_made++)
		one_call();
	raw(SYS_dup3, KEPT_FD, 1, 0, 0, 0, 0);
	printf("# seed %lu: %lu calls, %u done, %u refused, the rest unknown\n",
	       (unsigned long)seed, (unsigned long)calls, answered, refused);
	is(complaints, 0, "complaints");
	ok(answered > calls / 10, "many calls are served");
	return done();
}
