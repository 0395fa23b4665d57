/* SPDX-License-Identifier: MIT */
/*
 * The tracer (core/trace.h): which calls are told of, and the lines. Arguments are trace_args.c's.
 * Called by the architecture's slow entry path and by signal delivery, for threads that have
 * WORK_TRACE.
 */
#include <core/boot.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall_info.h>
#include <core/syscall_set.h>
#include <core/trace.h>

#include "trace_impl.h"

/* What the option names; calls outside the table are told of only with all. */
static struct syscall_set chosen __ro_after_init;
static bool all __ro_after_init, traced __ro_after_init;

void trace_put(struct trace_line *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(l->text + l->used, room, fmt, ap);
	va_end(ap);
	l->used += min((size_t)n, room - 1);
}

static bool tracing(void)
{
	return READ_ONCE(current_thread()->work) & WORK_TRACE;
}

static bool tells_of(long number)
{
	return tracing() && (all || syscall_set_has(&chosen, number));
}

/* A line, with the thread's number where the app has more than one. */
static void tell(const struct trace_line *l)
{
	int tid = current_thread()->tid;

	if (tid == 1)
		log_info("strace: %s", l->text);
	else
		log_info("strace: [%d] %s", tid, l->text);
}

static void put_call(struct trace_line *l, long number, const uint64_t arg[6], bool done,
		     long result)
{
	const struct syscall_info *info = NULL;

	if (number >= 0 && number < SYSCALL_COUNT && syscall_infos[number].name)
		info = &syscall_infos[number];
	if (!info) {
		trace_put(l, "syscall_%ld(%#llx, %#llx, %#llx)", number, (unsigned long long)arg[0],
			  (unsigned long long)arg[1], (unsigned long long)arg[2]);
		return;
	}
	trace_put(l, "%s(", info->name);
	for (unsigned i = 0; info->kinds[i]; i++) {
		trace_put(l, i ? ", " : "");
		trace_put_argument(l, info->kinds[i], arg, i, done, result);
	}
	trace_put(l, ")");
}

static void put_result(struct trace_line *l, long result)
{
	const char *name = result < 0 && result >= -4095 ? trace_error_name(-result) : NULL;

	if (name)
		trace_put(l, " = %s %s", -result >= ERESTARTSYS ? "?" : "-1", name);
	else if (result >= -4095 && result < 4096 * 1024)
		trace_put(l, " = %ld", result);
	else
		trace_put(l, " = %#lx", result);
}

void trace_enter(long number, const uint64_t arg[6])
{
	struct trace_line l = {.used = 0};

	if (!tells_of(number))
		return;
	if (number != SYS_exit && number != SYS_exit_group && number != SYS_rt_sigreturn)
		return;
	put_call(&l, number, arg, false, 0);
	tell(&l);
}

void trace_exit(long number, const uint64_t arg[6], long result)
{
	struct trace_line l = {.used = 0};

	if (!tells_of(number))
		return;
	put_call(&l, number, arg, true, result);
	put_result(&l, result);
	tell(&l);
}

void trace_signal(const struct abi_siginfo *info)
{
	struct trace_line l = {.used = 0};
	const char *name = trace_signal_name(info->signo);
	const char *code = trace_signal_code(info->signo, info->code);

	if (!tracing())
		return;
	trace_put(&l, "--- ");
	if (name)
		trace_put(&l, "%s", name);
	else
		trace_put(&l, "signal %d", info->signo);
	if (code)
		trace_put(&l, " {si_code=%s", code);
	else
		trace_put(&l, " {si_code=%d", info->code);
	if (info->signo == SIGSYS && info->code > 0)
		trace_put(&l, ", si_syscall=%d, si_call_addr=%#llx", info->syscall.number,
			  (unsigned long long)info->syscall.call_address);
	else if (info->code > 0 && info->code < ABI_SI_KERNEL)
		trace_put(&l, ", si_addr=%#llx", (unsigned long long)info->fault.address);
	else if (info->code <= 0 && info->code != ABI_SI_TIMER)
		trace_put(&l, ", si_pid=%d", info->rt.pid);
	trace_put(&l, "} ---");
	tell(&l);
}

/* The option's value: a switch, or names. */
void trace_init(void)
{
	const char *on = cmdline_get(&boot_info.cmdline, "strace");
	struct syscall_names bad;

	if (!on || !strcmp(on, "0"))
		return;
	all = !*on || !strcmp(on, "1");
	if (!all && syscall_set_parse(&chosen, on, strlen(on), &bad)) {
		log_warn("option strace=%s: %.*s is no system call, nor is it 0 or 1: all are "
			 "traced",
			 on, (int)bad.len, bad.name);
		all = true;
	}
	traced = true;
}

void trace_begin(void)
{
	if (traced)
		__atomic_or_fetch(&current_thread()->work, WORK_TRACE, __ATOMIC_RELAXED);
}
