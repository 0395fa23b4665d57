/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues (core/dev/virtqueue.c), virtio 1.2 section 2.7: the driver's side of a ring shared
 * with a device. Portable. The device is not trusted: of the shared memory only the used ring and
 * the two event fields are read, and what they say is checked against private bookkeeping; a lie
 * breaks the queue for good and every later call answers -EIO. No lock: the queue's owner serialises,
 * but virtqueue_disable_interrupt() may come from an interrupt at any time.
 */
#ifndef CORE_VIRTQUEUE_H
#define CORE_VIRTQUEUE_H

#include <core/compiler.h>

#define VIRTQUEUE_MAX 32768

#define VIRTQ_DESC_NEXT		 1
#define VIRTQ_DESC_WRITE	 2
#define VIRTQ_AVAIL_NO_INTERRUPT 1
#define VIRTQ_USED_NO_NOTIFY	 1

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct virtq_avail {
	uint16_t flags, idx;
	uint16_t ring[]; /* size entries, then used_event */
};

struct virtq_used_elem {
	uint32_t id, len;
};

struct virtq_used {
	uint16_t flags, idx;
	struct virtq_used_elem ring[]; /* size entries, then uint16_t avail_event */
};

/* Private state of one descriptor. */
struct virtqueue_slot {
	void *cookie;
	uint32_t writable; /* bytes the device may write to the chain that starts here */
	uint16_t next;	   /* in the free list or in the chain */
	uint16_t count;	   /* descriptors of the chain that starts here; 0 if none does */
};

struct virtqueue_buffer {
	phys_t addr;
	uint32_t len;
};

struct virtqueue {
	struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
	volatile uint16_t *used_event, *avail_event;
	struct virtqueue_slot *slot;
	uint16_t size; /* a power of two */
	uint16_t free, free_head;
	uint16_t chains;     /* with the device */
	uint16_t avail_idx;  /* what avail->idx shows */
	uint16_t kicked_idx; /* avail_idx when the device was last considered for a kick */
	uint16_t used_idx;   /* next used entry to look at */
	bool event_idx;	     /* VIRTIO_F_EVENT_IDX was negotiated */
	bool broken;
	/* The transport's own: tells the device to look at the queue. */
	void (*notify)(struct virtqueue *q);
	uint16_t index, notify_port;
	volatile void *notify_address;
};

/* Bytes of ring memory for size descriptors; align: of the used ring, 4 (modern) or 4096 (legacy). */
size_t virtqueue_bytes(unsigned size, unsigned align);
/*
 * Lays q out in ring (zeroed, page-aligned, virtqueue_bytes() long) with slot[size]. The caller owns
 * both and sets the transport's fields afterwards. size is a power of two up to VIRTQUEUE_MAX.
 */
void virtqueue_init(struct virtqueue *q, unsigned size, unsigned align, void *ring,
		    struct virtqueue_slot *slot, bool event_idx);

/*
 * Offers a chain: out buffers the device reads, then in buffers it writes. The head descriptor's
 * index, or -ENOSPC (too few free descriptors), -EINVAL (nothing, or never fits), -EIO (broken).
 */
int virtqueue_add(struct virtqueue *q, const struct virtqueue_buffer *buf, unsigned out,
		  unsigned in, void *cookie);
/* The head that the next virtqueue_add() will use; only while q->free > 0. */
static inline unsigned virtqueue_next_head(const struct virtqueue *q)
{
	return q->free_head;
}
/* Notifies the device of what was added, unless it asked not to be. True if it was notified. */
bool virtqueue_kick(struct virtqueue *q);
/*
 * Takes back the next chain the device has used: 1 with *cookie and *len (bytes written, never more
 * than were writable) set, 0 if there is none, -EIO.
 */
int virtqueue_get(struct virtqueue *q, void **cookie, uint32_t *len);
/* Takes back any chain without asking the device, which must have been reset. False: none left. */
bool virtqueue_drain(struct virtqueue *q, void **cookie);

/* No interrupts wanted: a hint to the device, one may still come. Any context. */
void virtqueue_disable_interrupt(struct virtqueue *q);
/* An interrupt at the next used chain. False if one is there already: look again. */
bool virtqueue_enable_interrupt(struct virtqueue *q);
/* The same, but once most of what the device now holds is used. */
bool virtqueue_enable_interrupt_delayed(struct virtqueue *q);

#endif
