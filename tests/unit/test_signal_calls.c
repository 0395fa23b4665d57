/* SPDX-License-Identifier: MIT */
/* System calls on signals, what they make of calls that sleep, alternate stacks, the interval timer. */
#include "signal_fixture.h"

/* ---- the calls ---- */

TEST(kill_and_its_errors)
{
	begin();
	signal_set_blocked(~0ull);
	CHECK_EQ(sys_kill(APP_PID, 0), 0);
	CHECK_EQ(sys_kill(0, 0), 0);
	CHECK_EQ(sys_kill(APP_PID, 65), -EINVAL);
	CHECK_EQ(sys_kill(APP_PID, -1), -EINVAL);
	CHECK_EQ(sys_kill(-1, 0), -ESRCH);
	CHECK_EQ(sys_kill(4711, 65), -ESRCH);
	CHECK_EQ(sys_kill(INT32_MIN, 0), -ESRCH);
	CHECK_EQ(sys_tkill(0, 0), -EINVAL);
	CHECK_EQ(sys_tkill(4711, 65), -ESRCH);
	CHECK_EQ(sys_tkill(1, 65), -EINVAL);
	CHECK_EQ(sys_tkill(1, 0), 0);
	CHECK_EQ(sys_tgkill(0, 1, 0), -EINVAL);
	CHECK_EQ(sys_tgkill(1, -1, 0), -EINVAL);
	CHECK_EQ(sys_tgkill(2, 1, 0), -ESRCH);
	CHECK_EQ(sys_tgkill(1, 1, 0), 0);
	CHECK_EQ(signal_blocked_pending(), 0);
	CHECK_EQ(sys_kill(APP_PID, SIGUSR1), 0);
	CHECK_EQ(sys_tgkill(1, 1, 64), 0);
	CHECK_EQ(signal_blocked_pending(), BIT(SIGUSR1) | BIT(64));
}

TEST(sigaction_keeps_known_flags_only)
{
	const struct abi_sigaction in = {HANDLER, ~0ull, 0x1234, ~0ull};
	void *act = fake_user_dup(&in, sizeof(in)), *old = fake_user_alloc(sizeof(in));
	struct abi_sigaction *out = fake_user_host(old);

	begin();
	CHECK_EQ(sys_rt_sigaction(SIGUSR1, act, old, 8), 0);
	CHECK_EQ(out->handler, 0);
	CHECK_EQ(sys_rt_sigaction(SIGUSR1, NULL, old, 8), 0);
	CHECK_EQ(out->handler, HANDLER);
	CHECK_EQ(out->flags, 0xdc000807);
	CHECK_EQ(out->restorer, 0x1234);
	CHECK_EQ(out->mask, ~SIGNAL_UNBLOCKABLE);
	CHECK_EQ(sys_rt_sigaction(SIGKILL, act, NULL, 8), -EINVAL);
	CHECK_EQ(sys_rt_sigaction(SIGSTOP, act, NULL, 8), -EINVAL);
	CHECK_EQ(sys_rt_sigaction(SIGKILL, NULL, old, 8), 0);
	CHECK_EQ(sys_rt_sigaction(0, NULL, NULL, 8), -EINVAL);
	CHECK_EQ(sys_rt_sigaction(65, NULL, NULL, 8), -EINVAL);
	CHECK_EQ(sys_rt_sigaction(65, (void *)16, NULL, 8), -EFAULT);
	CHECK_EQ(sys_rt_sigaction(SIGUSR1, act, NULL, 16), -EINVAL);
	CHECK_EQ(sys_rt_sigaction(SIGUSR1, NULL, (void *)16, 8), -EFAULT);
}

