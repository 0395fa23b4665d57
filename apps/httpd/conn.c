/* SPDX-License-Identifier: MIT */
/* The state machine of a connection. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn.h"

#define LINGER_MS    2000
#define SEND_AT_ONCE (256 << 10) /* of one file, before the others have their turn */
#define COPY_SIZE    (32 << 10)

struct conn *conn_new(int fd, struct in_addr peer, bool refused)
{
	struct conn *c = malloc(sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	/* Not the buffer: memory never received into is never touched. */
	memset(c, 0, offsetof(struct conn, head));
	c->fd = fd;
	c->peer = peer;
	c->refused = refused;
	c->deadline_ms = now_ms + (uint64_t)options.timeout_ms;
	if (refused)
		respond_error(c, 503, false);
	return c;
}

static void drop_answer(struct conn *c)
{
	if (c->entry)
		cache_put(c->entry);
	free(c->page);
	c->entry = NULL;
	c->page = NULL;
	c->body = NULL;
	c->left = 0;
}

void conn_free(struct conn *c)
{
	drop_answer(c);
	close(c->fd);
	free(c);
}

short conn_events(const struct conn *c)
{
	return c->state == CONN_WRITING ? POLLOUT : POLLIN;
}

static void linger(struct conn *c)
{
	shutdown(c->fd, SHUT_WR);
	c->state = CONN_LINGERING;
	c->deadline_ms = now_ms + LINGER_MS;
}

/* A request that never came is no fault; one that stopped half way is told so. */
void conn_timeout(struct conn *c)
{
	if (c->state != CONN_READING || !c->in_len) {
		c->state = CONN_CLOSED;
		return;
	}
	c->request_len = c->in_len;
	respond_error(c, 408, false);
	conn_run(c, POLLOUT);
}

/* After a send or receive that gave error: true if it just has to wait. */
static bool must_wait(struct conn *c)
{
	if (errno != EAGAIN && errno != EINTR)
		c->state = CONN_CLOSED;
	return errno == EAGAIN || errno == EINTR;
}

static void receive(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);

	if (n > 0) {
		/* The time for a request runs from its first byte. */
		if (!c->in_len)
			c->deadline_ms = now_ms + (uint64_t)options.timeout_ms;
		c->in_len += (size_t)n;
	} else if (n == 0) {
		c->state = CONN_CLOSED;
	} else {
		must_wait(c);
	}
}

/* Reads away what comes after our last word, until the client closes or the deadline. */
static void drain(struct conn *c)
{
	char waste[4096];
	ssize_t n;

	for (int turns = 0; turns < 16; turns++) {
		n = recv(c->fd, waste, sizeof(waste), 0);
		if (n > 0)
			continue;
		if (n == 0 || !must_wait(c))
			c->state = CONN_CLOSED;
		return;
	}
}

/* Turns the next complete request into an answer; false if there is none yet. */
static bool next_request(struct conn *c)
{
	struct request r;
	size_t skip = 0;
	int status;

	/* Empty lines before a request are left over from careless clients (RFC 9112, 2.2). */
	while (skip < c->in_len && (c->in[skip] == '\r' || c->in[skip] == '\n'))
		skip++;
	if (skip) {
		memmove(c->in, c->in + skip, c->in_len -= skip);
		c->scanned = 0;
	}
	c->request_len = request_head_length(c->in, c->in_len, &c->scanned);
	if (!c->request_len) {
		bool line_ended = c->in_len && memchr(c->in, '\n', c->in_len);

		if (c->in_len < sizeof(c->in) && (line_ended || c->in_len <= REQUEST_LINE_MAX))
			return false;
		c->request_len = c->in_len;
		respond_error(c, line_ended ? 431 : 414, false);
		return true;
	}
	status = request_parse(c->in, c->request_len, &r);
	if (status)
		respond_error(c, status, false);
	else
		respond(c, &r);
	return true;
}

/* Sends the head and as much of a body in memory as goes with it. False: wait or closed. */
static bool send_head(struct conn *c)
{
	struct iovec iov[2] = {{c->head + c->head_sent, c->head_len - c->head_sent},
			       {(void *)c->body, c->body ? (size_t)c->left : 0}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = iov[1].iov_len ? 2 : 1};
	int more = c->left && !c->body ? MSG_MORE : 0;
	ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | more);
	size_t of_head;

	if (n < 0) {
		must_wait(c);
		return false;
	}
	of_head = (size_t)n < iov[0].iov_len ? (size_t)n : iov[0].iov_len;
	c->head_sent += of_head;
	if (c->body) {
		c->body += (size_t)n - of_head;
		c->left -= n - (ssize_t)of_head;
	}
	return true;
}

/* Where sendfile is missing: by way of a buffer all connections share. Bytes sent, or -1. */
static ssize_t copy_file(struct conn *c, size_t n)
{
	static char buf[COPY_SIZE];
	ssize_t got = pread(c->entry->fd, buf, n < COPY_SIZE ? n : COPY_SIZE, c->pos);

	if (got <= 0)
		return got;
	return send(c->fd, buf, (size_t)got, MSG_NOSIGNAL);
}

/* Sends a piece of the body. False: wait or closed. */
static bool send_body(struct conn *c)
{
	static bool no_sendfile;
	size_t n = c->left < SEND_AT_ONCE ? (size_t)c->left : SEND_AT_ONCE;
	off_t pos = c->pos;
	ssize_t sent;

	if (c->body) {
		sent = send(c->fd, c->body, (size_t)c->left, MSG_NOSIGNAL);
		c->body += sent > 0 ? sent : 0;
	} else if (!no_sendfile) {
		sent = sendfile(c->fd, c->entry->fd, &pos, n);
		if (sent < 0 && (errno == ENOSYS || errno == EINVAL)) {
			no_sendfile = true;
			return true;
		}
	} else {
		sent = copy_file(c, n);
	}
	if (sent > 0) {
		c->pos += sent;
		c->left -= sent;
	} else if (sent == 0) {
		c->state = CONN_CLOSED; /* the file has become shorter than was promised */
	} else {
		must_wait(c);
	}
	return sent > 0;
}

/* The answer is out: the next request moves to the front. */
static void finish(struct conn *c)
{
	log_request(c);
	drop_answer(c);
	c->in_len -= c->request_len;
	if (c->in_len)
		memmove(c->in, c->in + c->request_len, c->in_len);
	c->request_len = c->scanned = 0;
	c->deadline_ms = now_ms + (uint64_t)options.timeout_ms;
	c->state = CONN_READING;
	if (!c->keep_alive)
		linger(c);
}

/* Writes on; true when the answer is complete. */
static bool flush(struct conn *c)
{
	off_t before = c->left;

	while (c->head_sent < c->head_len)
		if (!send_head(c))
			return false;
	while (c->left) {
		if (!c->body && before - c->left >= SEND_AT_ONCE)
			break;
		if (!send_body(c))
			break;
	}
	if (before != c->left)
		c->deadline_ms = now_ms + (uint64_t)options.timeout_ms;
	if (c->left || c->state != CONN_WRITING)
		return false;
	finish(c);
	return true;
}

void conn_run(struct conn *c, short revents)
{
	if (revents & POLLIN && c->state == CONN_READING)
		receive(c);
	else if (c->state == CONN_LINGERING)
		drain(c);
	else if (revents & (POLLERR | POLLHUP | POLLNVAL))
		c->state = CONN_CLOSED;
	for (;;) {
		if (c->state == CONN_READING && !next_request(c))
			break;
		if (c->state == CONN_WRITING && !flush(c))
			break;
		if (c->state >= CONN_LINGERING)
			break;
	}
}
