// SPDX-License-Identifier: MIT
/*
 * Arguments of system calls in words, by the letter that tools/syscalls.awk gives each. The app's
 * memory is read like any other memory of its: what cannot be read is told as an address, and so is
 * what a call would have written had it succeeded.
 */
#include <abi/epoll.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <abi/stat.h>
#include <abi/time.h>
#include <core/uio.h>

#include "trace_impl.h"

#define TEXT_MAX 32 /* bytes shown of a string or buffer */
#define LIST_MAX 4  /* entries shown of an array */

static void put_pointer(struct trace_line *l, uint64_t address)
{
	if (address)
		trace_put(l, "%#llx", (unsigned long long)address);
	else
		trace_put(l, "NULL");
}

/* Reads n bytes at the address, or tells only that. */
static bool fetch(struct trace_line *l, uint64_t address, void *to, size_t n)
{
	if (address && !copy_from_user(to, (const void __user *)address, n))
		return true;
	put_pointer(l, address);
	return false;
}

static void put_text(struct trace_line *l, const char *s, size_t n, bool more)
{
	trace_put(l, "\"");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			trace_put(l, "\\n");
		else if (s[i] == '"' || s[i] == '\\')
			trace_put(l, "\\%c", s[i]);
		else if (s[i] >= ' ' && s[i] < 127)
			trace_put(l, "%c", s[i]);
		else
			trace_put(l, "\\x%02x", (unsigned char)s[i]);
	}
	trace_put(l, "\"%s", more ? "..." : "");
}

static void put_string(struct trace_line *l, uint64_t address)
{
	char s[TEXT_MAX + 1];
	ssize_t n = strncpy_from_user(s, (const char __user *)address, sizeof(s));

	if (n == -ENAMETOOLONG)
		put_text(l, s, TEXT_MAX, true);
	else if (n >= 0)
		put_text(l, s, (size_t)n, false);
	else
		put_pointer(l, address);
}

static void put_buffer(struct trace_line *l, uint64_t address, uint64_t size)
{
	char s[TEXT_MAX];
	size_t n = min(size, (uint64_t)TEXT_MAX);

	if (fetch(l, address, s, n))
		put_text(l, s, n, size > n);
}

static void put_signal(struct trace_line *l, long sig)
{
	const char *name = trace_signal_name(sig);

	if (name)
		trace_put(l, "%s", name);
	else if (sig >= ABI_SIGRTMIN && sig <= ABI_SIGNALS)
		trace_put(l, "SIGRT_%ld", sig - ABI_SIGRTMIN);
	else
		trace_put(l, "%ld", sig);
}

/* The signals of a set, or of what is not in it where most are. */
static void put_set(struct trace_line *l, uint64_t set)
{
	const char *blank = "";
	unsigned n = 0;
	bool most;

	for (uint64_t s = set; s; s &= s - 1)
		n++;
	most = n > ABI_SIGNALS / 2;
	trace_put(l, most ? "~[" : "[");
	for (set = most ? ~set : set; set; set &= set - 1) {
		trace_put(l, "%s", blank);
		put_signal(l, __builtin_ctzll(set) + 1);
		blank = " ";
	}
	trace_put(l, "]");
}

static void put_sigset(struct trace_line *l, uint64_t address)
{
	uint64_t set;

	if (fetch(l, address, &set, sizeof(set)))
		put_set(l, set);
}

static void put_sigaction(struct trace_line *l, uint64_t address)
{
	struct abi_sigaction a;

	if (!fetch(l, address, &a, sizeof(a)))
		return;
	if (a.handler <= ABI_SIG_IGN)
		trace_put(l, "{%s, ", a.handler == ABI_SIG_IGN ? "SIG_IGN" : "SIG_DFL");
	else
		trace_put(l, "{%#llx, ", (unsigned long long)a.handler);
	put_set(l, a.mask);
	trace_put(l, ", ");
	trace_put_bits(l, trace_action_bits, (uint32_t)a.flags);
	trace_put(l, "}");
}

static void put_sockaddr(struct trace_line *l, uint64_t address, uint64_t len)
{
	union {
		struct abi_sockaddr_in in;
		uint8_t bytes[sizeof(struct abi_sockaddr_in)];
	} a = {.in = {0}};
	const uint8_t *ip = a.bytes + offsetof(struct abi_sockaddr_in, sin_addr);

	if (!fetch(l, address, &a, min(len, (uint64_t)sizeof(a))))
		return;
	trace_put(l, "{");
	trace_put_bits(l, trace_bits('F'), len >= sizeof(a.in.sin_family) ? a.in.sin_family : 0);
	if (len >= sizeof(a.in) && a.in.sin_family == AF_INET)
		trace_put(l, ", %u.%u.%u.%u:%u", ip[0], ip[1], ip[2], ip[3],
			  a.bytes[2] << 8 | a.bytes[3]);
	trace_put(l, "}");
}