TEST(sigprocmask)
{
	uint64_t *set = fake_user_alloc(8), *old = fake_user_alloc(8);
	uint64_t *host = fake_user_host(set), *was = fake_user_host(old);

	begin();
	*host = ~0ull;
	CHECK_EQ(sys_rt_sigprocmask(ABI_SIG_SETMASK, set, old, 8), 0);
	CHECK_EQ(*was, 0);
	CHECK_EQ(current_thread()->signals.blocked, ~SIGNAL_UNBLOCKABLE);
	*host = BIT(SIGHUP);
	CHECK_EQ(sys_rt_sigprocmask(ABI_SIG_UNBLOCK, set, old, 8), 0);
	CHECK_EQ(*was, ~SIGNAL_UNBLOCKABLE);
	CHECK_EQ(current_thread()->signals.blocked, ~(SIGNAL_UNBLOCKABLE | BIT(SIGHUP)));
	CHECK_EQ(sys_rt_sigprocmask(ABI_SIG_BLOCK, set, NULL, 8), 0);
	CHECK_EQ(current_thread()->signals.blocked, ~SIGNAL_UNBLOCKABLE);
	CHECK_EQ(sys_rt_sigprocmask(77, NULL, old, 8), 0); /* how does not matter then */
	CHECK_EQ(sys_rt_sigprocmask(3, set, NULL, 8), -EINVAL);
	CHECK_EQ(sys_rt_sigprocmask(0, set, NULL, 4), -EINVAL);
	CHECK_EQ(sys_rt_sigprocmask(0, (void *)16, NULL, 8), -EFAULT);
	CHECK_EQ(sys_rt_sigprocmask(0, NULL, (void *)16, 8), -EFAULT);
	CHECK_EQ(sys_rt_sigpending(set, 16), -EINVAL);
	CHECK_EQ(sys_rt_sigpending((void *)16, 8), -EFAULT);
	send_self(SIGUSR1, ABI_SI_USER, 0);
	send_app(SIGUSR2, ABI_SI_USER, 0);
	CHECK_EQ(sys_rt_sigpending(set, 8), 0);
	CHECK_EQ(*host, BIT(SIGUSR1) | BIT(SIGUSR2));
}

TEST(sigqueueinfo)
{
	struct abi_siginfo i = sent(1, ABI_SI_QUEUE, 77), got;
	struct abi_siginfo *u = fake_user_dup(&i, sizeof(i)), *host = fake_user_host(u);

	begin();
	signal_set_blocked(~0ull);
	CHECK_EQ(sys_rt_sigqueueinfo(1, RT, u), 0);
	CHECK_EQ(signal_wait(BIT(RT), 0, &got), RT);
	CHECK_EQ(got.signo, RT); /* not what the structure says */
	CHECK_EQ(got.rt.value, 77);
	CHECK_EQ(sys_rt_sigqueueinfo(2, RT, u), -ESRCH);
	CHECK_EQ(sys_rt_sigqueueinfo(1, 65, u), -EINVAL);
	CHECK_EQ(sys_rt_sigqueueinfo(1, RT, (void *)16), -EFAULT);
	CHECK_EQ(sys_rt_tgsigqueueinfo(1, 1, RT, u), 0);
	CHECK_EQ(sys_rt_tgsigqueueinfo(1, 2, RT, u), -ESRCH);
	CHECK_EQ(sys_rt_tgsigqueueinfo(1, 0, RT, u), -EINVAL);
	host->code = ABI_SI_USER;
	CHECK_EQ(sys_rt_sigqueueinfo(2, RT, u), -EPERM);
	CHECK_EQ(sys_rt_tgsigqueueinfo(1, 2, RT, u), -EPERM);
	CHECK_EQ(sys_rt_sigqueueinfo(1, RT, u), 0);
	host->bytes[111] = 1;
	CHECK_EQ(sys_rt_sigqueueinfo(1, RT, u), 0); /* a kind whose fields are known */
	host->code = -20;
	CHECK_EQ(sys_rt_sigqueueinfo(1, RT, u), -E2BIG);
}

static void tell_on_sleep(void)
{
	send_self(SIGUSR1, ABI_SI_USER, 0);
}

