/* SPDX-License-Identifier: MIT */
/*
 * httpd: a web server for static files. One thread, one poll loop, non-blocking sockets.
 *
 * The loop owns the connections: clients[i] is waited for in fds[i + 1]; fds[0] is the listening
 * socket. A closed connection's place is taken by the last one.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "conn.h"

#define POLL_PAUSE_US 10000
#define SPARE_CLIENTS 16 /* over the limit, to be told so */
#define SCAN_EACH_MS  250
#define BACKOFF_MS    100 /* after an accept that lacked memory or descriptors */
#define ACCEPT_BATCH  64

struct options options = {.root = "/www", .port = 80, .max_connections = 512, .timeout_ms = 15000};

static struct conn **clients;
static struct pollfd *fds;
static int count;
static uint64_t accept_again_ms;

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: httpd [-p PORT] [-d FOLDER] [-c CONNECTIONS] [-t SECONDS] [-q]\n"
			"  -p  port to listen on (80)\n"
			"  -d  folder to serve (/www)\n"
			"  -c  connections at a time (512)\n"
			"  -t  seconds a client may be silent (15)\n"
			"  -q  no access log\n");
	exit(2);
}

static int number(const char *text, int min, int max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < min || n > max) {
		fprintf(stderr, "httpd: %s is not a number from %d to %d\n", text, min, max);
		exit(2);
	}
	return (int)n;
}

static void parse_options(int argc, char **argv)
{
	struct stat st;
	size_t len;
	int opt;

	while ((opt = getopt(argc, argv, "p:d:c:t:q")) >= 0)
		switch (opt) {
		case 'p':
			options.port = number(optarg, 1, 65535);
			break;
		case 'd':
			options.root = optarg;
			break;
		case 'c':
			options.max_connections = number(optarg, 1, 60000);
			break;
		case 't':
			options.timeout_ms = number(optarg, 1, 86400) * 1000;
			break;
		case 'q':
			options.quiet = true;
			break;
		default:
			usage();
		}
	if (optind != argc)
		usage();
	if (stat(options.root, &st) < 0 || !S_ISDIR(st.st_mode)) {
		fprintf(stderr, "httpd: %s: not a folder to serve; name one with -d\n",
			options.root);
		exit(1);
	}
	len = strlen(options.root);
	if (options.root[len - 1] == '/') {
		char *root = strdup(options.root);

		root[len - 1] = '\0';
		options.root = root;
	}
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Inherited by the connections: an answer's last piece is not held back. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		fail("bind");
	if (listen(fd, SOMAXCONN) < 0)
		fail("listen");
	return fd;
}

static void remove_client(int i)
{
	conn_free(clients[i]);
	count--;
	clients[i] = clients[count];
	fds[i + 1] = fds[count + 1];
}

static void update_client(int i)
{
	if (clients[i]->state == CONN_CLOSED)
		remove_client(i);
	else
		fds[i + 1].events = conn_events(clients[i]);
}

static void add_client(int fd, struct in_addr peer)
{
	struct conn *c = conn_new(fd, peer, count >= options.max_connections);

	if (!c)
		return;
	clients[count] = c;
	fds[count + 1] = (struct pollfd){.fd = fd, .events = POLLIN};
	count++;
	if (c->refused) {
		conn_run(c, POLLOUT);
		update_client(count - 1);
	}
}

static void accept_clients(int listener)
{
	struct sockaddr_in peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPT_BATCH && count < options.max_connections + SPARE_CLIENTS; i++) {
		len = sizeof(peer);
		fd = accept4(listener, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			add_client(fd, peer.sin_addr);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			accept_again_ms = now_ms + BACKOFF_MS;
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* Ends the waiting of those whose time is over. */
static void scan_deadlines(void)
{
	static uint64_t next_ms;

	if (now_ms < next_ms)
		return;
	next_ms = now_ms + SCAN_EACH_MS;
	for (int i = count - 1; i >= 0; i--)
		if (now_ms >= clients[i]->deadline_ms) {
			conn_timeout(clients[i]);
			update_client(i);
		}
}

/* How long poll may sleep. */
static int wait_ms(void)
{
	int ms = count ? SCAN_EACH_MS : -1;

	if (accept_again_ms)
		ms = BACKOFF_MS;
	return log_wait(ms < 0 ? 60000 : ms);
}

static void turn(int listener)
{
	bool may_accept = count < options.max_connections + SPARE_CLIENTS && !accept_again_ms;
	int ready;

	fds[0] = (struct pollfd){.fd = may_accept ? listener : -1, .events = POLLIN};
	ready = poll(fds, (nfds_t)count + 1, wait_ms());
	/* Without memory for the list: what is under way ends and gives some back. */
	if (ready < 0 && errno != EINTR && errno != ENOMEM)
		fail("poll");
	if (ready < 0 && errno == ENOMEM)
		usleep(POLL_PAUSE_US);
	clock_update();
	if (accept_again_ms && now_ms >= accept_again_ms)
		accept_again_ms = 0;
	/* From the end: one that is removed is replaced by one already seen. */
	for (int i = count - 1; i >= 0 && ready > 0; i--)
		if (fds[i + 1].revents) {
			ready--;
			conn_run(clients[i], fds[i + 1].revents);
			update_client(i);
		}
	if (fds[0].revents & POLLIN)
		accept_clients(listener);
	scan_deadlines();
	log_flush(false);
}

int main(int argc, char **argv)
{
	size_t most;
	int listener;

	parse_options(argc, argv);
	/* sendfile has no MSG_NOSIGNAL; where there are no signals, nothing needs to be ignored. */
	signal(SIGPIPE, SIG_IGN);
	most = (size_t)options.max_connections + SPARE_CLIENTS;
	clients = calloc(most, sizeof(*clients));
	fds = calloc(most + 1, sizeof(*fds));
	if (!clients || !fds)
		fail("memory");
	listener = listen_on(options.port);
	clock_update();
	fprintf(stderr, "httpd: serving %s on port %d\n", options.root, options.port);
	for (;;)
		turn(listener);
}