/* One that a call wrote; its length is where the next argument points. */
static void put_sockaddr_out(struct trace_line *l, uint64_t address, uint64_t len_at)
{
	uint32_t len;

	if (!address || !len_at || copy_from_user(&len, (const void __user *)len_at, sizeof(len)))
		put_pointer(l, address);
	else
		put_sockaddr(l, address, len);
}

static void put_iovecs(struct trace_line *l, uint64_t address, uint64_t count)
{
	struct iovec v[LIST_MAX];
	unsigned n = (unsigned)min(count, (uint64_t)LIST_MAX);

	if (!fetch(l, address, v, n * sizeof(v[0])))
		return;
	trace_put(l, "[");
	for (unsigned i = 0; i < n; i++)
		trace_put(l, "%s{%#lx, %zu}", i ? ", " : "", (unsigned long)v[i].iov_base,
			  v[i].iov_len);
	trace_put(l, "%s]", count > n ? ", ..." : "");
}

static void put_msghdr(struct trace_line *l, uint64_t address)
{
	struct abi_msghdr m;

	if (!fetch(l, address, &m, sizeof(m)))
		return;
	trace_put(l, "{name=");
	put_sockaddr(l, (uintptr_t)m.msg_name, m.msg_namelen);
	trace_put(l, ", iov=");
	put_iovecs(l, (uintptr_t)m.msg_iov, m.msg_iovlen);
	trace_put(l, ", controllen=%lu}", m.msg_controllen);
}

static void put_pollfds(struct trace_line *l, uint64_t address, uint64_t count, bool done)
{
	struct abi_pollfd p[LIST_MAX];
	unsigned n = (unsigned)min(count, (uint64_t)LIST_MAX);

	if (!fetch(l, address, p, n * sizeof(p[0])))
		return;
	trace_put(l, "[");
	for (unsigned i = 0; i < n; i++) {
		trace_put(l, "%s{%d, ", i ? ", " : "", p[i].fd);
		trace_put_bits(l, trace_poll_bits, (uint16_t)p[i].events);
		if (done && p[i].revents) {
			trace_put(l, " -> ");
			trace_put_bits(l, trace_poll_bits, (uint16_t)p[i].revents);
		}
		trace_put(l, "}");
	}
	trace_put(l, "%s]", count > n ? ", ..." : "");
}

static void put_epoll_events(struct trace_line *l, uint64_t address, uint64_t count)
{
	struct abi_epoll_event e[LIST_MAX];
	unsigned n = (unsigned)min(count, (uint64_t)LIST_MAX);

	if (!fetch(l, address, e, n * sizeof(e[0])))
		return;
	for (unsigned i = 0; i < n; i++) {
		trace_put(l, i ? ", {" : "{");
		trace_put_bits(l, trace_epoll_bits, e[i].events);
		trace_put(l, ", %#lx}", e[i].data);
	}
	trace_put(l, count > n ? ", ..." : "");
}

/* Pairs of seconds and a fraction: struct timespec, timeval, and two of those. */
static void put_times(struct trace_line *l, uint64_t address, unsigned pairs, const char *fraction)
{
	long t[4];

	if (!fetch(l, address, t, pairs * 2 * sizeof(t[0])))
		return;
	trace_put(l, "{");
	for (unsigned i = 0; i < pairs; i++)
		trace_put(l, "%stv_sec=%ld, %s=%ld", i ? "; " : "", t[2 * i], fraction,
			  t[2 * i + 1]);
	trace_put(l, "}");
}

static void put_stat(struct trace_line *l, uint64_t address)
{
	struct abi_stat st;

	if (fetch(l, address, &st, sizeof(st)))
		trace_put(l, "{st_mode=%#o, st_size=%ld}", st.st_mode, st.st_size);
}

/* An option's value, where it is a number. */
static void put_value(struct trace_line *l, uint64_t address, uint64_t len)
{
	int v;

	if (len != sizeof(v))
		put_pointer(l, address);
	else if (fetch(l, address, &v, sizeof(v)))
		trace_put(l, "[%d]", v);
}

