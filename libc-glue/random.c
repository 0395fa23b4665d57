/* SPDX-License-Identifier: MIT */
/* Random bytes from the core's generator. */
#include <errno.h>
#include <sys/random.h>
#include "syscall.h"

ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
	return SYSCALL(SYS_getrandom, buf, n, flags);
}

/* At most 256 bytes, all of them or an error. */
int getentropy(void *buf, size_t n)
{
	ssize_t got;

	if (n > 256) {
		errno = EIO;
		return -1;
	}
	for (char *p = buf; n; p += got, n -= (size_t)got) {
		got = getrandom(p, n, 0);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got < 0)
			got = 0;
	}
	return 0;
}
