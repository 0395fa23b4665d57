/* SPDX-License-Identifier: MIT */
/* ChaCha20 (core/chacha20.c), RFC 8439 section 2.3. Portable, no state of its own, any context. */
#ifndef CORE_CHACHA20_H
#define CORE_CHACHA20_H

#include <core/compiler.h>

#define CHACHA20_KEY   32
#define CHACHA20_NONCE 12
#define CHACHA20_BLOCK 64

/* One block of key stream. */
void chacha20_block(uint8_t out[CHACHA20_BLOCK], const uint8_t key[CHACHA20_KEY], uint32_t counter,
		    const uint8_t nonce[CHACHA20_NONCE]);

#endif
