/* SPDX-License-Identifier: MIT */
/*
 * Prints system calls (core/trace.h). Called by the architecture's slow entry path for threads that
 * have WORK_TRACE. The app's strings are read like any other memory of its: a bad pointer prints as
 * a number.
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/trace.h>
#include <core/uaccess.h>
#include <generated/syscall_numbers.h>

#define LINE_SIZE 220
#define TEXT_MAX  32 /* bytes shown of a string */

struct line {
	char text[LINE_SIZE];
	size_t used;
};

static void put(struct line *l, const char *fmt, ...) __printf(2, 3);
static void put(struct line *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(l->text + l->used, room, fmt, ap);
	va_end(ap);
	l->used += min((size_t)n, room - 1);
}

static const char *error_name(int error)
{
#define NAME(e) [e] = #e
	static const char *const names[] = {
		NAME(EPERM),	    NAME(ENOENT),	NAME(ESRCH),	   NAME(EINTR),
		NAME(EIO),	    NAME(ENXIO),	NAME(E2BIG),	   NAME(ENOEXEC),
		NAME(EBADF),	    NAME(EAGAIN),	NAME(ENOMEM),	   NAME(EACCES),
		NAME(EFAULT),	    NAME(EBUSY),	NAME(EEXIST),	   NAME(EXDEV),
		NAME(ENODEV),	    NAME(ENOTDIR),	NAME(EISDIR),	   NAME(EINVAL),
		NAME(ENFILE),	    NAME(EMFILE),	NAME(ENOTTY),	   NAME(EFBIG),
		NAME(ENOSPC),	    NAME(ESPIPE),	NAME(EROFS),	   NAME(EPIPE),
		NAME(ERANGE),	    NAME(ENAMETOOLONG), NAME(ENOSYS),	   NAME(ENOTEMPTY),
		NAME(ELOOP),	    NAME(EOVERFLOW),	NAME(ENOTSOCK),	   NAME(EDESTADDRREQ),
		NAME(EMSGSIZE),	    NAME(EPROTOTYPE),	NAME(ENOPROTOOPT), NAME(EPROTONOSUPPORT),
		NAME(EOPNOTSUPP),   NAME(EAFNOSUPPORT), NAME(EADDRINUSE),  NAME(EADDRNOTAVAIL),
		NAME(ENETUNREACH),  NAME(ECONNABORTED), NAME(ECONNRESET),  NAME(ENOBUFS),
		NAME(EISCONN),	    NAME(ENOTCONN),	NAME(ETIMEDOUT),   NAME(ECONNREFUSED),
		NAME(EHOSTUNREACH), NAME(EALREADY),	NAME(EINPROGRESS),
	};
#undef NAME
	return (unsigned)error < ARRAY_SIZE(names) ? names[error] : NULL;
}

static void put_text(struct line *l, const char *s, size_t n, bool more)
{
	put(l, "\"");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			put(l, "\\n");
		else if (s[i] == '"' || s[i] == '\\')
			put(l, "\\%c", s[i]);
		else if (s[i] >= ' ' && s[i] < 127)
			put(l, "%c", s[i]);
		else
			put(l, "\\x%02x", (unsigned char)s[i]);
	}
	put(l, "\"%s", more ? "..." : "");
}

static void put_string(struct line *l, uint64_t address)
{
	char s[TEXT_MAX + 1];
	ssize_t n = strncpy_from_user(s, (const char __user *)address, sizeof(s));

	if (n == -ENAMETOOLONG)
		put_text(l, s, TEXT_MAX, true);
	else if (n >= 0)
		put_text(l, s, (size_t)n, false);
	else
		put(l, "%#llx", (unsigned long long)address);
}

static void put_buffer(struct line *l, uint64_t address, uint64_t size)
{
	char s[TEXT_MAX];
	size_t n = min(size, (uint64_t)TEXT_MAX);

	if (copy_from_user(s, (const void __user *)address, n))
		put(l, "%#llx", (unsigned long long)address);
	else
		put_text(l, s, n, size > n);
}

static void put_argument(struct line *l, char kind, const uint64_t *arg)
{
	switch (kind) {
	case 's':
		put_string(l, *arg);
		break;
	case 'b':
		put_buffer(l, arg[0], arg[1]);
		break;
	case 'i':
		put(l, "%d", (int)*arg);
		break;
	case 'l':
		put(l, "%ld", (long)*arg);
		break;
	case 'o':
		put(l, "%#o", (unsigned)*arg);
		break;
	case 'u':
		put(l, "%llu", (unsigned long long)*arg);
		break;
	default:
		put(l, "%#llx", (unsigned long long)*arg);
	}
}

static void put_call(struct line *l, long number, const uint64_t arg[6])
{
	const struct syscall_info *info = NULL;

	if (number >= 0 && number < SYSCALL_COUNT && syscall_infos[number].name)
		info = &syscall_infos[number];
	if (!info) {
		put(l, "syscall_%ld(%#llx, %#llx, %#llx)", number, (unsigned long long)arg[0],
		    (unsigned long long)arg[1], (unsigned long long)arg[2]);
		return;
	}
	put(l, "%s(", info->name);
	for (unsigned i = 0; info->kinds[i]; i++) {
		put(l, i ? ", " : "");
		put_argument(l, info->kinds[i], &arg[i]);
	}
	put(l, ")");
}

void trace_begin(void)
{
	const char *on = cmdline_get(&boot_info.cmdline, "strace");

	if (!on || !strcmp(on, "0"))
		return;
	if (strcmp(on, "1") && *on)
		log_warn("option strace=%s is neither 0 nor 1: 1", on);
	__atomic_or_fetch(&current_thread()->work, WORK_TRACE, __ATOMIC_RELAXED);
}

void trace_enter(long number, const uint64_t arg[6])
{
	struct line l = {.used = 0};

	if (number != SYS_exit && number != SYS_exit_group)
		return;
	put_call(&l, number, arg);
	log_info("strace: %s", l.text);
}

void trace_exit(long number, const uint64_t arg[6], long result)
{
	struct line l = {.used = 0};
	const char *name = result < 0 && result >= -4095 ? error_name((int)-result) : NULL;

	put_call(&l, number, arg);
	if (name)
		put(&l, " = -1 %s", name);
	else if (result >= -4095 && result < 4096 * 1024)
		put(&l, " = %ld", result);
	else
		put(&l, " = %#lx", result);
	log_info("strace: %s", l.text);
}
