/* SPDX-License-Identifier: MIT */
/*
 * Random numbers (core/random.c): ChaCha20 with fast key erasure, seeded from RDSEED/RDRAND,
 * virtio-rng and timing jitter; reseeded as the sources give more.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <core/compiler.h>

/* Seeds; always ends seeded: with neither CPU nor device source, from jitter, with a warning. */
void random_init(void);
/* Never before random_init(). Any context but interrupts. */
void random_bytes(void *buf, size_t n);
uint64_t random_u64(void);
/* Mixes in; credit is in bits of entropy. Any context. */
void random_add(const void *data, size_t n, unsigned credit);
/* A source that fills buf and returns the bytes it gave; asked at seeding and reseeding. */
struct random_source {
	const char *name;
	size_t (*fill)(void *buf, size_t n);
	struct random_source *next;
};
void random_source_register(struct random_source *s);

#endif