static void put_pair(struct trace_line *l, uint64_t address)
{
	int v[2];

	if (fetch(l, address, v, sizeof(v)))
		trace_put(l, "[%d, %d]", v[0], v[1]);
}

/* An option's name goes with the level before it. */
static void put_option(struct trace_line *l, uint64_t level, uint64_t name)
{
	if ((int)level == SOL_SOCKET)
		trace_put_bits(l, trace_socket_options, (uint32_t)name);
	else if ((int)level == IPPROTO_TCP)
		trace_put_bits(l, trace_tcp_options, (uint32_t)name);
	else
		trace_put(l, "%d", (int)name);
}

/* What the app gave; false if the kind is none of these. */
static bool put_input(struct trace_line *l, char kind, const uint64_t *arg)
{
	switch (kind) {
	case 's':
		put_string(l, *arg);
		return true;
	case 'b':
		put_buffer(l, arg[0], arg[1]);
		return true;
	case 'E':
		put_value(l, arg[0], (uint32_t)arg[1]);
		return true;
	case 'a':
		put_sockaddr(l, arg[0], (uint32_t)arg[1]);
		return true;
	case 'v':
		put_iovecs(l, arg[0], arg[1]);
		return true;
	case 'm':
		put_msghdr(l, *arg);
		return true;
	case '2':
		put_epoll_events(l, *arg, 1);
		return true;
	case 't':
		put_times(l, *arg, 1, "tv_nsec");
		return true;
	case '7':
		put_times(l, *arg, 2, "tv_nsec");
		return true;
	case 'I':
		put_times(l, *arg, 2, "tv_usec");
		return true;
	case 'z':
		put_sigset(l, *arg);
		return true;
	case 'j':
		put_sigaction(l, *arg);
		return true;
	}
	return false;
}

/* What the call wrote, having succeeded; false if the kind is none of these. */
static bool put_output(struct trace_line *l, char kind, const uint64_t *arg, long result)
{
	switch (kind) {
	case 'B':
		put_buffer(l, *arg, (uint64_t)result);
		return true;
	case 'y':
		put_sockaddr_out(l, arg[0], arg[1]);
		return true;
	case '3':
		trace_put(l, "[");
		put_epoll_events(l, *arg, (uint64_t)result);
		trace_put(l, "]");
		return true;
	case 'T':
		put_times(l, *arg, 1, "tv_nsec");
		return true;
	case 'V':
		put_times(l, *arg, 1, "tv_usec");
		return true;
	case '8':
		put_times(l, *arg, 2, "tv_nsec");
		return true;
	case 'L':
		put_times(l, *arg, 2, "tv_usec");
		return true;
	case 'S':
		put_stat(l, *arg);
		return true;
	case 'e':
		put_pair(l, *arg);
		return true;
	case 'Z':
		put_sigset(l, *arg);
		return true;
	case 'J':
		put_sigaction(l, *arg);
		return true;
	}
	return false;
}

static void put_plain(struct trace_line *l, char kind, uint64_t arg)
{
	switch (kind) {
	case 'd':
		if ((int)arg == AT_FDCWD) {
			trace_put(l, "AT_FDCWD");
			break;
		}
		/* fallthrough */
	case 'i':
		trace_put(l, "%d", (int)arg);
		break;
	case 'g':
		put_signal(l, (int)arg);
		break;
	case 'l':
		trace_put(l, "%ld", (long)arg);
		break;
	case 'o':
		trace_put(l, "%#o", (unsigned)arg);
		break;
	case 'u':
		trace_put(l, "%llu", (unsigned long long)arg);
		break;
	case 'x':
		trace_put(l, "%#llx", (unsigned long long)arg);
		break;
	default:
		put_pointer(l, arg);
	}
}

void trace_put_argument(struct trace_line *l, char kind, const uint64_t arg[6], unsigned i,
			bool done, long result)
{
	const struct trace_bits *bits = trace_bits(kind);
	bool good = done && result >= 0;

	if (bits)
		trace_put_bits(l, bits, (uint32_t)arg[i]);
	else if (kind == 'q')
		put_pollfds(l, arg[i], (uint32_t)arg[i + 1], good);
	else if (kind == 'W')
		put_option(l, arg[i - 1], arg[i]);
	else if (!put_input(l, kind, &arg[i]) && !(good && put_output(l, kind, &arg[i], result)))
		put_plain(l, kind, arg[i]);
}
