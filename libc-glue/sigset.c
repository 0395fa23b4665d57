/* SPDX-License-Identifier: MIT */
/* System V's names for what sigaction() and sigprocmask() do. */
#include <signal.h>
#include <stddef.h>

/* The mask with sig blocked or not; what was, or -1. */
static int change(int how, int sig)
{
	sigset_t one, old;

	sigemptyset(&one);
	if (sigaddset(&one, sig) < 0 || sigprocmask(how, &one, &old) < 0)
		return -1;
	return sigismember(&old, sig);
}

int sighold(int sig)
{
	return change(SIG_BLOCK, sig) < 0 ? -1 : 0;
}

int sigrelse(int sig)
{
	return change(SIG_UNBLOCK, sig) < 0 ? -1 : 0;
}

int sigignore(int sig)
{
	struct sigaction ignore = {.sa_flags = 0};

	ignore.sa_handler = SIG_IGN;
	return sigaction(sig, &ignore, NULL);
}

int sigpause(int sig)
{
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigdelset(&mask, sig) < 0 ? -1 : sigsuspend(&mask);
}

_sig_func_ptr sigset(int sig, _sig_func_ptr how)
{
	struct sigaction act = {.sa_flags = 0}, old;
	int held;

	act.sa_handler = how;
	if (sigaction(sig, how == SIG_HOLD ? NULL : &act, &old) < 0)
		return SIG_ERR;
	held = change(how == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, sig);
	if (held < 0)
		return SIG_ERR;
	return held ? SIG_HOLD : old.sa_handler;
}