TEST(calls_broken_off_by_a_signal)
{
	struct {
		long sec, nsec;
	} one = {1, 0}, *req = fake_user_dup(&one, sizeof(one)),
	  *rem = fake_user_alloc(sizeof(one)), *left = fake_user_host(rem);
	uint64_t *set = fake_user_dup(&(uint64_t){BIT(SIGUSR1)}, 8);

	begin();
	handle_all(0, 0);
	fake_on_sleep = tell_on_sleep;
	CHECK_EQ(sys_pause(), -ERESTARTNOHAND);
	CHECK_EQ(next(), SIGUSR1);
	signal_set_blocked(0);
	CHECK_EQ(sys_poll(NULL, 0, -1), -ERESTART_RESTARTBLOCK);
	CHECK_EQ(next(), SIGUSR1);
	signal_set_blocked(0);
	CHECK_EQ(sys_poll(NULL, 0, 5), -ERESTART_RESTARTBLOCK);
	CHECK_EQ(next(), SIGUSR1);
	fake_on_sleep = NULL;
	CHECK_EQ(sys_restart_syscall(), 0); /* sleeps the rest */
	CHECK_EQ(fake_clock, 5 * NSEC_PER_MSEC);
	signal_set_blocked(0);
	fake_on_sleep = tell_on_sleep;
	fake_clock_advance(100);
	CHECK_EQ(sys_nanosleep((void *)req, (void *)rem), -ERESTART_RESTARTBLOCK);
	CHECK_EQ(left->sec, 1);
	CHECK_EQ(next(), SIGUSR1);
	fake_on_sleep = NULL;
	CHECK_EQ(sys_restart_syscall(), 0);
	CHECK_EQ(fake_clock, NSEC_PER_SEC + 5 * NSEC_PER_MSEC + 100);
	current_thread()->restart.fn = NULL;
	CHECK_EQ(sys_restart_syscall(), -EINTR);
	one.sec = 1000;
	memcpy(fake_user_host(req), &one, sizeof(one));
	signal_set_blocked(0);
	fake_on_sleep = tell_on_sleep;
	CHECK_EQ(sys_clock_nanosleep(1, 1, (void *)req, NULL), -ERESTARTNOHAND);
	CHECK_EQ(next(), SIGUSR1);
	/* ppoll: the mask lets the pending one through, though it would not wait. */
	signal_set_blocked(BIT(SIGUSR1));
	send_self(SIGUSR1, ABI_SI_USER, 0);
	memset(fake_user_host(set), 0, 8);
	one.sec = 0;
	memcpy(fake_user_host(req), &one, sizeof(one));
	CHECK_EQ(sys_ppoll(NULL, 0, (void *)req, set, 8), -ERESTARTNOHAND);
	CHECK_EQ(next(), SIGUSR1);
	signal_set_blocked(BIT(SIGHUP));
	CHECK_EQ(sys_ppoll(NULL, 0, (void *)req, set, 8), 0);
	CHECK_EQ(current_thread()->signals.blocked, BIT(SIGHUP));
}

/* ---- the alternate stack ---- */

static long altstack_set(uint64_t sp, uint32_t flags, uint64_t size)
{
	const struct abi_stack ss = {.sp = sp, .flags = (int32_t)flags, .size = size};

	return sys_sigaltstack(fake_user_dup(&ss, sizeof(ss)), NULL);
}

static uint32_t altstack_flags(uintptr_t sp)
{
	return (uint32_t)signal_altstack_get(sp).flags;
}

TEST(altstack_rules)
{
	struct signal_delivery d = {.action.flags = ABI_SA_ONSTACK};
	struct abi_stack *old = fake_user_alloc(sizeof(*old)), *was = fake_user_host(old);

	begin();
	CHECK_EQ(altstack_flags(0x5000), ABI_SS_DISABLE);
	CHECK_EQ(signal_stack(&d, 0x9000), 0x9000);
	CHECK_EQ(altstack_set(0x10000, 0, ABI_MINSIGSTKSZ - 1), -ENOMEM);
	CHECK_EQ(altstack_set(0x10000, 4, 8192), -EINVAL);
	CHECK_EQ(altstack_set(0x10000, 0, 8192), 0);
	CHECK_EQ(altstack_flags(0x9000), 0);
	CHECK_EQ(altstack_flags(0x10000), 0); /* the lowest byte is below the stack */
	CHECK_EQ(altstack_flags(0x10001), ABI_SS_ONSTACK);
	CHECK_EQ(altstack_flags(0x12000), ABI_SS_ONSTACK);
	CHECK_EQ(altstack_flags(0x12001), 0);
	CHECK_EQ(signal_stack(&d, 0x9000), 0x12000);
	CHECK_EQ(signal_stack(&d, 0x11000), 0x11000); /* it is there already */
	d.action.flags = 0;
	CHECK_EQ(signal_stack(&d, 0x9000), 0x9000);
	fake_user_sp = 0x11000;
	CHECK_EQ(altstack_set(0x20000, 0, 8192), -EPERM);
	CHECK_EQ(altstack_set(0, ABI_SS_DISABLE, 0), -EPERM);
	CHECK_EQ(sys_sigaltstack(NULL, old), 0);
	CHECK_EQ(was->sp, 0x10000);
	CHECK_EQ(was->size, 8192);
	CHECK_EQ(was->flags, ABI_SS_ONSTACK);
	fake_user_sp = 0x9000;
	CHECK_EQ(altstack_set(0x777, ABI_SS_DISABLE, 1), 0);
	CHECK_EQ(signal_altstack_get(0x9000).sp, 0);
	CHECK_EQ(altstack_flags(0x9000), ABI_SS_DISABLE);
	CHECK_EQ(sys_sigaltstack((void *)16, NULL), -EFAULT);
	CHECK_EQ(sys_sigaltstack(NULL, (void *)16), -EFAULT);
}

