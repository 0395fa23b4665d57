/* SPDX-License-Identifier: MIT */
/*
 * System calls on signals: they check and copy, core/signal.c does the rest. The errors and their
 * order are Linux's. Owns nothing.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>

/* ---- sending ---- */

static int check_number(int sig)
{
	return sig < 0 || sig > ABI_SIGNALS ? -EINVAL : 0;
}

/* To the app, by process number. Signal 0 only asks. */
static long send_process(int pid, const struct abi_siginfo *info)
{
	int err;

	if (pid != APP_PID)
		return -ESRCH;
	err = check_number(info->signo);
	return err || !info->signo ? err : signal_send_process(info);
}

/* To one of its threads. */
static long send_thread(int tid, const struct abi_siginfo *info)
{
	int err = check_number(info->signo);

	/* Whether there is such a thread is told first. */
	if (err) {
		const struct abi_siginfo nothing = {.signo = 0};

		return signal_send_tid(tid, &nothing) ?: err;
	}
	return signal_send_tid(tid, info);
}

/*
 * 0 and -1 are groups: the app's own, and all processes but the first and the caller, which leaves
 * none. So is any other negative number: there is no other group.
 */
long sys_kill(int pid, int sig)
{
	const struct abi_siginfo info = {
		.signo = sig, .code = ABI_SI_USER, .rt = {.pid = APP_PID, .uid = process_user()}};

	return send_process(pid ? pid : APP_PID, &info);
}

static long do_tkill(int tid, int sig)
{
	const struct abi_siginfo info = {
		.signo = sig, .code = ABI_SI_TKILL, .rt = {.pid = APP_PID, .uid = process_user()}};

	return send_thread(tid, &info);
}

long sys_tgkill(int pid, int tid, int sig)
{
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	return pid == APP_PID ? do_tkill(tid, sig) : -ESRCH;
}

long sys_tkill(int tid, int sig)
{
	return tid <= 0 ? -EINVAL : do_tkill(tid, sig);
}

/* Linux's codes for what one program sends another: 0 down to SI_ASYNCNL's neighbours. */
#define KNOWN_CODE_MIN (-7)

/*
 * What is kept of a siginfo is its first 48 bytes: who sends a kind we do not know must not have
 * more in it.
 */
static int get_info(struct abi_siginfo *info, int sig, const void __user *from)
{
	const uint8_t *rest = (const uint8_t *)info + sizeof(struct signal_info);

	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	info->signo = sig;
	if (info->code <= ABI_SI_USER && info->code >= KNOWN_CODE_MIN)
		return 0;
	for (size_t i = 0; i < sizeof(*info) - sizeof(struct signal_info); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

/* To itself a process may tell anything; and there is no other. */
long sys_rt_sigqueueinfo(int pid, int sig, const void __user *uinfo)
{
	struct abi_siginfo info;
	int err = get_info(&info, sig, uinfo);

	if (err)
		return err;
	if (pid != APP_PID && (info.code >= 0 || info.code == ABI_SI_TKILL))
		return -EPERM;
	return send_process(pid, &info);
}

long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, const void __user *uinfo)
{
	struct abi_siginfo info;
	int err = get_info(&info, sig, uinfo);

	if (err)
		return err;
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (tid != current_thread()->tid && (info.code >= 0 || info.code == ABI_SI_TKILL))
		return -EPERM;
	return pid == APP_PID ? send_thread(tid, &info) : -ESRCH;
}

/* ---- dispositions and sets ---- */

long sys_rt_sigaction(int sig, const void __user *act, void __user *old, size_t masksize)
{
	struct abi_sigaction new, was;
	int err;

	if (masksize != sizeof(uint64_t))
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	err = signal_action(sig, act ? &new : NULL, &was);
	if (!err && old && copy_to_user(old, &was, sizeof(was)))
		err = -EFAULT;
	return err;
}

long sys_rt_sigprocmask(int how, const void __user *uset, void __user *old, size_t masksize)
{
	uint64_t was = current_thread()->signals.blocked, set;

	if (masksize != sizeof(set))
		return -EINVAL;
	if (uset) {
		if (copy_from_user(&set, uset, sizeof(set)))
			return -EFAULT;
		if (how == ABI_SIG_BLOCK)
			set |= was;
		else if (how == ABI_SIG_UNBLOCK)
			set = was & ~set;
		else if (how != ABI_SIG_SETMASK)
			return -EINVAL;
		signal_set_blocked(set);
	}
	return old && copy_to_user(old, &was, sizeof(was)) ? -EFAULT : 0;
}

long sys_rt_sigpending(void __user *uset, size_t masksize)
{
	uint64_t set = signal_blocked_pending();

	if (masksize > sizeof(set))
		return -EINVAL;
	return copy_to_user(uset, &set, masksize);
}

/* ---- waiting ---- */

long sys_pause(void)
{
	int err;

	wait_event(err, NULL, TIME_NEVER, false);
	(void)err; /* nothing but a signal ends it */
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const void __user *mask, size_t masksize)
{
	uint64_t set;

	if (masksize != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	signal_set_blocked_for_call(set);
	return sys_pause();
}

long sys_rt_sigtimedwait(const void __user *uset, void __user *uinfo,
			 const struct abi_timespec __user *timeout, size_t masksize)
{
	struct abi_siginfo info;
	uint64_t set, deadline;
	int sig;

	if (masksize != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, uset, sizeof(set)))
		return -EFAULT;
	sig = timeout_from_user(timeout, &deadline);
	if (sig)
		return sig;
	sig = signal_wait(set, deadline, &info);
	if (sig > 0 && uinfo && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

/* The exit to ring 3 has the app make this call when no handler ran. */
long sys_restart_syscall(void)
{
	struct signal_restart *r = &current_thread()->restart;

	return r->fn ? r->fn(r) : -EINTR;
}
