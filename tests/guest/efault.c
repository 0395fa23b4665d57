/* SPDX-License-Identifier: MIT */
/*
 * Every pointer of every system call: into the core's half, into the hole, unmapped, and from a
 * mapped page into an unmapped one. The answer is EFAULT (or, for a transfer that straddles, as much
 * as there was), the core lives on, and nothing is written beyond the page.
 *
 * guest: mem=64
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define PAGE	      4096
#define STRADDLE      2 /* bytes of the object that are mapped */
#define ARCH_GET_FS   0x1003
#define BAD	      0x7eadbeef0badL /* stands for the pointer under test */
#define MAY_BE_SHORT  1		      /* a straddling buffer may be used as far as it goes */
#define NEEDS_PENDING 2		      /* wants a connection to accept */
#define NEEDS_PACKET  4		      /* wants a datagram to receive */
#define NEEDS_SIGNAL  8		      /* wants a blocked signal to take */
#define NULL_IS_NONE  16	      /* NULL means that there is no such argument */

static int file, folder, udp, tcp, listener, pipe_out;
static struct sockaddr_in udp_addr, tcp_addr;
static char *straddle;
static char buffer[1024];
static socklen_t length = sizeof(struct sockaddr_in);
static struct timespec moment = {0, 1};
static struct pollfd polled = {-1, POLLIN, 0};
static unsigned long taken = 1ul << (SIGUSR2 - 1);
static struct iovec bad_iov;
static struct iovec good_iov = {buffer, 16};
static struct msghdr bad_name = {.msg_namelen = 16, .msg_iov = &good_iov, .msg_iovlen = 1};
static struct msghdr bad_list = {.msg_iovlen = 1};
static struct msghdr bad_buffer = {.msg_iov = &bad_iov, .msg_iovlen = 1};

struct attempt {
	const char *name;
	long number;
	long arg[6];
	int flags;
};

#define P(x) ((long)(x))

/* Descriptors are filled in at run time: these stand for them. */
enum {
	FILE_FD = 9001,
	FOLDER_FD,
	UDP_FD,
	TCP_FD,
	LISTENER_FD,
	PIPE_FD
};

