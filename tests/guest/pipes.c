/* SPDX-License-Identifier: MIT */
/* Pipes, duplicated descriptors, non-blocking reads, poll and select. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"

static void check_pipe(int r, int w)
{
	char buf[8192] = "";
	ssize_t n, all = 0;

	is(write(w, "hello", 5), 5, "write to a pipe");
	is(read(r, buf, 100), 5, "read from it");
	ok(!memcmp(buf, "hello", 5), "what was written");
	ok(read(r, buf, 1) < 0 && errno == EAGAIN, "an empty pipe is EAGAIN");
	while ((n = write(w, buf, sizeof(buf))) > 0)
		all += n;
	ok(n < 0 && errno == EAGAIN && all >= 4096, "a full one too, after %ld", (long)all);
	while (all > 0 && (n = read(r, buf, sizeof(buf))) > 0)
		all -= n;
	is(all, 0, "all of it comes out");
	ok(lseek(r, 0, SEEK_SET) < 0 && errno == ESPIPE, "a pipe cannot seek");
}

static void check_poll(int r, int w)
{
	struct pollfd fds[3] = {{r, POLLIN, 0}, {w, POLLOUT, 0}, {-1, POLLIN, 77}};
	struct timespec before, after, wait = {0, 30000000};
	struct timeval tv = {0, 0};
	fd_set set;
	long ms;

	is(poll(fds, 3, 0), 1, "poll: one is ready");
	ok(fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == 0,
	   "to be written");
	clock_gettime(CLOCK_MONOTONIC, &before);
	is(poll(fds, 1, 50), 0, "poll times out");
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	ok(ms >= 49 && ms < 1000, "after 50 ms (%ld)", ms);
	is(ppoll(fds, 1, &wait, NULL), 0, "ppoll times out");
	ok(write(w, "x", 1) == 1 && poll(fds, 1, 1000) == 1 && fds[0].revents == POLLIN, "POLLIN");
	fds[0].fd = 3999;
	ok(poll(fds, 1, 0) == 1 && fds[0].revents == POLLNVAL, "POLLNVAL");
	FD_ZERO(&set);
	FD_SET(r, &set);
	ok(select(r + 1, &set, NULL, NULL, &tv) == 1 && FD_ISSET(r, &set), "select");
	FD_ZERO(&set);
	FD_SET(3999 % FD_SETSIZE, &set);
	ok(select(FD_SETSIZE, &set, NULL, NULL, &tv) < 0 && errno == EBADF, "select: EBADF");
	ok(read(r, &ms, 1) == 1, "read it");
}

static void check_dup(int r, int w)
{
	char c;
	int copy = dup(w), high = fcntl(w, F_DUPFD, 100);

	ok(copy > w && high >= 100, "dup and F_DUPFD");
	ok(write(copy, "d", 1) == 1 && write(high, "h", 1) == 1, "both write to the pipe");
	ok(read(r, &c, 1) == 1 && c == 'd' && read(r, &c, 1) == 1 && c == 'h', "in order");
	is(dup2(w, copy), copy, "dup2 over an open one");
	is(dup2(copy, copy), copy, "dup2 onto itself");
	ok(fcntl(high, F_SETFD, FD_CLOEXEC) == 0 && fcntl(high, F_GETFD) == FD_CLOEXEC,
	   "FD_CLOEXEC");
	ok(fcntl(r, F_GETFL) & O_NONBLOCK, "F_GETFL");
	close(copy);
	close(high);
}

int main(void)
{
	struct pollfd p;
	char c;
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	if (!ok(pipe2(fds, O_NONBLOCK) == 0, "pipe2"))
		return done();
	check_pipe(fds[0], fds[1]);
	check_poll(fds[0], fds[1]);
	check_dup(fds[0], fds[1]);
	close(fds[1]);
	p = (struct pollfd){fds[0], POLLIN, 0};
	ok(poll(&p, 1, 0) == 1 && p.revents & POLLHUP, "POLLHUP when the writer is gone");
	is(read(fds[0], &c, 1), 0, "and the end of file");
	close(fds[0]);
	ok(pipe(fds) == 0 && close(fds[0]) == 0 && write(fds[1], "x", 1) < 0 && errno == EPIPE,
	   "EPIPE when the reader is");
	close(fds[1]);
	return done();
}
