// SPDX-License-Identifier: MIT
/* core/process.c: one thread ends the app, however many want to. */
#define process_leave	   real_process_leave
#define process_ending	   real_process_ending
#define process_exit	   real_process_exit
#define process_kill	   real_process_kill
#define sys_exit_group	   real_sys_exit_group
#define thread_exit	   leaving_thread_exit
#define signal_thread_exit leaving_signal_thread_exit
#define signal_tell_all	   told_signal_tell_all
#include "test.h"

#include "../../core/process.c"

static unsigned left, told;
static jmp_buf after;

void leaving_signal_thread_exit(struct thread *t)
{
	CHECK(t == fake_current);
	left++;
}

void told_signal_tell_all(void)
{
	told++;
}

void leaving_thread_exit(void)
{
	longjmp(after, 1);
}

TEST(one_thread_ends_the_app)
{
	CHECK_PANIC(sys_exit_group(3));
	CHECK_EQ(told, 1); /* the other threads, so that none goes on */
	CHECK_EQ(fake_end_status, 3);
	CHECK(process_ending());

	/* The next one, be it by a signal, only leaves. */
	left = 0;
	if (!setjmp(after))
		CHECK_PANIC(({
			process_kill(SIGSEGV);
			process_exit(4);
		}));
	CHECK_EQ(left, 1);
	CHECK_EQ(told, 1);
	CHECK_EQ(fake_end_status, 3);
}
