/* SPDX-License-Identifier: MIT */
/*
 * Calls that a handler breaks off: which are made again under SA_RESTART, which give EINTR all the
 * same, what they have done by then; SIGPIPE.
 *
 * guest: mem=64
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

#define TICK_US 20000

static volatile int alarms;
static int to_write = -1; /* the second alarm makes the call succeed: a byte is written here */
static int to_read = -1;  /* or all is read here */
static int to_connect = -1;
static struct sockaddr_in where;
static char buffer[300000];

static void on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	if (++alarms != 2)
		return;
	if (to_write >= 0 && write(to_write, "x", 1) != 1)
		alarms = -1000;
	if (to_read >= 0)
		while (read(to_read, buffer, sizeof(buffer)) > 0)
			continue;
	if (to_connect >= 0)
		connect(to_connect, (struct sockaddr *)&where, sizeof(where));
	errno = saved;
}

static void install(int flags)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_alarm;
	act.sa_flags = flags;
	sigaction(SIGALRM, &act, NULL);
}

/* Alarms every TICK_US from now on. */
static void start(void)
{
	struct itimerval it = {{0, TICK_US}, {0, TICK_US}};

	alarms = 0;
	setitimer(ITIMER_REAL, &it, NULL);
}

static void stop(void)
{
	struct itimerval it = {{0, 0}, {0, 0}};

	setitimer(ITIMER_REAL, &it, NULL);
	to_write = to_read = to_connect = -1;
}

static long elapsed_us(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000000 + (now.tv_nsec - since->tv_nsec) / 1000;
}

static void check_pipe(void)
{
	int fds[2], n;
	char c;

	if (!ok(pipe(fds) == 0, "a pipe"))
		return;
	install(0);
	start();
	n = (int)read(fds[0], &c, 1);
	ok(n < 0 && errno == EINTR && alarms >= 1, "read: EINTR without SA_RESTART");
	stop();
	install(SA_RESTART);
	to_write = fds[1];
	start();
	n = (int)read(fds[0], &c, 1);
	ok(n == 1 && alarms >= 2, "read: made again under SA_RESTART (%d, %d alarms)", n, alarms);
	stop();
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	while (write(fds[1], buffer, 4096) > 0)
		continue;
	fcntl(fds[1], F_SETFL, 0);
	install(0);
	start();
	n = (int)write(fds[1], buffer, 1);
	ok(n < 0 && errno == EINTR && alarms >= 1, "write: EINTR");
	stop();
	install(SA_RESTART);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	to_read = fds[0];
	start();
	n = (int)write(fds[1], buffer, 4000);
	ok(n == 4000 && alarms >= 2, "write: made again (%d, %d alarms)", n, alarms);
	stop();
	while (read(fds[0], buffer, sizeof(buffer)) > 0)
		continue;
	start();
	n = (int)write(fds[1], buffer, sizeof(buffer));
	ok(n > 0 && n < (int)sizeof(buffer) && alarms >= 1,
	   "a long write tells what went, SA_RESTART or not (%d)", n);
	stop();
	close(fds[0]);
	close(fds[1]);
}

static long sleep_with(int flags, int clock, int how, const struct timespec *req,
		       struct timespec *rem)
{
	install(flags);
	start();
	return raw(SYS_clock_nanosleep, clock, how, (long)req, (long)rem, 0, 0);
}

