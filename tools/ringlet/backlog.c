/* SPDX-License-Identifier: MIT */
/*
 * QEMU's user network listens on a forwarded port with a queue of one connection: of clients that
 * come at the same moment most wait a second or more for the host to try again. The queue belongs
 * to the socket and listen() may be called again on it, so it is made longer from outside: the
 * socket is borrowed from QEMU, our child (pidfd_getfd, Linux 5.6). Where that is not allowed
 * nothing is lost but the longer queue.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ports.h"
#include "tool.h"

#define BACKLOG 1024

/* True if fd is a listening TCP socket of one of the forwarded ports. */
static bool forwards(int fd, const struct forward *f, unsigned n)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a), int_len = sizeof(int);
	int listening = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &int_len) || !listening)
		return false;
	if (getsockname(fd, (struct sockaddr *)&a, &len) || a.sin_family != AF_INET)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (f[i].host == ntohs(a.sin_port))
			return true;
	return false;
}

void forward_lengthen_queue(pid_t qemu, const struct forward *f, unsigned n)
{
	char path[32];
	struct dirent *e;
	int pidfd, fd;
	DIR *d;

	if (!n)
		return;
	pidfd = syscall(SYS_pidfd_open, qemu, 0);
	snprintf(path, sizeof(path), "/proc/%d/fd", qemu);
	d = pidfd < 0 ? NULL : opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		fd = syscall(SYS_pidfd_getfd, pidfd, atoi(e->d_name), 0);
		if (fd < 0)
			continue;
		if (forwards(fd, f, n))
			listen(fd, BACKLOG);
		close(fd);
	}
	if (d)
		closedir(d);
	if (pidfd >= 0)
		close(pidfd);
}
