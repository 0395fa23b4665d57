/* SPDX-License-Identifier: MIT */
/* Choosing host ports: QEMU takes the port a moment after us, so run.c chooses again if it fails. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ports.h"
#include "tool.h"

#define PORT_TRIES 200

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

struct forward forward_parse(const char *spec)
{
	const char *colon = strchr(spec, ':');
	struct forward f = {0};
	char *host;

	if (!colon) {
		f.wanted = f.guest = parse_number(spec, "-p", 1, 65535);
		return f;
	}
	host = xstrdup(spec);
	host[colon - spec] = '\0';
	f.wanted = parse_number(host, "-p, port of this machine", 0, 65535);
	f.guest = parse_number(colon + 1, "-p, port of the guest", 1, 65535);
	free(host);
	return f;
}

/* The port if it can be listened on (any free one if 0), else 0 with errno. */
static uint16_t try_port(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	socklen_t len = sizeof(a);
	int one = 1, saved;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		a.sin_port = 0;
	saved = errno;
	close(fd);
	errno = saved;
	return ntohs(a.sin_port);
}

static bool in_use(uint16_t port, const struct forward *taken, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (taken[i].host == port)
			return true;
	return false;
}

void forward_choose(struct forward *f, const struct forward *taken, unsigned n)
{
	unsigned port = f->wanted;

	for (unsigned i = 0; i < PORT_TRIES && port <= 65535; i++) {
		bool ours = in_use(port, taken, n);

		f->host = ours ? 0 : try_port(port);
		if (f->host)
			break;
		if (!ours && errno != EADDRINUSE)
			die("port %u of this machine: %s%s", port, strerror(errno),
			    errno == EACCES ? " (ports below 1024 are the administrator's)" : "");
		port += f->wanted != 0;
	}
	if (!f->host)
		die("no free port from %u on", f->wanted);
	if (f->wanted && f->host != f->wanted)
		note("port %u is taken: using %u", f->wanted, f->host);
}

int port_connect(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno != EINPROGRESS) {
		close(fd);
		fd = -1;
	}
	return fd;
}
