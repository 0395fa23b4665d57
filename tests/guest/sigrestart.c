/* SPDX-License-Identifier: MIT */
/*
 * A system call that a signal breaks off: with SA_RESTART its handler returns to the instruction,
 * with the number in RAX again, else behind it with -EINTR. What only looks like such a call, an
 * interrupt or a fault with RAX in the range, is none.
 *
 * guest:
 */
#include "sigraw.h"

enum {
	NR_read = 0,
	NR_write = 1,
	NR_pipe = 22,
	NR_nanosleep = 35,
	NR_setitimer = 38
};
enum {
	S_ALRM = 14,
	EINTR_ = 4
};

static int pipes[2];
static int handled, write_at;
static struct raw_context last;

static void note(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	last = *c;
	if (++handled == write_at)
		raw(NR_write, pipes[1], (long)"x", 1, 0, 0, 0);
	if (c->trapno == 6 && sig == S_ILL)
		c->ip += 2;
}

/* A SIGALRM each so many milliseconds; 0: none. */
static void alarms(long ms)
{
	const long it[4] = {0, ms * 1000, 0, ms * 1000};

	raw(NR_setitimer, 0, (long)it, 0, 0, 0, 0);
}

extern char call_here[];
long call(long n, long a, long b, long c);
uint64_t spin(uint64_t ax, volatile int *until);
uint64_t fault_with(uint64_t ax);
extern char spin_from[], spin_to[], fault_at[];
__asm__(".text\n"
	"call:\n"
	"	mov %rdi, %rax\n	mov %rsi, %rdi\n	mov %rdx, %rsi\n	mov %rcx, "
	"%rdx\n"
	"call_here:\n"
	"	syscall\n"
	"	ret\n"
	"spin:\n"
	"	mov %rdi, %rax\n"
	"spin_from:\n"
	"	cmpl $0, (%rsi)\n"
	"	je spin_from\n"
	"spin_to:\n"
	"	ret\n"
	"fault_with:\n"
	"	mov %rdi, %rax\n"
	"fault_at:\n"
	"	ud2\n"
	"	ret\n");

static void check_restart(void)
{
	char byte = 0;

	action(S_ALRM, note, RAW_RESTART, 0);
	handled = 0;
	write_at = 3;
	alarms(10);
	is(call(NR_read, pipes[0], (long)&byte, 1), 1, "read is made again until there is a byte");
	alarms(0);
	is(handled, 3, "  three times");
	is(byte, 'x', "  and has it");
	is((long)last.ip, (long)call_here, "  the frame has the instruction's address");
	is((long)last.ax, NR_read, "  and the number");
	is((long)last.cx, (long)call_here + 2, "  in RCX the return address");
}

static void check_eintr(void)
{
	static const long second[2] = {1, 0};
	long left[2] = {0, 0};
	char byte;

	action(S_ALRM, note, 0, 0);
	handled = 0;
	write_at = 0;
	alarms(10);
	is(call(NR_read, pipes[0], (long)&byte, 1), -EINTR_, "without SA_RESTART read is EINTR");
	alarms(0);
	is((long)last.ip, (long)call_here + 2, "  the frame has the next instruction's address");
	is((long)last.ax, -EINTR_, "  and the result");
	action(S_ALRM, note, RAW_RESTART, 0);
	alarms(10);
	is(call(NR_nanosleep, (long)second, (long)left, 0), -EINTR_, "nanosleep is EINTR always");
	alarms(0);
	is((long)last.ip, (long)call_here + 2, "  the frame has the next instruction's address");
	ok(!left[0] && left[1] > 0, "  and it tells what is left");
}

static volatile int stop;

static void stopper(int sig, struct raw_info *info, struct raw_context *c)
{
	/* What comes after, in the calls that print, is not looked at. */
	if (stop)
		return;
	note(sig, info, c);
	stop = handled >= 3;
}

static void check_no_call(void)
{
	static const int codes[] = {512, 513, 514, 516};

	for (unsigned i = 0; i < 4; i++) {
		uint64_t ax = (uint64_t)-codes[i];

		action(S_ALRM, stopper, RAW_RESTART, 0);
		handled = stop = 0;
		alarms(2);
		is((long)spin(ax, &stop), (long)ax, "an interrupt is no call, whatever RAX is");
		alarms(0);
		ok(last.ip >= (uintptr_t)spin_from && last.ip <= (uintptr_t)spin_to &&
			   last.ax == ax,
		   "  its frame has the place and RAX");
		action(S_ILL, note, RAW_RESTART, 0);
		is((long)fault_with(ax), (long)ax, "nor is a fault");
		is((long)last.ip, (long)fault_at, "  its frame has the place");
	}
}

int main(void)
{
	raw(NR_pipe, (long)pipes, 0, 0, 0, 0, 0);
	check_restart();
	check_eintr();
	check_no_call();
	return done();
}
