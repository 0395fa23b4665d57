/* SPDX-License-Identifier: MIT */
/* Terminals: isatty and the settings, over ioctl. */
#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The core's layout (asm-generic): 19 control characters, no speeds. */
struct core_termios {
	tcflag_t iflag, oflag, cflag, lflag;
	cc_t line, cc[19];
};

#define CBAUD 0010017

int isatty(int fd)
{
	struct core_termios core;

	return ioctl(fd, TCGETS, &core) == 0;
}

int tcgetattr(int fd, struct termios *t)
{
	struct core_termios core;

	if (ioctl(fd, TCGETS, &core) < 0)
		return -1;
	*t = (struct termios){.c_iflag = core.iflag,
			      .c_oflag = core.oflag,
			      .c_cflag = core.cflag,
			      .c_lflag = core.lflag,
			      .c_line = core.line,
			      .c_ispeed = core.cflag & CBAUD,
			      .c_ospeed = core.cflag & CBAUD};
	__builtin_memcpy(t->c_cc, core.cc, sizeof(core.cc));
	return 0;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	struct core_termios core = {.iflag = t->c_iflag,
				    .oflag = t->c_oflag,
				    .cflag = t->c_cflag,
				    .lflag = t->c_lflag,
				    .line = t->c_line};

	if (when < TCSANOW || when > TCSAFLUSH) {
		errno = EINVAL;
		return -1;
	}
	__builtin_memcpy(core.cc, t->c_cc, sizeof(core.cc));
	return ioctl(fd, TCSETS + (unsigned long)when, &core);
}
