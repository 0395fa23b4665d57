/* SPDX-License-Identifier: MIT */
/* Signals without their frames: what is pending, who gets it, in which order, and the calls. */
#include "signal_fixture.h"

/* ---- pending ---- */

TEST(a_standard_signal_is_pending_once)
{
	struct signal_delivery d;

	begin();
	handle_all(0, 0);
	CHECK_EQ(send_self(SIGUSR1, ABI_SI_QUEUE, 1), 0);
	CHECK_EQ(send_self(SIGUSR1, ABI_SI_QUEUE, 2), 0);
	CHECK(current_thread()->work & WORK_SIGNAL);
	CHECK(signal_next(&d));
	CHECK_EQ(d.info.signo, SIGUSR1);
	CHECK_EQ(d.info.code, ABI_SI_QUEUE);
	CHECK_EQ(d.info.rt.pid, 7);
	CHECK_EQ(d.info.rt.uid, 8);
	CHECK_EQ(d.info.rt.value, 1); /* the first one's */
	CHECK(!signal_next(&d));
	CHECK(!(current_thread()->work & WORK_SIGNAL));
}

TEST(real_time_signals_queue_in_order_lowest_number_first)
{
	static const int order[][2] = {{RT, 10}, {RT + 1, 1}, {RT + 1, 2}, {RT + 1, 3}, {64, 20}};
	struct signal_delivery d;

	begin();
	handle_all(ABI_SA_NODEFER, 0);
	send_self(64, ABI_SI_QUEUE, 20);
	send_self(RT + 1, ABI_SI_QUEUE, 1);
	send_self(RT + 1, ABI_SI_QUEUE, 2);
	send_self(RT, ABI_SI_QUEUE, 10);
	send_self(RT + 1, ABI_SI_QUEUE, 3);
	send_self(SIGTERM, ABI_SI_USER, 0);
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.info.signo, SIGTERM);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		REQUIRE(signal_next(&d));
		CHECK_EQ(d.info.signo, order[i][0]);
		CHECK_EQ(d.info.rt.value, order[i][1]);
	}
	CHECK(!signal_next(&d));
	CHECK_EQ(signal_queue_length, 0);
}

TEST(the_threads_own_come_before_the_processs)
{
	begin();
	handle_all(0, 0);
	send_app(SIGHUP, ABI_SI_USER, 0);
	send_self(SIGTERM, ABI_SI_USER, 0);
	CHECK_EQ(next(), SIGTERM);
	CHECK_EQ(next(), SIGHUP);
	CHECK_EQ(next(), 0);
}

TEST(faults_come_first_and_the_cpus_before_those_sent)
{
	const struct abi_siginfo fault = {.signo = SIGSEGV, .code = ABI_SEGV_MAPERR};

	begin();
	handle_all(0, 0);
	send_self(SIGHUP, ABI_SI_USER, 0);
	send_self(SIGILL, ABI_SI_USER, 0);
	CHECK(signal_force(&fault));
	CHECK_EQ(next(), SIGSEGV);
	CHECK_EQ(next(), SIGILL);
	CHECK_EQ(next(), SIGHUP);
}

TEST(the_queue_is_bounded)
{
	struct signal_delivery d;
	int n = 0;

	begin();
	handle_all(ABI_SA_NODEFER, 0);
	signal_set_blocked(~0ull);
	for (; n < SIGNAL_QUEUE_MAX; n++)
		REQUIRE(send_self(RT + n % 32, ABI_SI_QUEUE, (unsigned)n) == 0);
	CHECK_EQ(send_self(RT, ABI_SI_QUEUE, 0), -EAGAIN);
	CHECK_EQ(send_app(RT, ABI_SI_TKILL, 0), -EAGAIN);
	CHECK_EQ(send_app(RT, ABI_SI_USER, 0), 0);	  /* kill: the number alone */
	CHECK_EQ(send_self(SIGUSR1, ABI_SI_QUEUE, 5), 0); /* has its place */
	signal_set_blocked(0);
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.info.signo, SIGUSR1);
	CHECK_EQ(d.info.rt.value, 5);
	for (; n; n--)
		REQUIRE(signal_next(&d));
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.info.signo, RT);
	CHECK_EQ(d.info.rt.pid, 0); /* nothing is known of it */
	CHECK(!signal_next(&d));
}

