/* SPDX-License-Identifier: MIT */
/* Random bytes: there are any, all of them different, in any number, and they look even. */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#include "tap.h"

#define SIZE (1 << 20)

int main(void)
{
	static unsigned char a[64], b[64];
	unsigned char *big = malloc(SIZE);
	unsigned count[256] = {0}, least = SIZE, most = 0;
	size_t done_bytes = 0;
	ssize_t n;

	is(getrandom(a, sizeof(a), 0), sizeof(a), "getrandom");
	is(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b), "without blocking");
	ok(memcmp(a, b, sizeof(a)) != 0, "twice is not the same");
	is(getrandom(a, 0, 0), 0, "none");
	ok(getrandom(a, 1, 0x80) < 0 && errno == EINVAL, "an unknown flag is EINVAL");
	while (done_bytes < SIZE && (n = getrandom(big + done_bytes, SIZE - done_bytes, 0)) > 0)
		done_bytes += (size_t)n;
	is((long)done_bytes, SIZE, "a mebibyte");
	for (size_t i = 0; i < SIZE; i++)
		count[big[i]]++;
	for (int i = 0; i < 256; i++) {
		least = count[i] < least ? count[i] : least;
		most = count[i] > most ? count[i] : most;
	}
	/* The mean is 4096, its standard deviation 64: six of them never happen by chance. */
	ok(least > 4096 - 384 && most < 4096 + 384, "each value %u to %u times", least, most);
	is(getentropy(big, 256), 0, "getentropy");
	ok(getentropy(big, 257) < 0 && errno == EIO, "not more than 256");
	free(big);
	return done();
}
