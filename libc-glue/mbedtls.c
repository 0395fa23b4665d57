/* SPDX-License-Identifier: MIT */
/* What Mbed TLS asks of its port: random bytes from the core (MBEDTLS_ENTROPY_HARDWARE_ALT). */
#include <sys/types.h>
#include <sys/random.h>

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

/* 0 with *olen bytes, or -1: Mbed TLS turns that into its own "entropy source failed". */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
	ssize_t got = getrandom(output, len, 0);

	(void)data;
	if (got < 0)
		return -1;
	*olen = (size_t)got;
	return 0;
}
