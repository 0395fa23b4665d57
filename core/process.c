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

#define STOP_LIMIT_NS \
	(200 * NSEC_PER_MSEC) /* one that does not come out of the core is left there */

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

void process_leave(void)
{
	signal_thread_exit(current_thread());
	thread_exit();
}

static bool any(const struct thread *t)
{
	(void)t;
	return true;
}

/* The other threads end at their next way out to ring 3, where none comes any more. */
static void stop_others(void)
{
	uint64_t limit = time_now() + STOP_LIMIT_NS;

	signal_tell_all();
	while (signal_count_threads(any) && time_now() < limit) {
		sched_yield();
		arch_cpu_relax();
	}
}

/* Only one thread ends the app; it goes on from here. */
static void begin_end(void)
{
	if (__atomic_exchange_n(&ending, true, __ATOMIC_SEQ_CST))
		process_leave();
}

static _Noreturn void end(uint32_t status)
{
	const char record[4] = {status, status >> 8, status >> 16, status >> 24};

	filter_tell_used();
	/* Connections are closed in order: their last segments leave before the machine does. */
	fd_close_all();
	deferred_run();
	output_write(OUTPUT_STATUS, record, sizeof(record));
	arch_power_off(status);
}

_Noreturn void process_exit(int status)
{
	begin_end();
	stop_others();
	log_info("app: exited with status %d", status & 0xff);
	end(status & 0xff);
}

_Noreturn void process_kill(int sig)
{
	const char *name = (unsigned)sig < ARRAY_SIZE(signal_names) ? signal_names[sig] : NULL;

	begin_end();
	stop_others();
	log_err("app: killed by signal %d%s%s", sig, name ? " " : "", name ? name : "");
	end(256 + sig);
}

long sys_exit_group(int status)
{
	process_exit(status);
}
