// SPDX-License-Identifier: MIT
/*
 * The app's standard input, output and error, and /dev/tty. Output goes to core/output.c. Input is
 * a ring that drivers fill in interrupt context; all open files of the console share it.
 *
 * Plain output means a serial terminal: lines are edited and echoed here. Under "output=frames" the
 * other end is ringlet run, which has a terminal of its own or none: bytes pass as they come, and
 * the console is no terminal, unless "tty=1" says that it stands for one. "input=frames" makes input
 * records of two bytes length, little-endian, and that many bytes; length 0 ends it for good.
 * "input=none" is an input that has ended.
 *
 * con.lock (spin, interrupts off) guards all; output.c's lock and a wait queue's nest in it.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <core/boot.h>
#include <core/console.h>
#include <core/string.h>
#include <core/uaccess.h>
#include "inode.h"

#define RING	   4096u
#define RESERVE	   512u /* room left when drivers are told to hold back */
#define CHUNK	   512u
#define TCGETS	   0x5401
#define TCSETS	   0x5402
#define TCSETSF	   0x5404
#define TIOCGWINSZ 0x5413

#define ICRNL  0000400
#define OPOST  0000001
#define ONLCR  0000004
#define CFLAGS 0010262 /* B115200, CS8, CREAD */
#define ICANON 0000002
#define ECHO   0000010
#define ECHOE  0000020

#define CHAR_EOF  0x04
#define CHAR_BS	  0x08
#define CHAR_KILL 0x15
#define CHAR_DEL  0x7f

/* Linux's kernel layout (asm-generic/termbits.h). */
struct termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
};

struct winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

static char ring[RING]; /* con.lock */

static struct {
	struct spinlock lock;
	struct waitq wait;
	unsigned tail, ready, head; /* read, readable up to, written up to; free-running */
	unsigned ends;		    /* reads that shall find the end of the input */
	bool ended;		    /* for good */
	bool framed, terminal, paused;
	unsigned header, record; /* input=frames: header bytes seen, bytes of the record to come */
	struct termios termios;
} con = {
	.wait = WAITQ_INIT(con.wait),
	/* Interrupt, quit, erase, kill, end of file, time, minimum: Linux's defaults. */
	.termios = {.cc = {0x03, 0x1c, CHAR_DEL, CHAR_KILL, CHAR_EOF, 0, 1}},
};

static bool readable(void)
{
	return READ_ONCE(con.tail) != READ_ONCE(con.ready) || READ_ONCE(con.ends) ||
	       READ_ONCE(con.ended);
}

static void echo(const char *s, size_t n)
{
	if (con.termios.lflag & ECHO)
		output_write(OUTPUT_STDOUT, s, n);
}

static void append(char c)
{
	if (con.head - con.tail < RING)
		ring[con.head++ % RING] = c;
}

static void erase(void)
{
	if (con.head == con.ready)
		return;
	con.head--;
	echo("\b \b", 3);
}

/* A typed byte, with line editing. */
static void type(char c)
{
	if (c == '\r' && (con.termios.iflag & ICRNL))
		c = '\n';
	if (!(con.termios.lflag & ICANON)) {
		append(c);
		echo(&c, 1);
		con.ready = con.head;
	} else if (c == CHAR_DEL || c == CHAR_BS) {
		erase();
	} else if (c == CHAR_KILL) {
		while (con.head != con.ready)
			erase();
	} else if (c == CHAR_EOF) {
		con.ends += con.ready == con.head;
		con.ready = con.head;
	} else {
		append(c);
		echo(&c, 1);
		if (c == '\n')
			con.ready = con.head;
	}
}

/* A byte of a framed input. */
static void unframe(char c)
{
	if (con.header < 2) {
		con.record |= (unsigned)(uint8_t)c << 8 * con.header++;
		if (con.header == 2 && !con.record)
			con.ended = true;
	} else {
		append(c);
		con.ready = con.head;
		con.record--;
	}
	if (con.header == 2 && !con.record)
		con.header = 0;
}

/* core/console.h's consumer: interrupts off. */
static void receive(const char *s, size_t n)
{
	spin_lock(&con.lock);
	for (; n; n--, s++) {
		if (con.framed)
			unframe(*s);
		else
			type(*s);
	}
	if (con.head - con.tail > RING - RESERVE) {
		/* A line too long for the ring is given in pieces: its end may never fit. */
		con.ready = con.head;
		con.paused = true;
		console_input_pause(true);
	}
	spin_unlock(&con.lock);
	if (readable())
		waitq_wake(&con.wait, POLLIN | POLLRDNORM);
}

void console_push_input(const char *s, size_t n)
{
	unsigned long flags = arch_irq_save();

	if (!con.framed)
		receive(s, n);
	arch_irq_restore(flags);
}

/*
 * Takes at most n readable bytes, to the end of a line; *more: the line goes on. 0 at the end of the
 * input, -EAGAIN if there is nothing.
 */
static ssize_t take(char *buf, size_t n, bool *more)
{
	unsigned long flags = spin_lock_irqsave(&con.lock);
	bool lines = con.termios.lflag & ICANON, resume;
	ssize_t got = 0;

	while ((size_t)got < n && con.tail != con.ready) {
		buf[got] = ring[con.tail++ % RING];
		if (buf[got++] == '\n' && lines)
			break;
	}
	*more = got && con.tail != con.ready && !(lines && buf[got - 1] == '\n');
	if (!got && con.ends)
		con.ends--;
	else if (!got && !con.ended)
		got = -EAGAIN;
	resume = con.paused && con.head - con.tail <= RING / 2;
	if (resume)
		con.paused = false;
	spin_unlock_irqrestore(&con.lock, flags);
	if (resume)
		console_input_pause(false);
	return got;
}

