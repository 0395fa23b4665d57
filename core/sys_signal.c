/* SPDX-License-Identifier: MIT */
/*
 * Signals as far as the core has them: a signal takes its default action or is ignored; handlers of
 * the app's are refused. Dispositions belong to the app; the app has one thread.
 */
#include <abi/errno.h>
#include <abi/signal.h>
#include <core/log.h>
#include <core/process.h>
#include <core/syscall.h>
#include <core/uaccess.h>

#define SIGNALS 64
#define APP_PID 1

#define SIG_DFL ABI_SIG_DFL
#define SIG_IGN ABI_SIG_IGN

static struct abi_sigaction actions[SIGNALS + 1];

/* What sig does to the app, as the app's only thread sees it. */
static long signal_self(int sig)
{
	if (sig < 0 || sig > SIGNALS)
		return -EINVAL;
	if (actions[sig].handler == SIG_IGN)
		return 0;
	switch (sig) {
	case 0:
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
		return 0;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return -ENOSYS; /* nobody could continue it */
	}
	process_kill(sig);
}

long sys_kill(int pid, int sig)
{
	/* 0 and -1 mean the group and everybody: that is the app. */
	if (pid != APP_PID && pid != 0 && pid != -1)
		return -ESRCH;
	return signal_self(sig);
}

long sys_tgkill(int pid, int tid, int sig)
{
	if (pid <= 0 || tid <= 0)
		return -EINVAL;
	if (pid != APP_PID || tid != APP_PID)
		return -ESRCH;
	return signal_self(sig);
}

long sys_tkill(int tid, int sig)
{
	if (tid <= 0)
		return -EINVAL;
	return tid == APP_PID ? signal_self(sig) : -ESRCH;
}

static int action_set(int sig, const struct abi_sigaction *act)
{
	static bool told;

	if (sig == SIGKILL || sig == SIGSTOP)
		return -EINVAL;
	if (act->handler != SIG_DFL && act->handler != SIG_IGN) {
		if (!told)
			log_warn("app: signal handlers are not there yet (ENOSYS): signal %d", sig);
		told = true;
		return -ENOSYS;
	}
	actions[sig] = *act;
	return 0;
}

long sys_rt_sigaction(int sig, const void __user *act, void __user *old, size_t masksize)
{
	struct abi_sigaction new, was;
	int err = 0;

	if (masksize != sizeof(uint64_t) || sig < 1 || sig > SIGNALS)
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	was = actions[sig];
	if (act)
		err = action_set(sig, &new);
	if (!err && old && copy_to_user(old, &was, sizeof(was)))
		return -EFAULT;
	return err;
}
