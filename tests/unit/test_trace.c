/* SPDX-License-Identifier: MIT */
/*
 * The tracer's lines: arguments in words, results, signals; pointers that lead nowhere; what is not
 * chosen. And sets of system calls as text.
 */
#define _GNU_SOURCE
#include <string.h>

#include <abi/epoll.h>
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>
#include <abi/signal.h>
#include <abi/socket.h>
#include <core/boot.h>
#include <core/sched.h>
#include <core/syscall_info.h>
#include <core/syscall_set.h>
#include <core/trace.h>

#include "test.h"

/* The host's, whose headers would clash with ours. */
const char *strerrorname_np(int error);
const char *sigabbrev_np(int sig);

#define PTR(p) ((uint64_t)(uintptr_t)(p))
#define BAD    0x1000ul

static void option(const char *text)
{
	const char *why;

	memset(&boot_info.cmdline, 0, sizeof(boot_info.cmdline));
	REQUIRE(!cmdline_add(&boot_info.cmdline, text, &why));
	trace_init();
	trace_begin();
}

/* The line for a call that gave result. */
static const char *line(long number, const uint64_t arg[6], long result)
{
	unsigned before = fake_log_lines;

	option("strace=1");
	trace_exit(number, arg, result);
	CHECK_EQ(fake_log_lines, before + 1);
	return fake_log_last;
}

#define LINE(number, result, ...) line(number, (const uint64_t[6]){__VA_ARGS__}, result)

TEST(trace_epoll)
{
	const struct abi_epoll_event events[] = {{EPOLLIN | EPOLLET, 5},
						 {EPOLLOUT | EPOLLHUP, 0x123456789abc}};
	void *e = fake_user_dup(events, sizeof(events));

	CHECK_STR(LINE(SYS_epoll_ctl, 0, 3, EPOLL_CTL_ADD, 4, PTR(e)),
		  "strace: epoll_ctl(3, EPOLL_CTL_ADD, 4, {EPOLLIN|EPOLLET, 0x5}) = 0");
	CHECK_STR(LINE(SYS_epoll_wait, 2, 3, PTR(e), 8, -1ul),
		  "strace: epoll_wait(3, [{EPOLLIN|EPOLLET, 0x5}, {EPOLLOUT|EPOLLHUP, "
		  "0x123456789abc}], 8, -1) = 2");
	CHECK_STR(LINE(SYS_epoll_wait, 0, 3, PTR(e), 8, 0), "strace: epoll_wait(3, [], 8, 0) = 0");
	CHECK_STR(LINE(SYS_epoll_ctl, -EBADF, 3, EPOLL_CTL_DEL, 4, 0),
		  "strace: epoll_ctl(3, EPOLL_CTL_DEL, 4, NULL) = -1 EBADF");
}

TEST(trace_text)
{
	char *s = fake_user_str("a \"b\"\n\\\x01");

	CHECK_STR(LINE(SYS_write, 7, 1, PTR(s), 7),
		  "strace: write(1, \"a \\\"b\\\"\\n\\\\\", 7) = 7");
	CHECK_STR(LINE(SYS_read, 8, 0, PTR(s), 100),
		  "strace: read(0, \"a \\\"b\\\"\\n\\\\\\x01\", 100) = 8");
	CHECK_STR(LINE(SYS_read, 0, 0, PTR(s), 100), "strace: read(0, \"\", 100) = 0");
	CHECK_STR(LINE(SYS_read, -EIO, 0, BAD, 100), "strace: read(0, 0x1000, 100) = -1 EIO");
	s = fake_user_str("123456789012345678901234567890123");
	CHECK_STR(LINE(SYS_chdir, 0, PTR(s)),
		  "strace: chdir(\"12345678901234567890123456789012\"...) = 0");
	CHECK_STR(LINE(SYS_chdir, -EFAULT, BAD), "strace: chdir(0x1000) = -1 EFAULT");
	CHECK_STR(LINE(SYS_chdir, -EFAULT, 0xffff800000000000),
		  "strace: chdir(0xffff800000000000) = -1 EFAULT");
	CHECK_STR(LINE(SYS_chdir, -EFAULT, 0), "strace: chdir(NULL) = -1 EFAULT");
}

