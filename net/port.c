// SPDX-License-Identifier: MIT
/* What lwIP asks of the platform it runs on: a clock, random numbers, a checksum, a last word. */
#include <core/log.h>
#include <core/random.h>
#include <core/string.h>
#include <core/time.h>

#include "net.h"
#include "lwip/sys.h"

void net_assert_failed(const char *msg, const char *file, int line)
{
	panic("lwIP: %s at %s:%d", msg, file, line);
}

uint32_t net_rand(void)
{
	return (uint32_t)random_u64();
}

u32_t sys_now(void)
{
	return (u32_t)(time_now() / NSEC_PER_MSEC);
}

/*
 * The sum may be taken in words of any size that is a multiple of 16 bits, and of either byte order
 * (RFC 1071, section 2): here 64-bit words as they lie, with the carries added at the end.
 */
uint16_t net_checksum(const void *data, int n)
{
	const uint8_t *p = data;
	uint64_t sum = 0, carry = 0, word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		carry += __builtin_add_overflow(sum, word, &sum);
	}
	word = 0;
	memcpy(&word, p, n);
	carry += __builtin_add_overflow(sum, word, &sum);

	sum = (sum >> 32) + (uint32_t)sum + carry;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}
