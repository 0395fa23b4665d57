/* SPDX-License-Identifier: MIT */
/* eventfd: what is read and written, who waits, what poll and epoll tell. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include "epoll.h"

static long get(int fd)
{
	uint64_t n = 77;
	ssize_t r = read(fd, &n, sizeof(n));

	return r < 0 ? -errno : r == sizeof(n) ? (long)n : -1000;
}

static long add(int fd, uint64_t n)
{
	ssize_t r = write(fd, &n, sizeof(n));

	return r < 0 ? -errno : r;
}

static int events(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	poll(&p, 1, 0);
	return p.revents;
}

static void check_values(void)
{
	int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t small[2] = {1, 2};
	struct stat st;

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC &&
		   fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK),
	   "eventfd with flags");
	is(events(fd), POLLIN | POLLOUT, "can be read and written");
	is(get(fd), 3, "its first value");
	is(get(fd), -EAGAIN, "nothing left");
	is(events(fd), POLLOUT, "can be written");
	is(add(fd, 5), 8, "add 5");
	is(add(fd, 7), 8, "and 7");
	is(get(fd), 12, "makes 12");
	is(add(fd, UINT64_MAX), -EINVAL, "too much to add");
	is(add(fd, UINT64_MAX - 1), 8, "the most there can be");
	is(events(fd), POLLIN, "cannot be written");
	is(add(fd, 1), -EAGAIN, "no more than that");
	is(add(fd, 0), 8, "but 0");
	is(get(fd), -2, "all of it");
	ok(read(fd, small, 7) < 0 && errno == EINVAL, "read 7 bytes");
	ok(read(fd, small, 0) < 0 && errno == EINVAL, "read none");
	ok(write(fd, small, 7) < 0 && errno == EINVAL, "write 7 bytes");
	ok(write(fd, small, 16) < 0 && errno == EINVAL, "write 16 bytes");
	add(fd, 6);
	is(read(fd, small, 16), 8, "read 16: it gives 8");
	is(small[0], 6, "what was written");
	ok(read(fd, (void *)8, 8) < 0 && (errno == EFAULT || errno == EAGAIN), "read nowhere");
	ok(write(fd, (void *)8, 8) < 0 && errno == EFAULT, "write from nowhere");
	ok(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600, "fstat");
	close(fd);
	ok(eventfd(0, 2) < 0 && errno == EINVAL, "a flag it does not know");
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	is(get(fd), 1, "semaphore: one");
	is(get(fd), 1, "and one");
	is(get(fd), -EAGAIN, "no more");
	close(fd);
	fd = (int)raw(284, 9, 0x7fffffff, 0, 0, 0, 0);
	is(get(fd), 9, "the old call, without flags");
	close(fd);
}

static void check_epoll(void)
{
	int fd = eventfd(0, EFD_NONBLOCK), ep = epoll_create1(0);

	ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET);
	is(wait_ms(ep, 0), 0, "epoll: nothing");
	add(fd, 1);
	ok(wait_ms(ep, 0) == 1 && ev[0].events == EPOLLIN, "epoll: an edge");
	is(wait_ms(ep, 0), 0, "epoll: once");
	add(fd, 1);
	is(wait_ms(ep, 0), 1, "epoll: another, unread or not");
	ctl(ep, EPOLL_CTL_MOD, fd, EPOLLOUT | EPOLLET);
	is(wait_ms(ep, 0), 1, "epoll: room");
	get(fd);
	is(wait_ms(ep, 0), 1, "epoll: a read makes room");
	close(fd);
	close(ep);
}

static void *writes(void *arg)
{
	nap(50);
	add((int)(intptr_t)arg, 4);
	return NULL;
}

static void *reads(void *arg)
{
	nap(50);
	return (void *)get((int)(intptr_t)arg);
}

static void check_waits(void)
{
	int fd = eventfd(0, 0);
	pthread_t t;
	void *n;

	pthread_create(&t, NULL, writes, (void *)(intptr_t)fd);
	is(get(fd), 4, "a read waits for a write");
	pthread_join(t, NULL);
	add(fd, UINT64_MAX - 3);
	pthread_create(&t, NULL, reads, (void *)(intptr_t)fd);
	is(add(fd, 10), 8, "a write waits for a read");
	pthread_join(t, &n);
	is((long)n, -4, "which gets what was there");
	is(get(fd), 10, "and leaves what came then");
	close(fd);
}

/* Each of many threads takes from one semaphore what others put there. */
enum {
	PAIRS = 3,
	ROUNDS = 500
};

static void *gives(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		add((int)(intptr_t)arg, 1);
	return NULL;
}

static void *takes(void *arg)
{
	long sum = 0;

	for (int i = 0; i < ROUNDS; i++)
		sum += get((int)(intptr_t)arg);
	return (void *)sum;
}

static void check_many(void)
{
	int fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
	pthread_t t[2 * PAIRS];
	long all = 0;
	void *n;

	fcntl(fd, F_SETFL, 0);
	for (int i = 0; i < 2 * PAIRS; i++)
		pthread_create(&t[i], NULL, i & 1 ? takes : gives, (void *)(intptr_t)fd);
	for (int i = 0; i < 2 * PAIRS; i++) {
		pthread_join(t[i], &n);
		all += (long)n;
	}
	is(all, PAIRS * ROUNDS, "what many threads give many others get");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	is(get(fd), -EAGAIN, "and nothing is left");
	close(fd);
}

int main(void)
{
	check_values();
	check_epoll();
	check_waits();
	check_many();
	return done();
}
