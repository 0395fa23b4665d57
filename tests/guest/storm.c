/* SPDX-License-Identifier: MIT */
/*
 * Everything at once: system calls, page faults and signals to oneself while NMIs, timer interrupts
 * and the interval timer's signals arrive as fast as the machine raises them, and another thread
 * answers through pipes. Around each call every register, flag, selector and base is known; no
 * signal is lost, no wake-up either, or the round trips stop.
 *
 *	storm MILLISECONDS NMIS-A-SECOND [STORMS]
 *
 * Several storms run at the same time, on as many CPUs as there are, each with an echo of its own.
 *
 * guest: core=testing args="4000 5000"
 * guest: core=testing args="2000 50000" run="--icount" timeout=120
 * guest: core=testing args="4000 5000 2" run="--smp 2"
 * guest: core=testing args="4000 2000 4" run="--smp 4"
 * guest: core=testing args="3000 2000" run="--qemu '-cpu max,-fsgsbase'"
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "core_calls.h"
#include "fuzz_call.h"
#include "spin.h"
#include "thread.h"

#define TIMER_US 200
#define PAGES	 256
#define IGNORED	 0x8d5 /* flags that the arithmetic after the call changes, and OF */

#define MOST 8

/* One storm's own. */
static struct storm {
	struct call call;
	struct test_thread self, echo;
	int there[2], back[2];
	unsigned long rounds;
} storms[MOST];
static long end_ms;
static volatile unsigned long own_signals, timer_signals;
static unsigned long complaints;

/* Runs with whatever bases the call had: no TLS, no canary. */
__attribute__((no_stack_protector)) static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		__atomic_add_fetch(&own_signals, 1, __ATOMIC_RELAXED);
	else
		__atomic_add_fetch(&timer_signals, 1, __ATOMIC_RELAXED);
}

static void answer(void *storm)
{
	const struct storm *s = storm;
	char c;

	while (raw(SYS_read, s->there[0], (long)&c, 1, 0, 0, 0) == 1 && c)
		raw(SYS_write, s->back[1], (long)&c, 1, 0, 0, 0);
}

static long milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool has_fsgsbase(void)
{
	unsigned a = 7, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b & 1;
}

static void complain(const char *what, unsigned long n, uint64_t got, uint64_t wanted)
{
	if (__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED) < 10)
		printf("# %s in round %lu: %#lx, wanted %#lx\n", what, n, got, wanted);
}

/* One call with known registers; what it must give back. */
static void checked_call(struct call *call, unsigned long n, long number, uint64_t a, uint64_t b,
			 uint64_t c, long want)
{
	static const uint64_t bases[] = {CORE_LIKE_BASE, 0, 0x1000, 0xffff800000000000};

	for (int i = 0; i < REGISTERS; i++)
		call->in[i] = n * 0x9e3779b97f4a7c15 + (uint64_t)i;
	call->in[RAX] = (uint64_t)number;
	call->in[RDI] = a;
	call->in[RSI] = b;
	call->in[RDX] = c;
	call->in[FLAGS] = 0x202 | (n & 1 ? 0x400 : 0) | (n & 2 ? 0x4000 : 0) |
			  (n & 4 ? 0x40000 : 0);
	call->fs_in = bases[n % 4];
	call->gs_in = bases[(n >> 2) % 4];
	fuzz_call(call);
	if ((long)call->out[RAX] != want)
		complain("the result", n, call->out[RAX], (uint64_t)want);
	for (int i = RBX; i < FLAGS; i++)
		if (i != RCX && i != R11 && call->out[i] != call->in[i])
			complain("a register", n, call->out[i], call->in[i]);
	if ((call->out[FLAGS] ^ call->in[FLAGS]) & ~(uint64_t)IGNORED)
		complain("the flags", n, call->out[FLAGS], call->in[FLAGS]);
	if (call->fsgsbase && (call->fs_out != call->fs_in || call->gs_out != call->gs_in))
		complain("a base", n, call->gs_out, call->gs_in);
	if (call->red_changed)
		complain("the red zone", n, call->red_changed, 0);
	if (memcmp(call->selectors_in, call->selectors_out, sizeof(call->selectors_in)))
		complain("a selector", n, 0, 0);
	if (memcmp(call->fx_in + 32, call->fx_out + 32, 384))
		complain("x87 or SSE state", n, 0, 0);
}