TEST(altstack_that_disarms_itself)
{
	struct signal_delivery d = {.action.flags = ABI_SA_ONSTACK};

	begin();
	CHECK_EQ(altstack_set(0x10000, ABI_SS_AUTODISARM, 8192), 0);
	CHECK_EQ(altstack_flags(0x11000), ABI_SS_AUTODISARM);
	CHECK_EQ(signal_stack(&d, 0x9000), 0x12000);
	signal_altstack_entered();
	CHECK_EQ(altstack_flags(0x11000), ABI_SS_DISABLE);
	fake_user_sp = 0x11000;
	CHECK_EQ(altstack_set(0x10000, ABI_SS_ONSTACK | ABI_SS_AUTODISARM, 8192), 0);
	CHECK_EQ(altstack_set(0x10000, ABI_SS_ONSTACK, 8192), 0);
	signal_altstack_entered();
	CHECK_EQ(altstack_flags(0), 0);
	fake_user_sp = 0;
	CHECK_EQ(altstack_set(0, ABI_SS_DISABLE, 0), 0);
}

/* ---- the interval timer ---- */

static long set_timer(long interval_us, long value_us)
{
	struct abi_itimerval v = {{interval_us / 1000000, interval_us % 1000000},
				  {value_us / 1000000, value_us % 1000000}};

	return sys_setitimer(0, fake_user_dup(&v, sizeof(v)), NULL);
}

static long timer_left(void)
{
	struct abi_itimerval *u = fake_user_alloc(sizeof(*u)), *v = fake_user_host(u);

	CHECK_EQ(sys_getitimer(0, u), 0);
	return v->it_value.tv_sec * 1000000 + v->it_value.tv_usec;
}

TEST(itimer_goes_on_when_its_signal_is_taken)
{
	begin();
	handle_all(ABI_SA_NODEFER, 0);
	CHECK_EQ(set_timer(100, 1000), 0);
	CHECK_EQ(timer_left(), 1000);
	fake_clock_advance(999 * 1000);
	CHECK_EQ(next(), 0);
	fake_clock_advance(1000);
	CHECK_EQ(timer_left(), 0);
	fake_clock_advance(250 * 1000); /* nobody looks: no second one, and no storm */
	CHECK_EQ(next(), SIGALRM);
	CHECK_EQ(next(), 0);
	CHECK_EQ(timer_left(), 50); /* at a whole number of intervals */
	fake_clock_advance(50 * 1000);
	CHECK_EQ(next(), SIGALRM);
	CHECK_EQ(set_timer(0, 0), 0);
	CHECK_EQ(timer_left(), 0);
	fake_clock_advance(NSEC_PER_SEC);
	CHECK_EQ(next(), 0);
}

TEST(itimer_ignored_meanwhile_goes_on)
{
	const struct abi_sigaction ignore = {ABI_SIG_IGN, 0, 0, 0};

	begin();
	signal_action(SIGALRM, &ignore, NULL);
	CHECK_EQ(set_timer(100, 100), 0);
	fake_clock_advance(1000 * 1000);
	handle_all(0, 0);
	fake_clock_advance(100 * 1000);
	CHECK_EQ(next(), SIGALRM);
	CHECK_EQ(set_timer(0, 0), 0);
}

TEST(alarm_and_errors)
{
	struct abi_itimerval bad = {{0, 0}, {0, 1000000}};

	begin();
	handle_all(0, 0);
	CHECK_EQ(sys_alarm(10), 0);
	fake_clock_advance(9 * NSEC_PER_SEC + NSEC_PER_SEC / 2 + 1);
	CHECK_EQ(sys_alarm(1), 1); /* never 0 while it runs */
	fake_clock_advance(NSEC_PER_SEC);
	CHECK_EQ(next(), SIGALRM);
	CHECK_EQ(sys_alarm(0), 0);
	CHECK_EQ(sys_setitimer(0, fake_user_dup(&bad, sizeof(bad)), NULL), -EINVAL);
	bad.it_value.tv_usec = -1;
	CHECK_EQ(sys_setitimer(0, fake_user_dup(&bad, sizeof(bad)), NULL), -EINVAL);
	CHECK_EQ(sys_setitimer(0, (void *)16, NULL), -EFAULT);
	CHECK_EQ(sys_setitimer(0, NULL, (void *)16), -EFAULT);
	CHECK_EQ(sys_setitimer(3, NULL, NULL), -EINVAL);
	CHECK_EQ(sys_getitimer(3, NULL), -EINVAL);
	CHECK_EQ(sys_getitimer(0, (void *)16), -EFAULT);
}