TEST(no_memory_is_as_no_room)
{
	begin();
	signal_set_blocked(~0ull);
	fake_kmalloc_fail = 1;
	CHECK_EQ(send_self(RT, ABI_SI_QUEUE, 0), -EAGAIN);
	CHECK_EQ(signal_blocked_pending(), 0);
	fake_kmalloc_fail = 1;
	CHECK_EQ(send_self(RT, ABI_SI_USER, 0), 0);
	CHECK_EQ(signal_blocked_pending(), BIT(RT));
	fake_kmalloc_fail = 1;
	CHECK_EQ(send_self(SIGUSR1, ABI_SI_QUEUE, 0), 0);
	fake_kmalloc_fail = 0;
}

/* ---- ignored, default actions ---- */

TEST(what_is_ignored_is_dropped_unless_blocked)
{
	const struct abi_sigaction ignore = {ABI_SIG_IGN, 0, 0, 0};

	begin();
	signal_action(SIGUSR1, &ignore, NULL);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	send_app(SIGCHLD, ABI_SI_USER, 0);
	CHECK(!(current_thread()->work & WORK_SIGNAL));
	signal_set_blocked(BIT(SIGUSR1) | BIT(SIGCHLD));
	send_self(SIGUSR1, ABI_SI_USER, 0);
	send_app(SIGCHLD, ABI_SI_USER, 0);
	CHECK_EQ(signal_blocked_pending(), BIT(SIGUSR1) | BIT(SIGCHLD));
	signal_set_blocked(0);
	CHECK(current_thread()->work & WORK_SIGNAL);
	CHECK_EQ(next(), 0);
	CHECK(!(current_thread()->work & WORK_SIGNAL));
}

TEST(ignoring_discards_what_is_pending)
{
	const struct abi_sigaction act = {ABI_SIG_IGN, 0, 0, 0}, dfl = {ABI_SIG_DFL, 0, 0, 0};

	begin();
	signal_set_blocked(~0ull);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	send_app(SIGUSR1, ABI_SI_USER, 0);
	send_self(RT, ABI_SI_QUEUE, 1);
	send_self(RT, ABI_SI_QUEUE, 2);
	send_app(SIGCHLD, ABI_SI_USER, 0);
	signal_action(SIGUSR1, &act, NULL);
	signal_action(RT, &act, NULL);
	CHECK_EQ(signal_blocked_pending(), BIT(SIGCHLD));
	CHECK_EQ(signal_queue_length, 0);
	signal_action(SIGCHLD, &dfl, NULL);
	CHECK_EQ(signal_blocked_pending(), 0);
}

TEST(continue_and_stop_undo_each_other)
{
	begin();
	signal_set_blocked(~0ull);
	send_self(SIGTSTP, ABI_SI_USER, 0);
	send_app(SIGTTIN, ABI_SI_USER, 0);
	send_app(SIGCONT, ABI_SI_USER, 0);
	CHECK_EQ(signal_blocked_pending(), BIT(SIGCONT));
	send_self(SIGTTOU, ABI_SI_USER, 0);
	CHECK_EQ(signal_blocked_pending(), BIT(SIGTTOU));
}

static int ends_with(int sig)
{
	begin();
	fake_user_reports = 0;
	fake_end_status = -1;
	CHECK_PANIC({
		send_self(sig, ABI_SI_USER, 0);
		CHECK_EQ(next(), 0);
		process_kill(-2);
	});
	return fake_end_status;
}