static void check_sleep(void)
{
	struct timespec req = {5, 0}, rem = {77, 77}, at, begin;
	struct pollfd none = {-1, 0, 0};
	long r;

	is(sleep_with(0, CLOCK_MONOTONIC, 0, &req, &rem), -EINTR, "nanosleep");
	ok(rem.tv_sec == 4 && rem.tv_nsec > 900000000, "what is left: %ld.%09ld", (long)rem.tv_sec,
	   rem.tv_nsec);
	stop();
	is(sleep_with(SA_RESTART, CLOCK_MONOTONIC, 0, &req, &rem), -EINTR,
	   "nanosleep is not made again after a handler");
	stop();
	is(sleep_with(SA_RESTART, CLOCK_MONOTONIC, 0, &req, NULL), -EINTR, "nor without rem");
	stop();
	is(raw(SYS_restart_syscall, 0, 0, 0, 0, 0, 0), -EINTR, "a handler's return forgets it");
	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += 5;
	rem = (struct timespec){77, 77};
	is(sleep_with(SA_RESTART, CLOCK_MONOTONIC, TIMER_ABSTIME, &at, &rem), -EINTR,
	   "nor one to a moment");
	ok(rem.tv_sec == 77, "which tells no rest");
	stop();
	install(SA_RESTART);
	start();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	r = poll(&none, 1, 5000);
	ok(r < 0 && errno == EINTR && alarms >= 1 && elapsed_us(&begin) < 2000000,
	   "poll: EINTR, SA_RESTART or not");
	stop();
	start();
	req = (struct timespec){5, 0};
	r = raw(SYS_ppoll, (long)&none, 1, (long)&req, 0, 0, 0);
	ok(r == -EINTR && alarms >= 1, "ppoll too");
	ok(req.tv_sec == 4 && req.tv_nsec > 900000000, "it tells what is left: %ld.%09ld",
	   (long)req.tv_sec, req.tv_nsec);
	stop();
	start();
	ok(poll(&none, 1, -1) < 0 && errno == EINTR, "poll for ever too");
	stop();
	start();
	ok(select(0, NULL, NULL, NULL, NULL) < 0 && errno == EINTR, "select too");
	stop();
}

/* The mask of ppoll is for its time only. */
static void check_ppoll_mask(void)
{
	unsigned long alarm_bit = 1ul << (SIGALRM - 1), open = 0, now = 0;
	struct timespec zero = {0, 0};
	struct pollfd none = {-1, 0, 0};
	int fds[2];

	if (!ok(pipe(fds) == 0 && write(fds[1], "x", 1) == 1, "a pipe"))
		return;
	install(0);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, (long)&alarm_bit, 0, 8, 0, 0);
	alarms = 0;
	raise(SIGALRM);
	is(raw(SYS_ppoll, (long)&none, 1, (long)&zero, (long)&open, 8, 0), -EINTR,
	   "ppoll lets a pending signal through, though it would not wait");
	is(alarms, 1, "its handler ran");
	raw(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&now, 8, 0, 0);
	is((long)now, (long)alarm_bit, "the mask is back");
	start();
	is(raw(SYS_ppoll, (long)&none, 1, 0, (long)&open, 8, 0), -EINTR, "one that comes");
	is(alarms, 1, "its handler ran too");
	stop();
	raw(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&now, 8, 0, 0);
	is((long)now, (long)alarm_bit, "the mask is back");
	none = (struct pollfd){fds[0], POLLIN, 0};
	alarms = 0;
	raise(SIGALRM);
	is(raw(SYS_ppoll, (long)&none, 1, 0, (long)&open, 8, 0), 1, "what is ready comes first");
	is(alarms, 0, "the signal waits");
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&alarm_bit, 0, 8, 0, 0);
	is(alarms, 1, "until it is unblocked");
	is(raw(SYS_ppoll, (long)&none, 1, 0, (long)&open, 4, 0), -EINVAL, "a set of another size");
	close(fds[0]);
	close(fds[1]);
}

/* ---- sockets ---- */

static int listen_any(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 16384;
	socklen_t len = sizeof(where);

	memset(&where, 0, sizeof(where));
	where.sin_family = AF_INET;
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(fd, (struct sockaddr *)&where, len) < 0 || listen(fd, 5) < 0 ||
	    getsockname(fd, (struct sockaddr *)&where, &len) < 0)
		ok(false, "cannot listen: %s", strerror(errno));
	return fd;
}

static void set_timeout(int fd, int which, long seconds)
{
	struct timeval tv = {seconds, 0};

	setsockopt(fd, SOL_SOCKET, which, &tv, sizeof(tv));
}

static void check_accept(int listener, int *client, int *server)
{
	install(0);
	start();
	ok(accept(listener, NULL, NULL) < 0 && errno == EINTR && alarms >= 1, "accept: EINTR");
	stop();
	install(SA_RESTART);
	to_connect = *client = socket(AF_INET, SOCK_STREAM, 0);
	start();
	*server = accept(listener, NULL, NULL);
	ok(*server >= 0 && alarms >= 2, "accept: made again (%d, %d alarms)", *server, alarms);
	stop();
	set_timeout(listener, SO_RCVTIMEO, 5);
	start();
	ok(accept(listener, NULL, NULL) < 0 && errno == EINTR && alarms >= 1,
	   "accept with a timeout: EINTR, SA_RESTART or not");
	stop();
}

