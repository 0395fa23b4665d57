/* SPDX-License-Identifier: MIT */
/*
 * Where TCP's outgoing data lies: the app's bytes are copied once, into a block, and go from there
 * to the device as often as TCP sends them. A block is one page with its header in front, so that
 * the header is found from any byte in it. It is counted: the socket's queue holds it until its
 * bytes are acknowledged, each frame on a transmit ring until the device is done with it. Net lock,
 * but for filling a block that nobody else has yet.
 */
#ifndef NET_TXBLOCK_H
#define NET_TXBLOCK_H

#include <core/compiler.h>
#include <core/heap.h>

#include "lwip/pbuf.h"

#define TX_BLOCK_SIZE PAGE_SIZE

struct tx_block {
	unsigned refs;
	uint32_t used; /* bytes of data[] that are written */
	uint64_t end;  /* place in the socket's stream behind the last byte queued from here */
	struct tx_block *next; /* in the socket's queue */
	bool queued;
	uint8_t data[];
};

#define TX_BLOCK_ROOM (TX_BLOCK_SIZE - sizeof(struct tx_block))

/* Blocks there are: beyond a quarter of memory a connection queues TX_SCARCE bytes at most. */
extern unsigned tx_blocks;
#define TX_SCARCE (16 << 10)

/* With one reference, or NULL. Any context. */
static inline struct tx_block *tx_block_new(void)
{
	struct tx_block *b = kmalloc(TX_BLOCK_SIZE);

	if (b) {
		*b = (struct tx_block){.refs = 1};
		__atomic_add_fetch(&tx_blocks, 1, __ATOMIC_RELAXED);
	}
	return b;
}

static inline void tx_block_put(struct tx_block *b)
{
	if (!--b->refs) {
		__atomic_sub_fetch(&tx_blocks, 1, __ATOMIC_RELAXED);
		kfree(b);
	}
}

/* tcp_write() without copy makes PBUF_ROM, and nothing else here does. */
static inline bool tx_block_is(const struct pbuf *p)
{
	return p->type_internal == PBUF_ROM;
}

static inline struct tx_block *tx_block_of(const struct pbuf *p)
{
	return (struct tx_block *)ALIGN_DOWN((uintptr_t)p->payload, TX_BLOCK_SIZE);
}

/* Keeps a packet and the blocks it points into while a device reads it. */
static inline void tx_hold(struct pbuf *p)
{
	pbuf_ref(p);
	for (; p; p = p->next)
		if (tx_block_is(p))
			tx_block_of(p)->refs++;
}

static inline void tx_release(struct pbuf *p)
{
	for (struct pbuf *q = p; q; q = q->next)
		if (tx_block_is(q))
			tx_block_put(tx_block_of(q));
	pbuf_free(p);
}

#endif