TEST(default_actions)
{
	static const int dumps[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
				    SIGFPE,  SIGSEGV, SIGSYS,  SIGXCPU, SIGXFSZ};
	static const int ends[] = {SIGHUP,  SIGINT,  SIGKILL, SIGUSR1,	 SIGUSR2,
				   SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGVTALRM,
				   SIGPROF, SIGIO,   SIGPWR,  RT,	 64};
	static const int nothing[] = {SIGCHLD, SIGCONT, SIGURG,	 SIGWINCH,
				      SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		CHECK_EQ(ends_with(dumps[i]), dumps[i]);
		CHECK_EQ(fake_user_reports, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		CHECK_EQ(ends_with(ends[i]), ends[i]);
		CHECK_EQ(fake_user_reports, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		CHECK_EQ(ends_with(nothing[i]), -2);
}

TEST(kill_comes_before_everything)
{
	const struct abi_siginfo fault = {.signo = SIGSEGV, .code = ABI_SEGV_MAPERR};
	struct signal_delivery d;

	begin();
	handle_all(0, 0);
	signal_set_blocked(~0ull);
	send_self(SIGHUP, ABI_SI_USER, 0);
	CHECK(!signal_force(&fault));
	send_app(SIGKILL, ABI_SI_USER, 0);
	CHECK(current_thread()->work & WORK_SIGNAL);
	CHECK_PANIC(signal_next(&d));
	CHECK_EQ(fake_end_status, SIGKILL);
}

/* ---- handlers ---- */

TEST(a_handler_blocks_its_signal_and_its_mask)
{
	struct signal_delivery d;

	begin();
	signal_set_blocked(BIT(SIGHUP));
	handle_all(0, BIT(SIGUSR2) | BIT(SIGKILL) | BIT(SIGSTOP));
	send_self(SIGUSR1, ABI_SI_USER, 0);
	send_self(SIGUSR2, ABI_SI_USER, 0);
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.frame_mask, BIT(SIGHUP));
	signal_handler_begins(&d);
	CHECK_EQ(current_thread()->signals.blocked, BIT(SIGHUP) | BIT(SIGUSR1) | BIT(SIGUSR2));
	CHECK(!(current_thread()->work & WORK_SIGNAL)); /* the second one waits */
	signal_set_blocked(d.frame_mask);		/* sigreturn */
	CHECK(current_thread()->work & WORK_SIGNAL);
	CHECK_EQ(next(), SIGUSR2);
}

TEST(nodefer_leaves_the_signal_open)
{
	begin();
	handle_all(ABI_SA_NODEFER, 0);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	CHECK_EQ(next(), SIGUSR1);
	CHECK_EQ(current_thread()->signals.blocked, 0);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	CHECK_EQ(next(), SIGUSR1);
}

TEST(resethand_runs_once)
{
	struct abi_sigaction old;

	begin();
	handle_all(ABI_SA_RESETHAND | ABI_SA_NODEFER, 0);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	CHECK_EQ(next(), SIGUSR1);
	CHECK_EQ(signal_action(SIGUSR1, NULL, &old), 0);
	CHECK_EQ(old.handler, ABI_SIG_DFL);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	CHECK_PANIC(next());
	CHECK_EQ(fake_end_status, SIGUSR1);
}

TEST(force_needs_a_handler_that_may_run)
{
	const struct abi_siginfo fault = {.signo = SIGSEGV, .code = 1, .fault.address = 0x1234};
	const struct abi_sigaction ignore = {ABI_SIG_IGN, 0, 0, 0};
	struct signal_delivery d;

	begin();
	CHECK(!signal_force(&fault));
	signal_action(SIGSEGV, &ignore, NULL);
	CHECK(!signal_force(&fault));
	handle_all(0, 0);
	signal_set_blocked(BIT(SIGSEGV));
	CHECK(!signal_force(&fault));
	signal_set_blocked(0);
	send_self(SIGSEGV, ABI_SI_USER, 99);
	CHECK(signal_force(&fault));
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.info.fault.address, 0x1234); /* what the CPU did, not what was sent */
	CHECK_EQ(d.info.code, 1);
	CHECK_EQ(next(), 0);
}

TEST(a_frame_that_fails_is_a_fault)
{
	struct signal_delivery d;

	begin();
	handle_all(0, 0);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	REQUIRE(signal_next(&d));
	signal_frame_failed(&d);
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.info.signo, SIGSEGV);
	CHECK_EQ(d.info.code, ABI_SI_KERNEL);
	CHECK_EQ(d.info.fault.address, 0);
	CHECK_PANIC(signal_frame_failed(&d));
	CHECK_EQ(fake_end_status, SIGSEGV);
	CHECK_EQ(fake_user_reports, 1);
}