/* The same, waiting for it where f waits. */
static ssize_t wait_take(struct file *f, char *buf, size_t n, bool *more)
{
	for (;;) {
		ssize_t got = take(buf, n, more);
		int r;

		if (got != -EAGAIN || (f->flags & O_NONBLOCK))
			return got;
		wait_event(r, &con.wait, TIME_NEVER, readable());
		if (r)
			return r;
	}
}

static ssize_t console_read(struct file *f, struct uio *u, off_t *pos)
{
	size_t before = u->resid;
	char buf[CHUNK];
	bool more;
	ssize_t n = before ? wait_take(f, buf, min(before, sizeof(buf)), &more) : 0;

	(void)pos;
	while (n > 0) {
		int r = uio_copy_to(u, buf, (size_t)n);

		n = r;
		if (!r && more && u->resid)
			n = take(buf, min(u->resid, sizeof(buf)), &more);
	}
	return before != u->resid ? (ssize_t)(before - u->resid) : n;
}

static ssize_t console_write(struct file *f, struct uio *u, off_t *pos)
{
	size_t before = u->resid, n;
	char buf[CHUNK];
	int r = 0;

	(void)pos;
	while (u->resid && !r) {
		size_t left = u->resid;

		r = uio_copy_from(u, buf, min(left, sizeof(buf)));
		n = left - u->resid;
		output_write((unsigned)(uintptr_t)f->private, buf, n);
		fs_relax();
	}
	return before != u->resid ? (ssize_t)(before - u->resid) : r;
}

static uint32_t console_poll(struct file *f)
{
	(void)f;
	return POLLOUT | POLLWRNORM | (readable() ? POLLIN | POLLRDNORM : 0);
}

static struct waitq *console_waitq(struct file *f)
{
	(void)f;
	return &con.wait;
}

static int set_termios(const void __user *arg)
{
	unsigned long flags;
	struct termios t;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	flags = spin_lock_irqsave(&con.lock);
	con.termios = t;
	if (!(t.lflag & ICANON))
		con.ready = con.head;
	spin_unlock_irqrestore(&con.lock, flags);
	waitq_wake(&con.wait, POLLIN | POLLRDNORM);
	return 0;
}

static int get_termios(void __user *arg)
{
	unsigned long flags = spin_lock_irqsave(&con.lock);
	struct termios t = con.termios;

	spin_unlock_irqrestore(&con.lock, flags);
	return copy_to_user(arg, &t, sizeof(t));
}

static long console_ioctl(struct file *f, unsigned cmd, unsigned long arg)
{
	static const struct winsize size = {.rows = 24, .cols = 80};
	int n = (int)(READ_ONCE(con.ready) - READ_ONCE(con.tail));

	(void)f;
	if (cmd == FIONREAD)
		return copy_to_user((void __user *)arg, &n, sizeof(n));
	if (!con.terminal)
		return -ENOTTY;
	switch (cmd) {
	case TCGETS:
		return get_termios((void __user *)arg);
	case TCSETS ... TCSETSF:
		return set_termios((const void __user *)arg);
	case TIOCGWINSZ:
		return copy_to_user((void __user *)arg, &size, sizeof(size));
	}
	return -ENOTTY;
}

static int console_stat(struct file *f, struct abi_stat *st)
{
	(void)f;
	st->st_dev = 1;
	st->st_ino = 1;
	st->st_nlink = 1;
	/* What is no terminal is a pipe to the host. */
	st->st_mode = con.terminal ? S_IFCHR | 0620 : S_IFIFO | 0600;
	st->st_rdev = con.terminal ? 5 << 8 | 1 : 0;
	st->st_blksize = con.terminal ? 1024 : PAGE_SIZE;
	return 0;
}

const struct file_ops console_ops = {
	.read = console_read,
	.write = console_write,
	.poll = console_poll,
	.waitq = console_waitq,
	.ioctl = console_ioctl,
	.stat = console_stat,
};

static void configure(void)
{
	const char *input = cmdline_get(&boot_info.cmdline, "input");
	const char *tty = cmdline_get(&boot_info.cmdline, "tty");
	bool plain = !output_framed();

	con.framed = input && !strcmp(input, "frames");
	con.ended = input && !strcmp(input, "none");
	con.terminal = tty ? !strcmp(tty, "1") : plain;
	con.termios.cflag = CFLAGS;
	con.termios.oflag = con.terminal ? OPOST | ONLCR : 0;
	con.termios.iflag = con.terminal && plain ? ICRNL : 0;
	con.termios.lflag = con.terminal && plain ? ICANON | ECHO | ECHOE : 0;
}

static int open_std(int fd, uint32_t flags, void *private)
{
	struct file *f = file_new(&console_ops, private, flags);
	int r;

	if (!f)
		return -ENOMEM;
	r = fd_replace(f, fd, false);
	if (r < 0)
		file_put(f);
	return min(r, 0);
}

int console_open_std(void)
{
	int r;

	configure();
	console_input_register(receive);
	r = open_std(0, O_RDWR, CONSOLE_STDOUT);
	if (!r)
		r = open_std(1, O_RDWR, CONSOLE_STDOUT);
	if (!r)
		r = open_std(2, O_RDWR, CONSOLE_STDERR);
	return r;
}