static void check_recv(int client, int server)
{
	char c[4];
	long n;

	install(0);
	start();
	ok(recv(server, c, 4, 0) < 0 && errno == EINTR && alarms >= 1, "recv: EINTR");
	stop();
	install(SA_RESTART);
	to_write = client;
	start();
	n = recv(server, c, 4, 0);
	ok(n == 1 && alarms >= 2, "recv: made again (%ld, %d alarms)", n, alarms);
	stop();
	send(client, "ab", 2, 0);
	start();
	n = recv(server, c, 4, MSG_WAITALL);
	ok(n == 2 && alarms >= 1, "recv with MSG_WAITALL tells what came (%ld)", n);
	stop();
	set_timeout(server, SO_RCVTIMEO, 5);
	start();
	ok(recv(server, c, 4, 0) < 0 && errno == EINTR && alarms >= 1,
	   "recv with a timeout: EINTR, SA_RESTART or not");
	stop();
	set_timeout(server, SO_RCVTIMEO, 0);
}

static void check_send(int client, int server)
{
	long n;

	/* Full is what still is so after the other side has had time to take some. */
	fcntl(client, F_SETFL, O_NONBLOCK);
	do {
		while (send(client, buffer, sizeof(buffer), 0) > 0)
			continue;
		usleep(50000);
	} while (send(client, "x", 1, 0) > 0);
	fcntl(client, F_SETFL, 0);
	install(0);
	start();
	ok(send(client, "x", 1, 0) < 0 && errno == EINTR && alarms >= 1, "send: EINTR");
	stop();
	set_timeout(client, SO_SNDTIMEO, 5);
	install(SA_RESTART);
	start();
	ok(send(client, "x", 1, 0) < 0 && errno == EINTR && alarms >= 1,
	   "send with a timeout: EINTR, SA_RESTART or not");
	stop();
	set_timeout(client, SO_SNDTIMEO, 0);
	fcntl(server, F_SETFL, O_NONBLOCK);
	to_read = server;
	start();
	n = send(client, buffer, 4000, 0);
	ok(n > 0 && alarms >= 2, "send: made again (%ld, %d alarms)", n, alarms);
	stop();
	fcntl(server, F_SETFL, 0);
}

/* ---- SIGPIPE ---- */

static volatile int pipes;

static void on_pipe(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	pipes += info->si_code == SI_USER && info->si_pid == getpid() ? 1 : 100;
}

static void check_sigpipe(int client)
{
	struct sigaction act;
	int fds[2];

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_pipe;
	act.sa_flags = SA_SIGINFO;
	sigaction(SIGPIPE, &act, NULL);
	if (!ok(pipe(fds) == 0 && close(fds[0]) == 0, "a pipe without a reader"))
		return;
	ok(write(fds[1], "x", 1) < 0 && errno == EPIPE && pipes == 1, "EPIPE and SIGPIPE");
	close(fds[1]);
	shutdown(client, SHUT_WR);
	ok(send(client, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE && pipes == 1,
	   "a socket: not with MSG_NOSIGNAL");
	ok(send(client, "x", 1, 0) < 0 && errno == EPIPE && pipes == 2, "but without");
	ok(write(client, "x", 1) < 0 && errno == EPIPE && pipes == 3, "and by write");
	signal(SIGPIPE, SIG_IGN);
	ok(write(client, "x", 1) < 0 && errno == EPIPE && pipes == 3, "ignored");
}

/* ---- alarm ---- */

static void check_alarm(void)
{
	struct timespec begin;
	unsigned left;

	install(0);
	alarms = 0;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	is(alarm(1), 0, "alarm");
	left = sleep(10);
	ok(alarms >= 1 && left >= 8 && elapsed_us(&begin) >= 990000, "ends a sleep after a second");
	is(alarm(0), 0, "none is left");
	/* A short interval lets the app go on all the same. */
	install(0);
	alarms = 0;
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 500}, {0, 1}}, NULL);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (elapsed_us(&begin) < 50000)
		continue;
	stop();
	ok(alarms > 10 && alarms <= 110, "every 500 us: %d alarms in 50 ms", alarms);
}

int main(void)
{
	int listener, client = -1, server = -1;

	signal(SIGPIPE, SIG_IGN);
	check_pipe();
	check_sleep();
	check_ppoll_mask();
	listener = listen_any();
	check_accept(listener, &client, &server);
	check_recv(client, server);
	check_send(client, server);
	check_sigpipe(client);
	check_alarm();
	return done();
}