/* ---- sets for the time of a call ---- */

TEST(a_handlers_frame_keeps_the_set_that_sigsuspend_replaced)
{
	struct signal_delivery d;

	begin();
	handle_all(0, 0);
	signal_set_blocked(BIT(SIGUSR1) | BIT(SIGHUP));
	send_self(SIGUSR1, ABI_SI_USER, 0);
	signal_set_blocked_for_call(BIT(SIGTERM));
	REQUIRE(signal_next(&d));
	CHECK_EQ(d.frame_mask, BIT(SIGUSR1) | BIT(SIGHUP));
	signal_handler_begins(&d);
	CHECK_EQ(current_thread()->signals.blocked, BIT(SIGTERM) | BIT(SIGUSR1));
	signal_restore_saved(); /* nothing to restore: the frame has it */
	CHECK_EQ(current_thread()->signals.blocked, BIT(SIGTERM) | BIT(SIGUSR1));
}

TEST(without_a_handler_the_exit_restores_the_set)
{
	begin();
	signal_set_blocked(BIT(SIGHUP));
	signal_set_blocked_for_call(0);
	CHECK_EQ(current_thread()->signals.blocked, 0);
	signal_restore_saved();
	CHECK_EQ(current_thread()->signals.blocked, BIT(SIGHUP));
}

/* ---- several threads ---- */

static struct thread second, third;

static void thread_add(struct thread *t, int tid, uint64_t blocked)
{
	memset(t, 0, sizeof(*t));
	t->tid = tid;
	signal_thread_start(t, blocked);
}

static void end_threads(void)
{
	fake_current = list_first(&threads, struct thread, signals.thread);
	signal_thread_exit(&second);
	signal_thread_exit(&third);
}

TEST(a_thread_that_does_not_block_it_is_chosen_and_woken)
{
	begin();
	handle_all(0, 0);
	thread_add(&second, 2, BIT(SIGUSR1));
	thread_add(&third, 3, 0);
	signal_set_blocked(BIT(SIGUSR1));
	second.state = third.state = THREAD_SLEEPING;
	send_app(SIGUSR1, ABI_SI_USER, 0);
	CHECK(!(current_thread()->work & WORK_SIGNAL));
	CHECK(!(second.work & WORK_SIGNAL));
	CHECK_EQ(second.state, THREAD_SLEEPING);
	CHECK(third.work & WORK_SIGNAL);
	CHECK_EQ(third.state, THREAD_RUNNABLE);
	fake_current = &third;
	CHECK_EQ(next(), SIGUSR1);
	end_threads();
}

TEST(what_the_chosen_one_blocks_goes_to_another)
{
	begin();
	handle_all(0, 0);
	thread_add(&second, 2, 0);
	thread_add(&third, 3, BIT(SIGUSR1));
	send_app(SIGUSR1, ABI_SI_USER, 0);
	CHECK(current_thread()->work & WORK_SIGNAL);
	CHECK(!(second.work & WORK_SIGNAL));
	signal_set_blocked(BIT(SIGUSR1));
	CHECK(second.work & WORK_SIGNAL);
	CHECK(!(third.work & WORK_SIGNAL));
	CHECK(!signal_waiting());
	fake_current = &second;
	CHECK(signal_waiting());
	/* As it ends without having taken it. */
	signal_thread_exit(&second);
	fake_current = &third;
	signal_set_blocked(0);
	CHECK_EQ(next(), SIGUSR1);
	end_threads();
}

