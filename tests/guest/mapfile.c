/* SPDX-License-Identifier: MIT */
/*
 * Private mappings of files: the image's own and one in RAM; zero behind the end, writes stay apart.
 * And two things sockets once did wrong: a zero-length send, a bind after listen has bound.
 *
 * guest:
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tap.h"

static void map_program(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	ok(fd >= 0 && p != MAP_FAILED && !memcmp(p, "\177ELF", 4), "a file of the image");
	close(fd);
	ok(p != MAP_FAILED && !memcmp(p, "\177ELF", 4), "the mapping outlives the descriptor");
	munmap(p, 4096);
}

static void map_ram_file(void)
{
	int fd = open("/tmp/ringlet-mapped", O_CREAT | O_TRUNC | O_RDWR, 0600);
	char back[3] = "";
	char *p;

	ok(write(fd, "abc", 3) == 3, "a file in RAM");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(p != MAP_FAILED && !memcmp(p, "abc", 4), "its bytes, then zeros");
	if (p != MAP_FAILED)
		p[0] = 'X';
	ok(pread(fd, back, 3, 0) == 3 && back[0] == 'a', "a private write stays apart");
	munmap(p, 4096);
	close(fd);
	unlink("/tmp/ringlet-mapped");
}

static void sockets(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int a = socket(AF_INET, SOCK_STREAM, 0), pair[2];
	struct sockaddr_in at = {0};
	socklen_t len = sizeof(at);

	is(listen(a, 4), 0, "listen without bind");
	ok(bind(a, (struct sockaddr *)&any, sizeof(any)) == -1 && errno == EINVAL,
	   "which has bound it");
	is(getsockname(a, (struct sockaddr *)&at, &len), 0, "to a port of the core's choice");
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	is(connect(pair[0], (struct sockaddr *)&at, sizeof(at)), 0, "a connection to it");
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	is(send(pair[0], "", 0, 0), 0, "nothing to send is no error");
	close(pair[0]);
	close(a);
}

int main(int argc, char **argv)
{
	(void)argc;
	map_program(argv[0]);
	map_ram_file();
	sockets();
	return done();
}
