/* SPDX-License-Identifier: MIT */
/* Devices, pipes, files. */
#include "bench.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fds[2] = {-1, -1};
static char path[PATH_MAX], extra[PATH_MAX + 8];
static char buf[PAGE];

static void close_fds(struct bench *b)
{
	(void)b;
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* ---- devices and pipes ---- */

static int setup_zero(struct bench *b)
{
	fds[0] = open("/dev/zero", O_RDONLY);
	if (fds[0] < 0)
		return bench_fail(b, "/dev/zero");
	b->call = (struct call){.nr = NR_read, .a = fds[0], .b = (long)buf, .c = 1, .want = 1};
	return 0;
}

static int setup_null(struct bench *b)
{
	fds[0] = open("/dev/null", O_WRONLY);
	if (fds[0] < 0)
		return bench_fail(b, "/dev/null");
	b->call = (struct call){.nr = NR_write, .a = fds[0], .b = (long)buf, .c = 1, .want = 1};
	return 0;
}

static int setup_pipe(struct bench *b)
{
	return pipe(fds) ? bench_fail(b, "pipe") : 0;
}

static int run_pipe(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long w = raw3(NR_write, fds[1], (long)buf, 1), r = -EIO;

		if (w == 1)
			r = raw3(NR_read, fds[0], (long)buf, 1);
		if (w != 1 || r != 1)
			return bench_fail_raw(b, "pipe", w != 1 ? w : r);
	}
	return 0;
}

/* ---- files ---- */

/* Makes the file that the operations open, one page long. */
static int setup_file(struct bench *b)
{
	int fd;

	raw2(NR_mkdir, (long)b->set->dir, 0777);
	snprintf(path, sizeof(path), "%s/bench-%ld", b->set->dir, (long)getpid());
	snprintf(extra, sizeof(extra), "%s.new", path);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	if (fd < 0)
		return bench_fail(b, path);
	memset(buf, 'x', sizeof(buf));
	if (write(fd, buf, sizeof(buf)) != (ssize_t)sizeof(buf)) {
		close(fd);
		return bench_fail(b, path);
	}
	fds[0] = fd;
	return 0;
}

static void remove_file(struct bench *b)
{
	close_fds(b);
	unlink(path);
	unlink(extra);
}

static int run_open_close(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long fd = raw3(NR_open, (long)path, O_RDONLY, 0), r;

		if (fd < 0)
			return bench_fail_raw(b, "open", fd);
		r = raw1(NR_close, fd);
		if (r)
			return bench_fail_raw(b, "close", r);
	}
	return 0;
}

static int run_open_read(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long fd = raw3(NR_open, (long)path, O_RDONLY, 0), r;

		if (fd < 0)
			return bench_fail_raw(b, "open", fd);
		r = raw3(NR_read, fd, (long)buf, sizeof(buf));
		raw1(NR_close, fd);
		if (r != (long)sizeof(buf))
			return bench_fail_raw(b, "read", r);
	}
	return 0;
}

static int run_create_unlink(struct bench *b, unsigned long n)
{
	for (; n; n--) {
		long fd = raw3(NR_open, (long)extra, O_CREAT | O_EXCL | O_RDWR, 0600), r;

		if (fd < 0)
			return bench_fail_raw(b, "open", fd);
		raw1(NR_close, fd);
		r = raw1(NR_unlink, (long)extra);
		if (r)
			return bench_fail_raw(b, "unlink", r);
	}
	return 0;
}

static int setup_stat(struct bench *b)
{
	/* The system's struct stat is 144 bytes long. */
	b->call = (struct call){.nr = NR_stat, .a = (long)path, .b = (long)buf};
	return setup_file(b);
}

static int setup_pread(struct bench *b)
{
	int err = setup_file(b);

	b->call = (struct call){.nr = NR_pread64,
				.a = fds[0],
				.b = (long)buf,
				.c = sizeof(buf),
				.want = sizeof(buf)};
	return err;
}

const struct op file_ops[] = {
	{.name = "read_zero",
	 .about = "read 1 byte of /dev/zero",
	 .setup = setup_zero,
	 .run = run_call,
	 .own = own_call,
	 .teardown = close_fds},
	{.name = "write_null",
	 .about = "write 1 byte to /dev/null",
	 .setup = setup_null,
	 .run = run_call,
	 .own = own_call,
	 .teardown = close_fds},
	{.name = "pipe",
	 .about = "write 1 byte to a pipe and read it, one thread",
	 .setup = setup_pipe,
	 .run = run_pipe,
	 .teardown = close_fds},
	{.name = "open_close",
	 .about = "open and close a file",
	 .setup = setup_file,
	 .run = run_open_close,
	 .teardown = remove_file},
	{.name = "open_read",
	 .about = "open a file, read its 4096 bytes, close it",
	 .setup = setup_file,
	 .run = run_open_read,
	 .teardown = remove_file},
	{.name = "pread",
	 .about = "pread 4096 bytes of an open file",
	 .setup = setup_pread,
	 .run = run_call,
	 .own = own_call,
	 .teardown = remove_file},
	{.name = "stat",
	 .about = "stat a file",
	 .setup = setup_stat,
	 .run = run_call,
	 .own = own_call,
	 .teardown = remove_file},
	{.name = "create_unlink",
	 .about = "make an empty file, close it, remove it",
	 .setup = setup_file,
	 .run = run_create_unlink,
	 .teardown = remove_file},
	{0},
};