static void round_trip(const struct storm *s, unsigned long n)
{
	char c = (char)(n % 100 + 1), got = 0;

	if (raw(SYS_write, s->there[1], (long)&c, 1, 0, 0, 0) != 1 ||
	    raw(SYS_read, s->back[0], (long)&got, 1, 0, 0, 0) != 1 || got != c)
		complain("a round trip", n, (uint64_t)got, (uint64_t)c);
}

static void set_timer(long us)
{
	struct itimerval t = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &t, 0);
}

static void begin(unsigned n)
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, 0);
	sigaction(SIGALRM, &action, 0);
	for (struct storm *s = storms; s < storms + n; s++) {
		struct call *call = &s->call;

		call->fsgsbase = has_fsgsbase();
		__asm__ volatile("fxsave64 %0" : "=m"(call->fx_in));
		for (int i = 32; i < 416; i++)
			call->fx_in[i] = i % 16 < 10 || i >= 160 ? (uint8_t)(i * 29) : 0;
		ok(!pipe(s->there) && !pipe(s->back) && thread_start(&s->echo, answer, s) > 0,
		   "an echo");
	}
}

static void storm(void *storm)
{
	struct storm *s = storm;
	volatile char *page = (void *)raw(SYS_mmap, 0, PAGES * 4096, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long tid = raw(SYS_gettid, 0, 0, 0, 0, 0, 0), pid = raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
	unsigned long n = 0;
	char stop = 0;

	for (; milliseconds() < end_ms && complaints < 10; n++) {
		checked_call(&s->call, n, SYS_getppid, 1, 2, 3, 0);
		checked_call(&s->call, n, 999, 1, 2, 3, -ENOSYS);
		checked_call(&s->call, n, SYS_tgkill, (uint64_t)pid, (uint64_t)tid, SIGUSR1, 0);
		if (spin(5))
			complain("a register in ring 3", n, 0, 0);
		page[n % PAGES * 4096] = 1;
		if (n % PAGES == PAGES - 1)
			raw(SYS_madvise, (long)page, PAGES * 4096, MADV_DONTNEED, 0, 0, 0);
		round_trip(s, n);
	}
	s->rounds = n;
	raw(SYS_write, s->there[1], (long)&stop, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	long ms = argc > 1 ? atol(argv[1]) : 1000, rate = argc > 2 ? atol(argv[2]) : 1000;
	unsigned n = argc > 3 ? (unsigned)atol(argv[3]) : 1;
	long nmis = nmi_call(NMI_COUNT, 0);
	unsigned long rounds = 0;

	if (!n || n > MOST)
		return 2;
	begin(n);
	set_timer(TIMER_US);
	nmi_call(NMI_RATE, (uint64_t)rate);
	end_ms = milliseconds() + ms;
	for (unsigned i = 1; i < n; i++)
		thread_start(&storms[i].self, storm, &storms[i]);
	storm(&storms[0]);
	for (unsigned i = 1; i < n; i++)
		thread_join(&storms[i].self);
	nmi_call(NMI_RATE, 0);
	set_timer(0);
	nmis = nmi_call(NMI_COUNT, 0) - nmis;
	for (unsigned i = 0; i < n; i++) {
		thread_join(&storms[i].echo);
		ok(storms[i].rounds > 20, "%lu rounds", storms[i].rounds);
		rounds += storms[i].rounds;
	}
	printf("# %lu rounds, %ld NMIs, %lu signals of the timer, %lu of one's own\n", rounds, nmis,
	       timer_signals, own_signals);
	is((long)complaints, 0, "nothing changed that must not");
	is((long)own_signals, (long)rounds, "each signal sent was taken once");
	ok(nmis > 50 && timer_signals > 20, "there was a storm");
	return done();
}
