// SPDX-License-Identifier: MIT
/* Descriptors, pipes, poll, sendfile and the console's input and output. */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <abi/stat.h>
#include <abi/time.h>
#include <core/boot.h>
#include <core/console.h>
#include <core/fs.h>
#include <core/heap.h>
#include <core/output.h>
#include <core/page.h>
#include <core/pipe.h>
#include <core/syscall.h>

#include "fs_archive.h"
#include "test.h"

#define STR(s)	fake_user_str(s)
#define HOST(p) ((void *)fake_user_host(p))

/* ---- a file of the test's ---- */

static unsigned released;
static uint32_t events;
static struct waitq queue;

static void release(struct file *f)
{
	(void)f;
	released++;
}

static uint32_t poll_events(struct file *f)
{
	(void)f;
	return events;
}

static const struct file_ops ops = {.release = release, .poll = poll_events};

static int install(int from)
{
	struct file *f = file_new(&ops, NULL, O_RDWR);
	int fd = fd_install(f, from, false);

	if (fd < 0)
		file_put(f);
	return fd;
}

TEST(fd_lowest_free)
{
	for (int i = 0; i < 200; i++)
		CHECK_EQ(install(0), i);
	CHECK_EQ(fd_close(70), 0);
	CHECK_EQ(fd_close(70), -EBADF);
	CHECK_EQ(fd_close(3), 0);
	CHECK_EQ(install(4), 70);
	CHECK_EQ(install(0), 3);
	CHECK_EQ(install(64), 200);
	CHECK_EQ(install(10000), 10000);
	CHECK_EQ(install(10000), 10001);
	CHECK_EQ(install(FD_MAX - 1), FD_MAX - 1);
	CHECK_EQ(install(FD_MAX - 1), -EMFILE);
	CHECK_EQ(install(FD_MAX), -EMFILE);
	CHECK_EQ(install(-1), -EMFILE);
	CHECK(!fd_get(FD_MAX) && !fd_get(-1) && !fd_get(5000) && !fd_get(INT32_MIN));
	released = 0;
	fd_close_all();
	CHECK_EQ(released, 204);
	CHECK_EQ(install(0), 0);
	fd_close_all();
}

TEST(fd_table_full)
{
	for (int i = 0; i < FD_MAX; i++)
		REQUIRE(install(0) == i);
	CHECK_EQ(install(0), -EMFILE);
	CHECK_EQ(fd_close(40000), 0);
	CHECK_EQ(install(0), 40000);
	released = 0;
	fd_close_all();
	CHECK_EQ(released, FD_MAX);
}

/* Against a model: what is open, and that the lowest free one is found. */
TEST(fd_model)
{
	static bool open[300];
	uint64_t rng = 5;

	for (int i = 0; i < 20000; i++) {
		int fd = (int)(test_random(&rng) % 300), want = fd;

		if (test_random(&rng) % 2) {
			CHECK_EQ(fd_close(fd), open[fd] ? 0 : -EBADF);
			open[fd] = false;
			continue;
		}
		while (want < 300 && open[want])
			want++;
		if (want == 300)
			continue;
		CHECK_EQ(install(fd), want);
		open[want] = true;
	}
	fd_close_all();
}

