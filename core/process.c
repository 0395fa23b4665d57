/* SPDX-License-Identifier: MIT */
/* The app's end: how it ended goes to the log and, by a status record, to who started the machine. */
#include <abi/signal.h>
#include <arch/cpu.h>
#include <core/deferred.h>
#include <core/file.h>
#include <core/filter.h>
#include <core/log.h>
#include <core/output.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/time.h>

static bool ending;

static const char *const signal_names[] = {
	[SIGHUP] = "SIGHUP",	   [SIGINT] = "SIGINT",	  [SIGQUIT] = "SIGQUIT",
	[SIGILL] = "SIGILL",	   [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",	   [SIGFPE] = "SIGFPE",	  [SIGKILL] = "SIGKILL",
	[SIGUSR1] = "SIGUSR1",	   [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",	   [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
	[SIGSTKFLT] = "SIGSTKFLT", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ",
	[SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGIO] = "SIGIO",
	[SIGPWR] = "SIGPWR",	   [SIGSYS] = "SIGSYS",
};

bool process_ending(void)
{
	return READ_ONCE(ending);
}

static _Noreturn void end(uint32_t status)
{
	const char record[4] = {status, status >> 8, status >> 16, status >> 24};

	WRITE_ONCE(ending, true);
	filter_tell_used();
	/* Connections are closed in order: their last segments leave before the machine does. */
	fd_close_all();
	deferred_run();
	output_write(OUTPUT_STATUS, record, sizeof(record));
	arch_power_off(status);
}

_Noreturn void process_exit(int status)
{
	log_info("app: exited with status %d", status & 0xff);
	end(status & 0xff);
}

_Noreturn void process_kill(int sig)
{
	const char *name = (unsigned)sig < ARRAY_SIZE(signal_names) ? signal_names[sig] : NULL;

	log_err("app: killed by signal %d%s%s", sig, name ? " " : "", name ? name : "");
	end(256 + sig);
}

long sys_exit_group(int status)
{
	process_exit(status);
}
