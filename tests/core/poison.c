/* SPDX-License-Identifier: MIT */
/*
 * The pattern in memory that nobody has written: another one at each boot, eight bytes that all have
 * the top bit and all differ, repeated from every address that is a multiple of eight. As a pointer
 * it is not canonical. The allocators fill what they hand out and take back; a thread's stack below
 * what is in use is filled by test_poison_stack (poison_stack.S), so that the call after it finds no other garbage.
 */
#include <arch/cpu.h>
#include <core/poison.h>
#include <core/syscall.h>

uint64_t poison_pattern;

/* A step of a congruential generator: Knuth, MMIX. */
static uint64_t scramble(uint64_t v)
{
	return v * 6364136223846793005u + 1442695040888963407u;
}

static uint64_t pattern_make(void)
{
	uint64_t seed = arch_cycles(), made = 0;
	unsigned bytes = 0;

	(void)arch_random(&seed);
	while (bytes < 8) {
		uint8_t b;
		bool seen = false;

		seed = scramble(seed);
		b = seed >> 56 | 0x80;
		for (unsigned i = 0; i < bytes; i++)
			seen |= (uint8_t)(made >> 8 * i) == b;
		/* 0xff is in every small negative number. */
		if (seen || b == 0xff)
			continue;
		made |= (uint64_t)b << 8 * bytes++;
	}
	return made;
}

void poison(void *p, size_t n)
{
	uint64_t *at = p;
	size_t words = n / 8;

	if (unlikely(!poison_pattern))
		poison_pattern = pattern_make();
	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(poison_pattern) : "memory");
}

/* The pattern, XORed with mask so that the app need not have it anywhere. */
long sys_test_pattern(uint64_t mask)
{
	return (long)(poison_pattern ^ mask);
}