static const struct attempt attempts[] = {
	{"read", SYS_read, {FILE_FD, BAD, 16}, MAY_BE_SHORT},
	{"write", SYS_write, {FILE_FD, BAD, 16}, MAY_BE_SHORT},
	{"pread64", SYS_pread64, {FILE_FD, BAD, 16, 0}, MAY_BE_SHORT},
	{"pwrite64", SYS_pwrite64, {FILE_FD, BAD, 16, 0}, MAY_BE_SHORT},
	{"write to a pipe", SYS_write, {PIPE_FD, BAD, 16}, MAY_BE_SHORT},
	{"readv, list", SYS_readv, {FILE_FD, BAD, 1}, 0},
	{"writev, list", SYS_writev, {FILE_FD, BAD, 1}, 0},
	{"readv, buffer", SYS_readv, {FILE_FD, P(&bad_iov), 1}, MAY_BE_SHORT},
	{"writev, buffer", SYS_writev, {FILE_FD, P(&bad_iov), 1}, MAY_BE_SHORT},
	{"sendfile, position", SYS_sendfile, {PIPE_FD, FILE_FD, BAD, 1}, 0},
	{"open", SYS_open, {BAD, O_RDONLY, 0}, 0},
	{"openat", SYS_openat, {AT_FDCWD, BAD, O_RDONLY, 0}, 0},
	{"stat, path", SYS_stat, {BAD, P(buffer)}, 0},
	{"stat, buffer", SYS_stat, {P("/"), BAD}, 0},
	{"lstat, path", SYS_lstat, {BAD, P(buffer)}, 0},
	{"lstat, buffer", SYS_lstat, {P("/"), BAD}, 0},
	{"fstat", SYS_fstat, {FILE_FD, BAD}, 0},
	{"newfstatat, path", SYS_newfstatat, {AT_FDCWD, BAD, P(buffer), 0}, 0},
	{"newfstatat, buffer", SYS_newfstatat, {AT_FDCWD, P("/"), BAD, 0}, 0},
	{"access", SYS_access, {BAD, F_OK}, 0},
	{"faccessat", SYS_faccessat, {AT_FDCWD, BAD, F_OK}, 0},
	{"truncate", SYS_truncate, {BAD, 0}, 0},
	{"chdir", SYS_chdir, {BAD}, 0},
	{"getcwd", SYS_getcwd, {BAD, 1000}, 0},
	{"mkdir", SYS_mkdir, {BAD, 0755}, 0},
	{"mkdirat", SYS_mkdirat, {AT_FDCWD, BAD, 0755}, 0},
	{"rmdir", SYS_rmdir, {BAD}, 0},
	{"unlink", SYS_unlink, {BAD}, 0},
	{"unlinkat", SYS_unlinkat, {AT_FDCWD, BAD, 0}, 0},
	{"rename, from", SYS_rename, {BAD, P("x")}, 0},
	{"rename, to", SYS_rename, {P("/tmp/ringlet-efault"), BAD}, 0},
	{"renameat, from", SYS_renameat, {AT_FDCWD, BAD, AT_FDCWD, P("x")}, 0},
	{"renameat, to", SYS_renameat, {AT_FDCWD, P("/tmp/ringlet-efault"), AT_FDCWD, BAD}, 0},
	{"readlink, path", SYS_readlink, {BAD, P(buffer), 100}, 0},
	{"readlinkat, path", SYS_readlinkat, {AT_FDCWD, BAD, P(buffer), 100}, 0},
	{"getdents64", SYS_getdents64, {FOLDER_FD, BAD, 1000}, 0},
	{"ioctl FIONREAD", SYS_ioctl, {UDP_FD, FIONREAD, BAD}, 0},
	{"pipe", SYS_pipe, {BAD}, 0},
	{"pipe2", SYS_pipe2, {BAD, 0}, 0},
	{"poll", SYS_poll, {BAD, 1, 0}, 0},
	{"ppoll, list", SYS_ppoll, {BAD, 1, P(&moment), 0, 0}, 0},
	{"ppoll, time", SYS_ppoll, {P(&polled), 1, BAD, 0, 0}, 0},
	{"ppoll, mask", SYS_ppoll, {P(&polled), 1, P(&moment), BAD, 8}, 0},
	{"bind", SYS_bind, {UDP_FD, BAD, 16}, 0},
	{"connect", SYS_connect, {UDP_FD, BAD, 16}, 0},
	{"accept, address", SYS_accept, {LISTENER_FD, BAD, P(&length)}, NEEDS_PENDING},
	{"accept, length", SYS_accept, {LISTENER_FD, P(buffer), BAD}, NEEDS_PENDING},
	{"accept4, address", SYS_accept4, {LISTENER_FD, BAD, P(&length), 0}, NEEDS_PENDING},
	{"accept4, length", SYS_accept4, {LISTENER_FD, P(buffer), BAD, 0}, NEEDS_PENDING},
	{"getsockname, address", SYS_getsockname, {UDP_FD, BAD, P(&length)}, 0},
	{"getsockname, length", SYS_getsockname, {UDP_FD, P(buffer), BAD}, 0},
	{"getpeername, address", SYS_getpeername, {TCP_FD, BAD, P(&length)}, 0},
	{"getpeername, length", SYS_getpeername, {TCP_FD, P(buffer), BAD}, 0},
	{"setsockopt", SYS_setsockopt, {UDP_FD, SOL_SOCKET, SO_REUSEADDR, BAD, 4}, 0},
	{"getsockopt, value", SYS_getsockopt, {UDP_FD, SOL_SOCKET, SO_TYPE, BAD, P(&length)}, 0},
	{"getsockopt, length", SYS_getsockopt, {UDP_FD, SOL_SOCKET, SO_TYPE, P(buffer), BAD}, 0},
	{"sendto, TCP", SYS_sendto, {TCP_FD, BAD, 16, 0, 0, 0}, MAY_BE_SHORT},
	{"sendto, buffer", SYS_sendto, {UDP_FD, BAD, 16, 0, P(&udp_addr), 16}, 0},
	{"sendto, address", SYS_sendto, {UDP_FD, P(buffer), 16, 0, BAD, 16}, 0},
	{"sendmsg", SYS_sendmsg, {UDP_FD, BAD, 0}, 0},
	{"sendmsg, name", SYS_sendmsg, {UDP_FD, P(&bad_name), 0}, 0},
	{"sendmsg, list", SYS_sendmsg, {UDP_FD, P(&bad_list), 0}, 0},
	{"sendmsg, buffer", SYS_sendmsg, {TCP_FD, P(&bad_buffer), 0}, MAY_BE_SHORT},
	{"recvfrom, buffer", SYS_recvfrom, {UDP_FD, BAD, 16, 0, 0, 0}, NEEDS_PACKET},
	{"recvfrom, address",
	 SYS_recvfrom,
	 {UDP_FD, P(buffer), 16, 0, BAD, P(&length)},
	 NEEDS_PACKET},
	{"recvfrom, length",
	 SYS_recvfrom,
	 {UDP_FD, P(buffer), 16, 0, P(buffer), BAD},
	 NEEDS_PACKET},
	{"recvmsg", SYS_recvmsg, {UDP_FD, BAD, 0}, NEEDS_PACKET},
	{"recvmsg, name", SYS_recvmsg, {UDP_FD, P(&bad_name), 0}, NEEDS_PACKET},
	{"recvmsg, list", SYS_recvmsg, {UDP_FD, P(&bad_list), 0}, NEEDS_PACKET},
	{"recvmsg, buffer", SYS_recvmsg, {UDP_FD, P(&bad_buffer), 0}, NEEDS_PACKET},
	{"nanosleep", SYS_nanosleep, {BAD, 0}, 0},
	{"clock_nanosleep", SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, BAD, 0}, 0},
	{"clock_gettime", SYS_clock_gettime, {CLOCK_MONOTONIC, BAD}, 0},
	{"clock_getres", SYS_clock_getres, {CLOCK_MONOTONIC, BAD}, 0},
	{"gettimeofday", SYS_gettimeofday, {BAD, 0}, 0},
	{"gettimeofday, zone", SYS_gettimeofday, {0, BAD}, 0},
	{"time", SYS_time, {BAD}, 0},
	{"uname", SYS_uname, {BAD}, 0},
	{"rt_sigaction, new", SYS_rt_sigaction, {SIGPIPE, BAD, 0, 8}, 0},
	{"rt_sigaction, old", SYS_rt_sigaction, {SIGPIPE, 0, BAD, 8}, 0},
	{"rt_sigprocmask, new", SYS_rt_sigprocmask, {SIG_BLOCK, BAD, 0, 8}, NULL_IS_NONE},
	{"rt_sigprocmask, old", SYS_rt_sigprocmask, {SIG_BLOCK, 0, BAD, 8}, NULL_IS_NONE},
	{"rt_sigpending", SYS_rt_sigpending, {BAD, 8}, 0},
	{"rt_sigsuspend", SYS_rt_sigsuspend, {BAD, 8}, 0},
	{"rt_sigtimedwait, set", SYS_rt_sigtimedwait, {BAD, 0, P(&moment), 8}, 0},
	{"rt_sigtimedwait, info",
	 SYS_rt_sigtimedwait,
	 {P(&taken), BAD, P(&moment), 8},
	 NEEDS_SIGNAL | NULL_IS_NONE},
	{"rt_sigtimedwait, time",
	 SYS_rt_sigtimedwait,
	 {P(&taken), 0, BAD, 8},
	 NEEDS_SIGNAL | NULL_IS_NONE},
	{"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {1, SIGCHLD, BAD}, 0},
	{"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, {1, 1, SIGCHLD, BAD}, 0},
	{"sigaltstack, new", SYS_sigaltstack, {BAD, 0}, NULL_IS_NONE},
	{"sigaltstack, old", SYS_sigaltstack, {0, BAD}, NULL_IS_NONE},
	{"getitimer", SYS_getitimer, {ITIMER_REAL, BAD}, 0},
	{"setitimer, new", SYS_setitimer, {ITIMER_REAL, BAD, 0}, NULL_IS_NONE},
	{"setitimer, old", SYS_setitimer, {ITIMER_REAL, 0, BAD}, NULL_IS_NONE},
	{"getrandom", SYS_getrandom, {BAD, 16, 0}, MAY_BE_SHORT},
	{"arch_prctl ARCH_GET_FS", SYS_arch_prctl, {ARCH_GET_FS, BAD}, 0},
};

static int real_fd(long stand_in)
{
	const int fds[] = {file, folder, udp, tcp, listener, pipe_out};

	return fds[stand_in - FILE_FD];
}

/* A connection in the listener's queue: once for each call that may take one. */
static void make_pending(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = {listener, POLLIN, 0};

	while (accept(listener, NULL, NULL) >= 0)
		continue;
	if (connect(fd, (struct sockaddr *)&tcp_addr, sizeof(tcp_addr)) < 0 ||
	    poll(&p, 1, 2000) != 1)
		ok(false, "no connection to accept: %s", strerror(errno));
	close(fd);
}

static void make_packet(void)
{
	struct pollfd p = {udp, POLLIN, 0};

	while (recv(udp, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
		continue;
	sendto(udp, "0123456789abcdef", 16, 0, (struct sockaddr *)&udp_addr, sizeof(udp_addr));
	if (poll(&p, 1, 2000) != 1)
		ok(false, "no datagram to receive");
}

static long call(const struct attempt *a, const void *bad)
{
	long arg[6], r;

	bad_iov = (struct iovec){(void *)bad, 16};
	bad_name.msg_name = (void *)bad;
	bad_name.msg_namelen = 16;
	bad_list.msg_iov = (void *)bad;
	length = sizeof(struct sockaddr_in);
	moment = (struct timespec){0, 1};
	if (a->flags & NEEDS_PENDING)
		make_pending();
	if (a->flags & NEEDS_PACKET)
		make_packet();
	if (a->flags & NEEDS_SIGNAL)
		raise(SIGUSR2);
	for (int i = 0; i < 6; i++) {
		arg[i] = a->arg[i] == BAD ? (long)bad : a->arg[i];
		if (arg[i] >= FILE_FD && arg[i] <= PIPE_FD)
			arg[i] = real_fd(arg[i]);
	}
	lseek(file, 0, SEEK_SET);
	r = raw(a->number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (a->flags & NEEDS_PENDING && r >= 0)
		close((int)r);
	return r;
}

/* NULL means "none" for some: those are not tried with it. */
static bool null_is_allowed(const struct attempt *a)
{
	return a->flags & NULL_IS_NONE || !strcmp(a->name, "ppoll, mask") ||
	       !strcmp(a->name, "ppoll, time") || !strcmp(a->name, "sendfile, position") ||
	       !strcmp(a->name, "accept, address") || !strcmp(a->name, "accept4, address") ||
	       !strcmp(a->name, "sendto, address") || !strcmp(a->name, "recvfrom, address") ||
	       !strcmp(a->name, "gettimeofday") || !strcmp(a->name, "gettimeofday, zone") ||
	       !strcmp(a->name, "time") || !strcmp(a->name, "clock_getres") ||
	       !strcmp(a->name, "sendmsg, name") || !strcmp(a->name, "recvmsg, name") ||
	       !strncmp(a->name, "rt_sigaction", 12);
}

static void try_all_pointers(const struct attempt *a)
{
	static const struct {
		uintptr_t address;
		const char *what;
	} bad[] = {
		{0, "NULL"},
		{0x10, "the first page"},
		{0x7ffffffff000, "the last page below the hole"},
		{0x7fffffffffff, "up to the hole"},
		{0x800000000000, "the hole"},
		{0xffff7ffffffff000, "the hole's end"},
		{0xffff800000000000, "the core's half"},
		{0xffff888000000000, "the core's half"},
		{0xffffffff80000000, "the core's image"},
		{0xfffffffffffff000, "the last page"},
		{0xfffffffffffffff8, "over the end of memory"},
	};
	const char *where = NULL;
	long r = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) && !where; i++) {
		if (!bad[i].address && null_is_allowed(a))
			continue;
		r = call(a, (const void *)bad[i].address);
		if (r != -EFAULT)
			where = bad[i].what;
	}
	if (!where) {
		r = call(a, straddle + PAGE);
		where = r == -EFAULT ? NULL : "unmapped";
	}
	if (!where) {
		memset(straddle + PAGE - STRADDLE, 'a', STRADDLE);
		r = call(a, straddle + PAGE - STRADDLE);
		if (r != -EFAULT && !(a->flags & MAY_BE_SHORT && r >= 0 && r <= STRADDLE))
			where = "straddling";
	}
	ok(!where, "%s%s%s%s", a->name, where ? ": " : "", where ? where : "",
	   where ? (r < 0 ? strerror((int)-r) : " was taken") : "");
}

static struct sockaddr_in bind_any(int fd)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&addr, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		ok(false, "cannot bind to loopback: %s", strerror(errno));
	return addr;
}

static void prepare(void)
{
	int fds[2] = {-1, -1}, flags;

	mkdir("/tmp", 0777);
	mkdir("/tmp/ringlet-efault", 0755);
	is(chdir("/tmp/ringlet-efault"), 0, "a folder to work in");
	file = open("file", O_CREAT | O_TRUNC | O_RDWR, 0600);
	ok(file >= 0 && write(file, buffer, sizeof(buffer)) == sizeof(buffer), "a file");
	folder = open("/", O_RDONLY | O_DIRECTORY);
	if (pipe(fds) == 0)
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
	pipe_out = fds[1];
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	udp_addr = bind_any(udp);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	tcp_addr = bind_any(listener);
	is(listen(listener, 16), 0, "a listening socket");
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	is(connect(tcp, (struct sockaddr *)&tcp_addr, sizeof(tcp_addr)), 0, "a connected socket");
	flags = fcntl(tcp, F_GETFL);
	fcntl(tcp, F_SETFL, flags | O_NONBLOCK);
	straddle = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	is(munmap(straddle + PAGE, PAGE), 0, "a page with nothing after it");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, P(&taken), 0, 8, 0, 0);
	prepare();
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		try_all_pointers(&attempts[i]);
	ok(getpid() > 0 && write(file, "x", 1) == 1, "the core lives on");
	close(file);
	unlink("file");
	is(chdir("/"), 0, "done");
	rmdir("/tmp/ringlet-efault");
	return done();
}
