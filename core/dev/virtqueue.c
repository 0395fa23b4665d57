// SPDX-License-Identifier: MIT
/*
 * Split virtqueues, virtio 1.2 section 2.7. Owns the layout of the ring memory and the free list,
 * which is private: nothing the device can write decides which descriptor is used next. Invariant:
 * free + the lengths of all chains with the device == size. Lock: the owner's. Called by the
 * virtio drivers.
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <core/log.h>
#include <core/virtqueue.h>

size_t virtqueue_bytes(unsigned size, unsigned align)
{
	size_t head = sizeof(struct virtq_desc) * size + sizeof(uint16_t) * (3 + size);

	return ALIGN_UP(head, (size_t)align) + sizeof(uint16_t) * 3 +
	       sizeof(struct virtq_used_elem) * size;
}

void virtqueue_init(struct virtqueue *q, unsigned size, unsigned align, void *ring,
		    struct virtqueue_slot *slot, bool event_idx)
{
	size_t head = sizeof(struct virtq_desc) * size + sizeof(uint16_t) * (3 + size);

	BUG_ON(!size || size > VIRTQUEUE_MAX || (size & (size - 1)));
	*q = (struct virtqueue){.size = size, .free = size, .slot = slot, .event_idx = event_idx};
	q->desc = ring;
	q->avail = (void *)((char *)ring + sizeof(struct virtq_desc) * size);
	q->used = (void *)((char *)ring + ALIGN_UP(head, (size_t)align));
	q->used_event = &q->avail->ring[size];
	q->avail_event = (volatile uint16_t *)&q->used->ring[size];
	for (unsigned i = 0; i < size; i++)
		slot[i] = (struct virtqueue_slot){.next = i + 1};
}

static int queue_broken(struct virtqueue *q)
{
	WRITE_ONCE(q->broken, true);
	return -EIO;
}

/* Fills n descriptors from the free list on; all but the last point on. */
static void chain_fill(struct virtqueue *q, const struct virtqueue_buffer *buf, unsigned out,
		       unsigned n)
{
	uint16_t i = q->free_head, last = i;

	for (unsigned k = 0; k < n; k++) {
		struct virtq_desc *d = &q->desc[i];

		d->addr = buf[k].addr;
		d->len = buf[k].len;
		d->flags = VIRTQ_DESC_NEXT | (k < out ? 0 : VIRTQ_DESC_WRITE);
		d->next = q->slot[i].next;
		last = i;
		i = q->slot[i].next;
	}
	q->desc[last].flags &= ~VIRTQ_DESC_NEXT;
	q->free_head = i;
	q->free -= n;
}

int virtqueue_add(struct virtqueue *q, const struct virtqueue_buffer *buf, unsigned out,
		  unsigned in, void *cookie)
{
	unsigned n = out + in, head = q->free_head;
	uint32_t writable = 0;

	if (unlikely(q->broken))
		return -EIO;
	if (unlikely(!n || n > q->size))
		return -EINVAL;
	if (unlikely(n > q->free))
		return -ENOSPC;
	for (unsigned k = out; k < n; k++)
		writable += buf[k].len;
	chain_fill(q, buf, out, n);
	q->slot[head].cookie = cookie;
	q->slot[head].writable = writable;
	q->slot[head].count = n;
	q->chains++;
	q->avail->ring[q->avail_idx & (q->size - 1)] = head;
	arch_dma_wmb(); /* the entry before the index that shows it */
	q->avail->idx = ++q->avail_idx;
	return head;
}

bool virtqueue_kick(struct virtqueue *q)
{
	uint16_t new = q->avail_idx, old = q->kicked_idx;

	if (new == old || unlikely(q->broken))
		return false;
	q->kicked_idx = new;
	arch_dma_mb(); /* our index out before the device's wish is read: one side sees the other */
	if (q->event_idx) {
		if ((uint16_t)(new - *q->avail_event - 1) >= (uint16_t)(new - old))
			return false;
	} else if (q->used->flags & VIRTQ_USED_NO_NOTIFY) {
		return false;
	}
	q->notify(q);
	return true;
}

/* Puts the chain that starts at head back on the free list. */
static void chain_free(struct virtqueue *q, unsigned head)
{
	struct virtqueue_slot *s = &q->slot[head];
	unsigned last = head;

	for (unsigned k = 1; k < s->count; k++)
		last = q->slot[last].next;
	q->slot[last].next = q->free_head;
	q->free_head = head;
	q->free += s->count;
	s->count = 0;
	q->chains--;
}

int virtqueue_get(struct virtqueue *q, void **cookie, uint32_t *len)
{
	uint16_t ready = q->used->idx - q->used_idx;
	uint32_t id, written;

	if (unlikely(q->broken))
		return -EIO;
	if (!ready)
		return 0;
	if (unlikely(ready > q->chains))
		return queue_broken(q);
	arch_dma_rmb(); /* the index before the entry it shows */
	id = q->used->ring[q->used_idx & (q->size - 1)].id;
	written = q->used->ring[q->used_idx & (q->size - 1)].len;
	if (unlikely(id >= q->size || !q->slot[id].count))
		return queue_broken(q);
	/* Old devices report a length for chains they only read: it means nothing there. */
	if (!q->slot[id].writable)
		written = 0;
	if (unlikely(written > q->slot[id].writable))
		return queue_broken(q);
	*cookie = q->slot[id].cookie;
	*len = written;
	chain_free(q, id);
	q->used_idx++;
	return 1;
}

bool virtqueue_drain(struct virtqueue *q, void **cookie)
{
	for (unsigned i = 0; q->chains && i < q->size; i++) {
		if (!q->slot[i].count)
			continue;
		*cookie = q->slot[i].cookie;
		chain_free(q, i);
		return true;
	}
	return false;
}

void virtqueue_disable_interrupt(struct virtqueue *q)
{
	/* An event index just passed will not be reached again for 65535 chains. */
	if (q->event_idx)
		*q->used_event = READ_ONCE(q->used_idx) - 1;
	else
		q->avail->flags = VIRTQ_AVAIL_NO_INTERRUPT;
}

/* Asks for an interrupt once the chain after the next `ahead` ones is used. */
static bool enable_after(struct virtqueue *q, uint16_t ahead)
{
	if (q->event_idx)
		*q->used_event = q->used_idx + ahead;
	else
		q->avail->flags = 0;
	arch_dma_mb(); /* the wish out before the look: one side sees the other */
	return (uint16_t)(q->used->idx - q->used_idx) <= ahead;
}

bool virtqueue_enable_interrupt(struct virtqueue *q)
{
	return enable_after(q, 0);
}

bool virtqueue_enable_interrupt_delayed(struct virtqueue *q)
{
	/* With one or two chains out there is no "most": the next one it is. */
	return enable_after(q, q->event_idx ? q->chains * 3u / 4 - (q->chains * 3u / 4 > 0) : 0);
}