TEST(trace_flags)
{
	char *s = fake_user_str("/x");

	CHECK_STR(LINE(SYS_openat, 3, (uint32_t)AT_FDCWD, PTR(s),
		       O_RDWR | O_CREAT | O_SYNC | 0x40000000, 0644),
		  "strace: openat(AT_FDCWD, \"/x\", O_RDWR|O_CREAT|O_SYNC|0x40000000, 0644) = 3");
	CHECK_STR(LINE(SYS_open, 3, PTR(s), O_TMPFILE, 0),
		  "strace: open(\"/x\", O_RDONLY|O_TMPFILE, 0) = 3");
	CHECK_STR(LINE(SYS_mmap, 0x7f0000000000, 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1ul, 0),
		  "strace: mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
		  "0x7f0000000000");
	CHECK_STR(LINE(SYS_socket, 3, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		  "strace: socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3");
	CHECK_STR(LINE(SYS_socket, -EINVAL, 77, 0xf, 99),
		  "strace: socket(0x4d, 0xf, 0x63) = -1 EINVAL");
	CHECK_STR(LINE(SYS_setsockopt, 0, 3, IPPROTO_TCP, TCP_NODELAY,
		       PTR(fake_user_dup(&(int){1}, 4)), 4),
		  "strace: setsockopt(3, IPPROTO_TCP, TCP_NODELAY, [1], 4) = 0");
	CHECK_STR(LINE(SYS_futex, 1, 0x5000, 129, 1),
		  "strace: futex(0x5000, FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1, 0, NULL, 0) = 1");
	CHECK_STR(LINE(SYS_madvise, 0, 0x5000, 4096, 4),
		  "strace: madvise(0x5000, 4096, MADV_DONTNEED) = 0");
	CHECK_STR(LINE(SYS_kill, 0, 1, SIGTERM), "strace: kill(1, SIGTERM) = 0");
	CHECK_STR(LINE(SYS_kill, -EINVAL, 1, 99), "strace: kill(1, 99) = -1 EINVAL");
	CHECK_STR(LINE(SYS_kill, 0, 1, 34), "strace: kill(1, SIGRT_2) = 0");
}

TEST(trace_structures)
{
	static const struct abi_sockaddr_in address = {AF_INET, 0x901f, 0x0100007f, {0}};
	static const long times[2] = {5, 6};
	static const uint32_t fds[4] = {3, 0x00010001, 4, 0x00000004};
	uint64_t at = PTR(fake_user_dup(&address, 16)), len;
	uint64_t iov[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	len = PTR(fake_user_dup(&(uint32_t){16}, 4));
	CHECK_STR(LINE(SYS_bind, 0, 3, at, 16),
		  "strace: bind(3, {AF_INET, 127.0.0.1:8080}, 16) = 0");
	CHECK_STR(LINE(SYS_bind, 0, 3, at, 2), "strace: bind(3, {AF_INET}, 2) = 0");
	CHECK_STR(LINE(SYS_bind, 0, 3, BAD, 16), "strace: bind(3, 0x1000, 16) = 0");
	CHECK(strstr(LINE(SYS_accept, 4, 3, at, len), "accept(3, {AF_INET, 127.0.0.1:8080}, 0x"));
	CHECK(strstr(LINE(SYS_accept, -EAGAIN, 3, 0, 0), "accept(3, NULL, NULL) = -1 EAGAIN"));
	at = PTR(fake_user_dup(times, 16));
	CHECK_STR(LINE(SYS_clock_gettime, 0, 1, at),
		  "strace: clock_gettime(CLOCK_MONOTONIC, {tv_sec=5, tv_nsec=6}) = 0");
	CHECK(strstr(LINE(SYS_clock_gettime, -EINVAL, 99, at), "clock_gettime(0x63, 0x"));
	at = PTR(fake_user_dup(fds, 16));
	CHECK_STR(LINE(SYS_poll, 1, at, 2, 100),
		  "strace: poll([{3, POLLIN -> POLLIN}, {4, POLLOUT}], 2, 100) = 1");
	at = PTR(fake_user_dup(iov, 96));
	CHECK_STR(LINE(SYS_writev, 20, 1, at, 6),
		  "strace: writev(1, [{0x1, 2}, {0x3, 4}, {0x5, 6}, {0x7, 8}, ...], 6) = 20");
	CHECK_STR(LINE(SYS_writev, -EFAULT, 1, BAD, 6), "strace: writev(1, 0x1000, 6) = -1 EFAULT");
}

TEST(trace_actions)
{
	struct abi_sigaction a = {.handler = 0x401000,
				  .flags = ABI_SA_SIGINFO | ABI_SA_RESTART,
				  .mask = 1 << (SIGUSR1 - 1) | 1ull << 63};
	uint64_t at = PTR(fake_user_dup(&a, sizeof(a)));

	CHECK_STR(LINE(SYS_rt_sigaction, 0, SIGSEGV, at, 0, 8),
		  "strace: rt_sigaction(SIGSEGV, {0x401000, [SIGUSR1 SIGRT_32], "
		  "SA_SIGINFO|SA_RESTART}, NULL, 8) = 0");
	a = (struct abi_sigaction){.mask = ~(1ull << (SIGINT - 1))};
	at = PTR(fake_user_dup(&a, sizeof(a)));
	CHECK_STR(LINE(SYS_rt_sigaction, 0, SIGUSR2, 0, at, 8),
		  "strace: rt_sigaction(SIGUSR2, NULL, {SIG_DFL, ~[SIGINT], 0}, 8) = 0");
}

TEST(trace_results)
{
	CHECK_STR(LINE(SYS_getpid, 1), "strace: getpid() = 1");
	CHECK_STR(LINE(SYS_getpid, -ERESTARTSYS), "strace: getpid() = ? ERESTARTSYS");
	CHECK_STR(LINE(SYS_getpid, -ERESTART_RESTARTBLOCK),
		  "strace: getpid() = ? ERESTART_RESTARTBLOCK");
	CHECK_STR(LINE(SYS_getpid, -4000), "strace: getpid() = -4000");
	CHECK_STR(LINE(SYS_getpid, -5000), "strace: getpid() = 0xffffffffffffec78");
	CHECK_STR(LINE(57, -ENOSYS, 1, 2, 3), "strace: syscall_57(0x1, 0x2, 0x3) = -1 ENOSYS");
	CHECK_STR(LINE(-1, -ENOSYS), "strace: syscall_-1(0, 0, 0) = -1 ENOSYS");
	CHECK_STR(LINE(INT32_MAX, -ENOSYS), "strace: syscall_2147483647(0, 0, 0) = -1 ENOSYS");
}

/* Any arguments whatever make a line, which ends in bounds. */
TEST(trace_any_argument)
{
	static const uint64_t values[] = {
		0,	   1,	       8,	  4096,	      BAD,
		INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, 0xffff800000000000,
		0x10000000};
	uint64_t state = 88172645463325252ull, arg[6];

	for (unsigned i = 0; i < 20000; i++) {
		for (unsigned k = 0; k < 6; k++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			arg[k] = values[state % ARRAY_SIZE(values)];
		}
		option("strace");
		trace_exit((long)(i % SYSCALL_COUNT), arg, (long)arg[5]);
		CHECK(strlen(fake_log_last) < 256);
	}
}

TEST(trace_long_line)
{
	char name[33];
	uint64_t at;

	memset(name, 7, sizeof(name) - 1);
	name[32] = 0;
	at = PTR(fake_user_str(name));
	CHECK(strlen(LINE(SYS_renameat, 0, 3, at, 4, at)) > 200);
	CHECK(strlen(fake_log_last) < 240);
}

TEST(trace_calls_that_do_not_return)
{
	option("strace=1");
	trace_enter(SYS_exit_group, (const uint64_t[6]){3});
	CHECK_STR(fake_log_last, "strace: exit_group(3)");
	trace_enter(SYS_getpid, (const uint64_t[6]){0});
	CHECK_EQ(fake_log_lines, 1);
}

TEST(trace_choice)
{
	static const uint64_t none[6];

	trace_exit(SYS_getpid, none, 1);
	CHECK_EQ(fake_log_lines, 0);
	option("strace=getpid,exit");
	trace_exit(SYS_getpid, none, 1);
	trace_exit(SYS_getuid, none, 1);
	trace_exit(-1, none, 1);
	trace_enter(SYS_exit_group, none);
	CHECK_EQ(fake_log_lines, 1);
	trace_enter(SYS_exit, none);
	CHECK_EQ(fake_log_lines, 2);
	option("strace=getpid,nonsense,exit");
	CHECK(strstr(fake_log_last, ": nonsense is no system call"));
}

TEST(trace_signals)
{
	struct abi_siginfo i = {.signo = SIGSEGV, .code = ABI_SEGV_MAPERR, .fault.address = 0x1234};

	trace_signal(&i);
	CHECK_EQ(fake_log_lines, 0);
	option("strace=1");
	trace_signal(&i);
	CHECK_STR(fake_log_last, "strace: --- SIGSEGV {si_code=SEGV_MAPERR, si_addr=0x1234} ---");
	i = (struct abi_siginfo){.signo = SIGTERM, .code = ABI_SI_TKILL, .rt.pid = 1};
	trace_signal(&i);
	CHECK_STR(fake_log_last, "strace: --- SIGTERM {si_code=SI_TKILL, si_pid=1} ---");
	i = (struct abi_siginfo){.signo = SIGSYS,
				 .code = ABI_SYS_SECCOMP,
				 .syscall = {.call_address = 0x401000, .number = 57}};
	trace_signal(&i);
	CHECK_STR(fake_log_last, "strace: --- SIGSYS {si_code=SYS_SECCOMP, si_syscall=57, "
				 "si_call_addr=0x401000} ---");
	i = (struct abi_siginfo){.signo = 40, .code = -77};
	trace_signal(&i);
	CHECK_STR(fake_log_last, "strace: --- signal 40 {si_code=-77, si_pid=0} ---");
}

/* The host's library knows the same names by the same numbers. */
TEST(trace_names)
{
	char want[64];

	for (int e = 1; e < 134; e++) {
		const char *name = strerrorname_np(e);

		snprintf(want, sizeof(want), "strace: getpid() = %s%s", name ? "-1 " : "-",
			 name ? name : "");
		if (name)
			CHECK_STR(LINE(SYS_getpid, -e), want);
	}
	for (int s = 1; s < 32; s++) {
		snprintf(want, sizeof(want), "strace: kill(0, SIG%s) = 0",
			 s == SIGIO ? "IO" : sigabbrev_np(s));
		CHECK_STR(LINE(SYS_kill, 0, 0, (uint64_t)s), want);
	}
}

/* ---- sets ---- */

TEST(set_text)
{
	static const char text[] = "read, write\texit_group # getpid\n\r\nclose\n#nothing";
	struct syscall_set s = {{0}};
	struct syscall_names bad;
	unsigned n = 0;

	CHECK_EQ(syscall_set_parse(&s, text, strlen(text), &bad), 0);
	for (long i = -5; i < SYSCALL_COUNT + 500; i++)
		n += syscall_set_has(&s, i);
	CHECK_EQ(n, 4);
	CHECK(syscall_set_has(&s, SYS_close) && !syscall_set_has(&s, SYS_getpid));
	CHECK_EQ(syscall_set_parse(&s, "", 0, &bad), 0);
	CHECK_EQ(syscall_set_parse(&s, "  #", 3, &bad), 0);
}

TEST(set_bounds)
{
	struct syscall_set s;

	memset(&s, 0xff, sizeof(s));
	CHECK(syscall_set_has(&s, 0) && syscall_set_has(&s, SYSCALL_COUNT - 1));
	CHECK(!syscall_set_has(&s, SYSCALL_COUNT) && !syscall_set_has(&s, -1));
	CHECK(!syscall_set_has(&s, INT32_MIN) && !syscall_set_has(&s, INT32_MAX));
}

TEST(set_errors)
{
	static const char *const bad_texts[] = {"read,foo", "foo", "read\n# x\nfoo bar", "rea foo"};
	struct syscall_set s = {{0}};
	struct syscall_names bad;

	for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++) {
		CHECK_EQ(syscall_set_parse(&s, bad_texts[i], strlen(bad_texts[i]), &bad), -1);
		CHECK_MEM(bad.name, i == 3 ? "rea" : "foo", 3);
		CHECK_EQ(bad.len, 3);
	}
	CHECK_EQ(syscall_number("read", 4), 0);
	CHECK_EQ(syscall_number("readx", 5), -1);
	CHECK_EQ(syscall_number("", 0), -1);
}