TEST(nobody_wants_it_it_waits)
{
	begin();
	handle_all(0, 0);
	thread_add(&second, 2, BIT(SIGUSR1));
	signal_set_blocked(BIT(SIGUSR1));
	send_app(SIGUSR1, ABI_SI_USER, 0);
	CHECK(!((second.work | current_thread()->work) & WORK_SIGNAL));
	thread_add(&third, 3, 0);
	CHECK(third.work & WORK_SIGNAL);
	end_threads();
}

TEST(an_ending_thread_frees_its_queue_and_hands_on)
{
	struct abi_siginfo i = sent(RT, ABI_SI_QUEUE, 1);

	begin();
	handle_all(0, 0);
	thread_add(&second, 2, BIT(RT) | BIT(SIGUSR1));
	CHECK_EQ(signal_send_thread(&second, &i), 0);
	CHECK_EQ(signal_send_tid(2, &i), 0);
	CHECK_EQ(signal_queue_length, 2);
	thread_add(&third, 3, 0);
	signal_set_blocked(BIT(SIGUSR1));
	send_app(SIGUSR1, ABI_SI_USER, 0);
	CHECK(third.work & WORK_SIGNAL);
	signal_set_blocked(0); /* it may be taken by two now */
	current_thread()->work = 0;
	fake_current = &third;
	signal_thread_exit(&third);
	CHECK(list_first(&threads, struct thread, signals.thread)->work & WORK_SIGNAL);
	end_threads();
	CHECK_EQ(signal_queue_length, 0);
	CHECK_EQ(signal_send_tid(2, &i), -ESRCH);
}

/* ---- waiting ---- */

static void send_on_sleep(void)
{
	send_app(SIGUSR1, ABI_SI_QUEUE, 42);
}

static void send_other_on_sleep(void)
{
	send_app(SIGUSR2, ABI_SI_USER, 0);
}

TEST(sigtimedwait)
{
	struct abi_siginfo info;

	begin();
	handle_all(0, 0);
	signal_set_blocked(BIT(SIGUSR1) | BIT(RT));
	CHECK_EQ(signal_wait(BIT(SIGUSR1), 0, &info), -EAGAIN);
	CHECK_EQ(signal_wait(BIT(SIGUSR1), fake_clock + 1000, &info), -EAGAIN);
	CHECK_EQ(fake_clock, 1000);
	send_self(RT, ABI_SI_QUEUE, 5);
	CHECK_EQ(signal_wait(BIT(SIGUSR1) | BIT(RT), 0, &info), RT);
	CHECK_EQ(info.rt.value, 5);
	fake_on_sleep = send_on_sleep;
	CHECK_EQ(signal_wait(BIT(SIGUSR1), TIME_NEVER, &info), SIGUSR1);
	CHECK_EQ(info.rt.value, 42);
	CHECK_EQ(current_thread()->signals.awaited, 0);
	CHECK_EQ(next(), 0);
	fake_on_sleep = send_other_on_sleep;
	CHECK_EQ(signal_wait(BIT(SIGUSR1), TIME_NEVER, &info), -EINTR);
	CHECK_EQ(next(), SIGUSR2);
	CHECK_EQ(signal_wait(BIT(SIGKILL) | BIT(SIGSTOP), 0, &info), -EAGAIN);
}

TEST(who_awaits_a_signal_is_woken_although_it_is_blocked)
{
	begin();
	handle_all(0, 0);
	signal_set_blocked(BIT(SIGUSR1));
	thread_add(&second, 2, BIT(SIGUSR1));
	second.signals.awaited = BIT(SIGUSR1);
	second.state = THREAD_SLEEPING;
	send_app(SIGUSR1, ABI_SI_USER, 0);
	CHECK(second.work & WORK_SIGNAL);
	CHECK_EQ(second.state, THREAD_RUNNABLE);
	end_threads();
}