TEST(fd_dup_and_flags)
{
	int fd = install(0);

	released = 0;
	CHECK_EQ(sys_dup(fd), 1);
	CHECK_EQ(sys_dup2(fd, 100), 100);
	CHECK_EQ(sys_dup2(fd, fd), fd);
	CHECK_EQ(sys_dup2(50, 50), -EBADF);
	CHECK_EQ(sys_dup2(50, 51), -EBADF);
	CHECK_EQ(sys_dup2(fd, FD_MAX), -EBADF);
	CHECK_EQ(sys_dup2(fd, -1), -EBADF);
	CHECK_EQ(sys_dup3(fd, fd, 0), -EINVAL);
	CHECK_EQ(sys_dup3(fd, 101, 1), -EINVAL);
	CHECK_EQ(sys_dup3(fd, 101, O_CLOEXEC), 101);
	CHECK_EQ(sys_fcntl(101, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl(101, F_SETFD, 0), 0);
	CHECK_EQ(sys_fcntl(101, F_GETFD, 0), 0);
	CHECK_EQ(sys_fcntl(fd, F_DUPFD_CLOEXEC, 30), 30);
	CHECK_EQ(sys_fcntl(30, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl(fd, F_DUPFD, FD_MAX), -EINVAL);
	CHECK_EQ(sys_fcntl(fd, F_GETFL, 0), O_RDWR);
	CHECK_EQ(sys_fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY | O_CREAT), 0);
	CHECK_EQ(sys_fcntl(1, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys_ioctl(fd, FIONBIO, (unsigned long)fake_user_dup(&(int){0}, 4)), 0);
	CHECK_EQ(sys_fcntl(1, F_GETFL, 0), O_RDWR);
	CHECK_EQ(sys_fcntl(fd, 9999, 0), -EINVAL);
	CHECK_EQ(sys_fcntl(999, F_GETFD, 0), -EBADF);
	CHECK_EQ(sys_fcntl(999, F_GETFL, 0), -EBADF);
	CHECK_EQ(sys_ioctl(fd, 0x5401, 0), -ENOTTY);
	CHECK_EQ(sys_read(fd, STR("x"), 1), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 0, 0), -ESPIPE);
	CHECK_EQ(sys_pread64(fd, STR("x"), 1, 0), -ESPIPE);
	CHECK_EQ(sys_pread64(fd, STR("x"), 1, -1), -EINVAL);
	CHECK_EQ(released, 0);
	CHECK_EQ(sys_dup2(install(0), fd), fd);
	CHECK_EQ(released, 0);
	fd_close_all();
	CHECK_EQ(released, 2);
}

/* ---- pipes ---- */

static int ends[2];

static void make_pipe(int flags)
{
	int *app = fake_user_alloc(8);

	REQUIRE(!sys_pipe2(app, flags));
	memcpy(ends, fake_user_host(app), 8);
}

TEST(pipe_bytes)
{
	char *app = fake_user_alloc(100);
	int *n = fake_user_alloc(4);

	make_pipe(0);
	CHECK_EQ(ends[0], 0);
	CHECK_EQ(sys_write(ends[1], STR("hello"), 5), 5);
	CHECK_EQ(sys_ioctl(ends[0], FIONREAD, (unsigned long)n), 0);
	CHECK_EQ(*(int *)HOST(n), 5);
	CHECK_EQ(sys_read(ends[0], app, 2), 2);
	CHECK_EQ(sys_read(ends[0], app + 2, 98), 3);
	CHECK_MEM(fake_user_host(app), "hello", 5);
	CHECK_EQ(sys_read(ends[1], app, 1), -EBADF);
	CHECK_EQ(sys_write(ends[0], app, 1), -EBADF);
	CHECK_EQ(sys_read(ends[0], app, 0), 0);
	CHECK_EQ(sys_lseek(ends[0], 0, SEEK_CUR), -ESPIPE);
	CHECK_EQ(sys_write(ends[1], STR("last"), 4), 4);
	sys_close(ends[1]);
	CHECK_EQ(sys_read(ends[0], app, 100), 4);
	CHECK_EQ(sys_read(ends[0], app, 100), 0);
	sys_close(ends[0]);
	make_pipe(0);
	sys_close(ends[0]);
	CHECK(!(current_thread()->signals.pending.set & SIGNAL_BIT(SIGPIPE)));
	CHECK_EQ(sys_write(ends[1], app, 1), -EPIPE);
	CHECK(current_thread()->signals.pending.set & SIGNAL_BIT(SIGPIPE));
	sys_close(ends[1]);
	CHECK_EQ(sys_pipe2((int *)8, 0), -EFAULT);
	CHECK_EQ(sys_pipe2(fake_user_alloc(8), O_APPEND), -EINVAL);
	CHECK(!fd_get(0));
}

/* Random sizes, wrapping many times, with faults: what comes out is what went in. */
TEST(pipe_against_a_model)
{
	uint64_t rng = 11, in = 0, out = 0, before = page_free_count();
	static uint8_t buf[100000];

	make_pipe(O_NONBLOCK);
	for (int step = 0; step < 6000; step++) {
		size_t n = test_random(&rng) % (test_random(&rng) % 2 ? 100 : sizeof(buf));
		bool write = test_random(&rng) % 2, fault = test_random(&rng) % 4 == 0 && n;
		uint8_t *app = fake_user_alloc(n + 1), *host = fake_user_host(app);
		size_t good = fault ? test_random(&rng) % n : n, room = 65536 - (in - out);
		long r;

		if (fault)
			fake_user_fault = (uintptr_t)app + good;
		if (write) {
			for (size_t i = 0; i < n; i++)
				host[i] = (uint8_t)((in + i) * 31 + (in + i) / 251);
			r = sys_write(ends[1], app, n);
			if (n && n <= 4096 && room < n)
				CHECK_EQ(r, -EAGAIN);
			else if (n && !room)
				CHECK_EQ(r, -EAGAIN);
			else if (r < 0)
				CHECK(r == -EFAULT && !good);
			else
				CHECK_EQ(r, min(good, room));
			in += r > 0 ? (uint64_t)r : 0;
		} else {
			r = sys_read(ends[0], app, n);
			if (n && in == out)
				CHECK_EQ(r, -EAGAIN);
			else if (r < 0)
				CHECK(r == -EFAULT && !good);
			else
				CHECK_EQ(r, min(good, in - out));
			for (long i = 0; i < r; i++, out++)
				if (host[i] != (uint8_t)(out * 31 + out / 251))
					test_abort(__FILE__, __LINE__, "byte %lu is wrong", out);
		}
		fake_reset();
	}
	CHECK(in > 1 << 20);
	fd_close_all();
	CHECK_EQ(page_free_count(), before);
}

static void other_side_writes(void)
{
	fake_on_sleep = NULL;
	CHECK_EQ(sys_write(ends[1], STR("wake"), 4), 4);
}

static void other_side_reads(void)
{
	CHECK(sys_read(ends[0], fake_user_alloc(5000), 5000) > 0);
}

static void other_side_closes(void)
{
	fake_on_sleep = NULL;
	sys_close(ends[1]);
}

TEST(pipe_blocks_and_wakes)
{
	char *app = fake_user_alloc(200000);

	make_pipe(0);
	fake_on_sleep = other_side_writes;
	CHECK_EQ(sys_read(ends[0], app, 10), 4);
	fake_on_sleep = other_side_reads;
	CHECK_EQ(sys_write(ends[1], app, 200000), 200000);
	fake_on_sleep = NULL;
	fake_ending = true;
	while (sys_write(ends[1], app, 4096) > 0)
		;
	CHECK_EQ(sys_write(ends[1], app, 4096), -ERESTARTSYS);
	fake_ending = false;
	while (sys_fcntl(ends[0], F_SETFL, O_NONBLOCK), sys_read(ends[0], app, 100000) > 0)
		;
	sys_fcntl(ends[0], F_SETFL, 0);
	fake_on_sleep = other_side_closes;
	CHECK_EQ(sys_read(ends[0], app, 10), 0);
	fd_close_all();
}

/* ---- poll ---- */

static long do_poll(struct abi_pollfd *p, unsigned n, int ms)
{
	struct abi_pollfd *app = fake_user_dup(p, n * sizeof(*p));
	long r = sys_poll(app, n, ms);

	memcpy(p, fake_user_host(app), n * sizeof(*p));
	return r;
}

TEST(poll_ready_at_once)
{
	struct abi_pollfd p[10] = {{0, POLLIN, 0}, {1, POLLIN | POLLOUT, 0}, {-5, POLLIN, 7}};

	make_pipe(0);
	CHECK_EQ(do_poll(p, 3, 0), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLOUT);
	CHECK_EQ(p[2].revents, 0);
	p[2].fd = 77;
	CHECK_EQ(do_poll(p, 3, -1), 2);
	CHECK_EQ(p[2].revents, POLLNVAL);
	CHECK_EQ(sys_write(1, STR("x"), 1), 1);
	CHECK_EQ(do_poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLIN);
	sys_close(1);
	p[0].events = 0;
	CHECK_EQ(do_poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	for (int i = 0; i < 10; i++)
		p[i] = (struct abi_pollfd){0, POLLIN, 0};
	CHECK_EQ(do_poll(p, 10, -1), 10);
	fd_close_all();
	make_pipe(0);
	sys_close(0);
	p[0] = (struct abi_pollfd){1, 0, 0};
	CHECK_EQ(do_poll(p, 1, 0), 1);
	CHECK_EQ(p[0].revents, POLLERR);
	fd_close_all();
}

TEST(poll_times_out)
{
	struct abi_timespec ts = {1, 500000000}, *app;
	struct abi_pollfd p = {0, POLLIN, 0};
	uint64_t start = fake_clock;

	make_pipe(0);
	CHECK_EQ(do_poll(&p, 1, 250), 0);
	CHECK_EQ(fake_clock - start, 250 * NSEC_PER_MSEC);
	CHECK_EQ(sys_poll(NULL, 0, 100), 0);
	CHECK_EQ(fake_clock - start, 350 * NSEC_PER_MSEC);
	app = fake_user_dup(&ts, sizeof(ts));
	start = fake_clock;
	CHECK_EQ(sys_ppoll(fake_user_dup(&p, sizeof(p)), 1, app, NULL, 0), 0);
	CHECK_EQ(fake_clock - start, 1500 * NSEC_PER_MSEC);
	CHECK_EQ(((struct abi_timespec *)HOST(app))->tv_sec, 0);
	ts.tv_nsec = NSEC_PER_SEC;
	CHECK_EQ(sys_ppoll(NULL, 0, fake_user_dup(&ts, sizeof(ts)), NULL, 0), -EINVAL);
	ts = (struct abi_timespec){-1, 0};
	CHECK_EQ(sys_ppoll(NULL, 0, fake_user_dup(&ts, sizeof(ts)), NULL, 0), -EINVAL);
	CHECK_EQ(sys_poll((void *)8, 1, 0), -EFAULT);
	CHECK_EQ(sys_poll((void *)8, FD_MAX + 1, 0), -EINVAL);
	fake_ending = true;
	CHECK_EQ(do_poll(&p, 1, -1), -ERESTART_RESTARTBLOCK);
	fd_close_all();
}

static unsigned sleeps;

static void writes_on_third_sleep(void)
{
	struct file *f = fd_get(2);

	sleeps++;
	/* What nobody asked for wakes nobody. */
	file_wake(f, POLLOUT);
	CHECK_EQ(current_thread()->state, THREAD_SLEEPING);
	events = POLLIN;
	file_wake(f, POLLIN);
	CHECK_EQ(current_thread()->state, THREAD_RUNNABLE);
	file_put(f);
}

TEST(poll_wakes_exactly)
{
	for (unsigned n = 1; n <= 40; n += 13) {
		struct abi_pollfd p[40];
		struct file *f;

		make_pipe(0);
		events = sleeps = 0;
		CHECK_EQ(install(0), 2);
		for (unsigned i = 0; i < n; i++)
			p[i] = (struct abi_pollfd){i ? 0 : 2, POLLIN, 0};
		fake_on_sleep = writes_on_third_sleep;
		CHECK_EQ(do_poll(p, n, -1), 1);
		CHECK_EQ(p[0].revents, POLLIN);
		CHECK_EQ(sleeps, 1);
		f = fd_get(2);
		CHECK(list_empty(&f->wait.waiters));
		file_put(f);
		fake_on_sleep = NULL;
		fd_close_all();
	}
	waitq_init(&queue);
}

/* ---- sendfile ---- */

TEST(sendfile_moves_bytes)
{
	static struct test_archive a;
	static char text[30000];
	char *app = fake_user_alloc(sizeof(text));
	const char *why;
	off_t *pos;
	int in;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	archive_begin(&a, 4096);
	archive_file(&a, "text", 0100644, text, sizeof(text));
	archive_end(&a);
	REQUIRE(!fs_mount_archive(a.data, a.size, &why));
	make_pipe(O_NONBLOCK);
	in = (int)sys_open(STR("/text"), O_RDONLY, 0);
	CHECK_EQ(sys_sendfile(ends[1], in, NULL, 10), 10);
	CHECK_EQ(sys_sendfile(ends[1], in, NULL, 1 << 20), sizeof(text) - 10);
	CHECK_EQ(sys_sendfile(ends[1], in, NULL, 10), 0);
	CHECK_EQ(sys_read(ends[0], app, sizeof(text)), sizeof(text));
	CHECK_MEM(fake_user_host(app), text, sizeof(text));
	pos = fake_user_dup(&(off_t){100}, 8);
	CHECK_EQ(sys_sendfile(ends[1], in, pos, 50), 50);
	CHECK_EQ(*(off_t *)HOST(pos), 150);
	CHECK_EQ(sys_sendfile(ends[1], ends[0], NULL, 1), -EINVAL);
	CHECK_EQ(sys_sendfile(ends[0], in, pos, 1), -EBADF);
	CHECK_EQ(sys_sendfile(99, in, pos, 1), -EBADF);
	CHECK_EQ(sys_sendfile(ends[1], in, (off_t *)8, 1), -EFAULT);
	/* As much as there is room for: 65,536 less the 50. */
	*(off_t *)HOST(pos) = 0;
	CHECK_EQ(sys_sendfile(ends[1], in, pos, 30000), 30000);
	*(off_t *)HOST(pos) = 0;
	CHECK_EQ(sys_sendfile(ends[1], in, pos, 30000), 30000);
	*(off_t *)HOST(pos) = 0;
	CHECK_EQ(sys_sendfile(ends[1], in, pos, 30000), 65536 - 60050);
	CHECK_EQ(*(off_t *)HOST(pos), 65536 - 60050);
	CHECK_EQ(sys_sendfile(ends[1], in, pos, 30000), -EAGAIN);
	fd_close_all();
}

/* ---- console ---- */

static uint8_t port[4096];
static size_t port_bytes;

static void port_out(uint16_t p, uint32_t v, unsigned size)
{
	CHECK(p == 0xe9 && size == 1);
	if (port_bytes < sizeof(port))
		port[port_bytes++] = (uint8_t)v;
}

static void options(const char *s)
{
	const char *why;

	memset(&boot_info.cmdline, 0, sizeof(boot_info.cmdline));
	REQUIRE(!cmdline_add(&boot_info.cmdline, s, &why));
	output_init();
	fd_close_all();
	REQUIRE(!console_open_std());
}

static void typed(const char *s)
{
	console_push_input(s, strlen(s));
}

static long read_console(char *out, size_t n)
{
	char *app = fake_user_alloc(n);
	long r = sys_read(0, app, n);

	if (r > 0)
		memcpy(out, fake_user_host(app), (size_t)r);
	return r;
}

TEST(console_terminal)
{
	struct abi_pollfd p = {0, POLLIN, 0};
	char buf[100];

	options("output=plain");
	sys_fcntl(0, F_SETFL, O_NONBLOCK);
	CHECK_EQ(sys_write(1, STR("to you"), 6), 6);
	CHECK_MEM(fake_raw, "to you", 6);
	fake_raw_len = 0;
	typed("helx\177lo");
	CHECK_EQ(read_console(buf, 100), -EAGAIN);
	CHECK_EQ(do_poll(&p, 1, 0), 0);
	typed("\rnext\nhalf");
	CHECK_MEM(fake_raw, "helx\b \blo\nnext\nhalf", 19);
	CHECK_EQ(do_poll(&p, 1, 0), 1);
	CHECK_EQ(read_console(buf, 3), 3);
	CHECK_EQ(read_console(buf + 3, 100), 3);
	CHECK_MEM(buf, "hello\n", 6);
	CHECK_EQ(read_console(buf, 100), 5);
	CHECK_EQ(read_console(buf, 100), -EAGAIN);
	typed("\025gone\004");
	CHECK_EQ(read_console(buf, 100), 4);
	typed("\004");
	CHECK_EQ(read_console(buf, 100), 0);
	CHECK_EQ(read_console(buf, 100), -EAGAIN);
	CHECK_EQ(sys_ioctl(1, 0x5413, (unsigned long)fake_user_alloc(8)), 0);
	CHECK_EQ(sys_ioctl(1, 0x5401, (unsigned long)fake_user_alloc(64)), 0);
	CHECK_EQ(sys_ioctl(1, 0x5401, 8), -EFAULT);
	fd_close_all();
}

/* More than the ring holds, without an end of line: given in pieces, nothing stands still. */
TEST(console_long_line)
{
	static char line[10000];
	char buf[5000];
	long total = 0, r;

	options("");
	sys_fcntl(0, F_SETFL, O_NONBLOCK);
	memset(line, 'q', sizeof(line) - 1);
	for (size_t i = 0; i < sizeof(line) - 1; i += 100) {
		if (!console_input_wanted())
			while ((r = read_console(buf, sizeof(buf))) > 0)
				total += r;
		CHECK(console_input_wanted());
		console_push_input(line + i, min(sizeof(line) - 1 - i, 100ul));
	}
	typed("\n");
	while ((r = read_console(buf, sizeof(buf))) > 0)
		total += r;
	CHECK_EQ(total, sizeof(line));
	fd_close_all();
}

TEST(console_frames)
{
	static const uint8_t want[] = {1, 5,   0,   'h', 'e', 'l', 'l', 'o', 2, 2,
				       0, 'e', 'r', 3,	 4,   0,   0,	1,   0, 0};
	char buf[100];

	fake_port_out = port_out;
	port_bytes = 0;
	options("output=frames");
	sys_fcntl(0, F_SETFL, O_NONBLOCK);
	CHECK_EQ(sys_write(1, STR("hello"), 5), 5);
	CHECK_EQ(sys_write(2, STR("er"), 2), 2);
	output_write(OUTPUT_STATUS, "\0\1\0", 4);
	CHECK_EQ(port_bytes, sizeof(want));
	CHECK_MEM(port, want, sizeof(want));
	CHECK_EQ(fake_raw_len, 0);
	CHECK_EQ(sys_ioctl(1, 0x5413, (unsigned long)fake_user_alloc(8)), -ENOTTY);
	typed("raw\r\177");
	CHECK_EQ(read_console(buf, 100), 5);
	CHECK_MEM(buf, "raw\r\177", 5);
	options("output=frames tty=1");
	CHECK_EQ(sys_ioctl(1, 0x5413, (unsigned long)fake_user_alloc(8)), 0);
	fake_port_out = NULL;
	options("");
	fd_close_all();
}

static void input(const char *s, size_t n)
{
	unsigned long flags = arch_irq_save();

	console_input(s, n);
	arch_irq_restore(flags);
}

TEST(console_framed_input)
{
	char buf[100];

	options("output=frames input=frames");
	sys_fcntl(0, F_SETFL, O_NONBLOCK);
	typed("noise");
	CHECK_EQ(read_console(buf, 100), -EAGAIN);
	input("\3", 1);
	input("\0ab", 3);
	CHECK_EQ(read_console(buf, 100), 2);
	input("c\2\0de", 5);
	CHECK_EQ(read_console(buf, 100), 3);
	CHECK_MEM(buf, "cde", 3);
	input("\1\0z\0\0", 5);
	CHECK_EQ(read_console(buf, 100), 1);
	CHECK_EQ(read_console(buf, 100), 0);
	CHECK_EQ(read_console(buf, 100), 0);
	options("input=none");
	CHECK_EQ(read_console(buf, 100), 0);
	options("");
	fd_close_all();
}

static void types_a_line(void)
{
	fake_on_sleep = NULL;
	typed("later\n");
}

TEST(console_blocks)
{
	char buf[16];

	options("");
	fake_on_sleep = types_a_line;
	CHECK_EQ(read_console(buf, 16), 6);
	CHECK_EQ(sys_open(STR("/dev/stdin"), O_RDONLY, 0), 3);
	CHECK_EQ(sys_open(STR("/dev/tty"), O_RDWR, 0), 4);
	fd_close_all();
}
