// SPDX-License-Identifier: MIT
/*
 * core/dev/virtqueue.c against a device in software that follows virtio 1.2, section 2.7, or lies.
 */
#include "test.h"

#include <abi/errno.h>
#include <core/page.h>
#include <core/virtqueue.h>

#define MAX_SIZE 256

struct device {
	struct virtqueue q;
	struct virtqueue_slot slot[MAX_SIZE];
	void *ring;
	uint16_t seen; /* avail entries taken */
	uint16_t held[MAX_SIZE];
	unsigned holding;
	unsigned notified, interrupts;
};

static struct device dev;
static char memory[MAX_SIZE][64];

static void on_notify(struct virtqueue *q)
{
	container_of(q, struct device, q)->notified++;
}

static struct virtqueue *device_new(unsigned size, unsigned align, bool event_idx)
{
	size_t bytes = ALIGN_UP(virtqueue_bytes(size, align), PAGE_SIZE);

	free(dev.ring);
	memset(&dev, 0, sizeof(dev));
	dev.ring = aligned_alloc(PAGE_SIZE, bytes);
	memset(dev.ring, 0, bytes);
	virtqueue_init(&dev.q, size, align, dev.ring, dev.slot, event_idx);
	dev.q.notify = on_notify;
	return &dev.q;
}

/* Starts both indices just below their wrap, as after many rounds. */
static void device_age(uint16_t idx)
{
	dev.q.avail_idx = dev.q.kicked_idx = dev.q.used_idx = dev.seen = idx;
	dev.q.avail->idx = dev.q.used->idx = idx;
}

static struct virtqueue_buffer buffer(unsigned i, uint32_t len)
{
	return (struct virtqueue_buffer){virt_to_phys(memory[i]), len};
}

static int add_in(unsigned i)
{
	struct virtqueue_buffer b = buffer(i, 64);

	return virtqueue_add(&dev.q, &b, 0, 1, memory[i]);
}

/* The device takes the next chain: its head, or -1. */
static int device_take(void)
{
	uint16_t head;

	if (dev.seen == dev.q.avail->idx)
		return -1;
	head = dev.q.avail->ring[dev.seen++ & (dev.q.size - 1)];
	dev.held[dev.holding++] = head;
	return head;
}

/* vring_need_event() of section 2.7.7.1, in numbers that do not wrap. */
static bool crossed(uint16_t event, uint16_t new, uint16_t old)
{
	for (uint16_t i = old; i != new; i++)
		if (i == event)
			return true;
	return false;
}

static void device_use(uint32_t id, uint32_t len)
{
	uint16_t old = dev.q.used->idx, new = old + 1;

	dev.q.used->ring[old & (dev.q.size - 1)] = (struct virtq_used_elem){id, len};
	dev.q.used->idx = new;
	for (unsigned i = 0; i < dev.holding; i++)
		if (dev.held[i] == id) {
			dev.held[i] = dev.held[--dev.holding];
			break;
		}
	if (dev.q.event_idx ? crossed(*dev.q.used_event, new, old)
			    : !(dev.q.avail->flags & VIRTQ_AVAIL_NO_INTERRUPT))
		dev.interrupts++;
}

static int get(void **cookie)
{
	uint32_t len;

	return virtqueue_get(&dev.q, cookie, &len);
}

TEST(layout_is_the_specifications)
{
	struct virtqueue *q = device_new(256, 4096, false);

	CHECK_EQ(virtqueue_bytes(256, 4096), 8192 + 6 + 2048);
	CHECK_EQ(virtqueue_bytes(8, 4), 128 + 24 + 70 - 2 + 2);
	CHECK_EQ((char *)q->avail - (char *)dev.ring, 4096);
	CHECK_EQ((char *)q->used - (char *)dev.ring, 8192);
	CHECK_EQ((char *)q->used_event - (char *)q->avail, 4 + 512);
	CHECK_EQ((char *)q->avail_event - (char *)q->used, 4 + 2048);
	CHECK_EQ(q->free, 256);
}

TEST(one_buffer_goes_round)
{
	struct virtqueue *q = device_new(8, 4, true);
	void *cookie = NULL;
	uint32_t len = 0;
	int head = add_in(3);

	REQUIRE(head >= 0);
	CHECK_EQ(q->desc[head].addr, virt_to_phys(memory[3]));
	CHECK_EQ(q->desc[head].len, 64);
	CHECK_EQ(q->desc[head].flags, VIRTQ_DESC_WRITE);
	CHECK_EQ(virtqueue_get(q, &cookie, &len), 0);
	CHECK(virtqueue_kick(q));
	CHECK(!virtqueue_kick(q));
	CHECK_EQ(dev.notified, 1);
	CHECK_EQ(device_take(), head);
	device_use(head, 17);
	CHECK_EQ(virtqueue_get(q, &cookie, &len), 1);
	CHECK(cookie == memory[3]);
	CHECK_EQ(len, 17);
	CHECK_EQ(virtqueue_get(q, &cookie, &len), 0);
	CHECK_EQ(q->free, 8);
}

TEST(a_chain_reads_then_writes)
{
	struct virtqueue *q = device_new(8, 4, false);
	struct virtqueue_buffer b[5];
	int head, i;

	for (i = 0; i < 5; i++)
		b[i] = buffer(i, 10 + i);
	head = virtqueue_add(q, b, 3, 2, memory);
	REQUIRE(head >= 0);
	for (i = 0; i < 5; i++) {
		struct virtq_desc *d = &q->desc[head];

		CHECK_EQ(d->addr, virt_to_phys(memory[i]));
		CHECK_EQ(d->len, 10 + i);
		CHECK_EQ(d->flags, (i < 4 ? VIRTQ_DESC_NEXT : 0) | (i < 3 ? 0 : VIRTQ_DESC_WRITE));
		head = d->next;
	}
	CHECK_EQ(q->free, 3);
	CHECK_EQ(q->slot[q->avail->ring[0]].writable, 13 + 14);
}

TEST(a_full_ring_says_so)
{
	struct virtqueue *q = device_new(8, 4, true);
	struct virtqueue_buffer b[9];
	void *cookie;
	unsigned i;

	for (i = 0; i < 9; i++)
		b[i] = buffer(i, 1);
	CHECK_EQ(virtqueue_add(q, b, 0, 0, memory), -EINVAL);
	CHECK_EQ(virtqueue_add(q, b, 9, 0, memory), -EINVAL);
	CHECK(virtqueue_add(q, b, 7, 0, memory) >= 0);
	CHECK_EQ(virtqueue_add(q, b, 2, 0, memory), -ENOSPC);
	CHECK(virtqueue_add(q, b, 1, 0, memory) >= 0);
	CHECK_EQ(virtqueue_add(q, b, 1, 0, memory), -ENOSPC);
	CHECK_EQ(q->avail->idx, 2);
	device_use(device_take(), 0);
	CHECK_EQ(get(&cookie), 1);
	CHECK_EQ(q->free, 7);
	CHECK(virtqueue_add(q, b, 7, 0, memory) >= 0);
	CHECK_EQ(virtqueue_add(q, b, 1, 0, memory), -ENOSPC);
}

TEST(any_order_of_use)
{
	struct virtqueue *q = device_new(4, 4, true);
	void *cookie;
	int head[4];

	for (int i = 0; i < 4; i++)
		head[i] = add_in(i);
	while (device_take() >= 0)
		;
	for (int i = 3; i >= 0; i--) {
		device_use(head[i], 1);
		CHECK_EQ(get(&cookie), 1);
		CHECK(cookie == memory[i]);
	}
	CHECK_EQ(q->free, 4);
}

TEST(kick_follows_the_event_index)
{
	/* event, first new entry (old), count of entries, must notify */
	static const struct {
		uint16_t event, old, count;
		bool notify;
	} cases[] = {
		{0, 0, 1, true},	   {1, 0, 1, false},
		{0, 1, 1, false},	   {0xffff, 0, 1, false},
		{0xffff, 0xffff, 1, true}, {0, 0xffff, 1, false},
		{0, 0xffff, 2, true},	   {0xfffe, 0xfffd, 4, true},
		{1, 0xfffd, 4, false},	   {0xfffc, 0xfffd, 4, false},
		{0x8000, 0x7fff, 2, true}, {0x7ffe, 0x7fff, 2, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		device_new(8, 4, true);
		device_age(cases[i].old);
		*dev.q.avail_event = cases[i].event;
		for (unsigned k = 0; k < cases[i].count; k++)
			CHECK(add_in(k) >= 0);
		CHECK_EQ(virtqueue_kick(&dev.q), cases[i].notify);
		CHECK_EQ(dev.notified, cases[i].notify);
	}
}

TEST(kick_follows_the_flag)
{
	struct virtqueue *q = device_new(8, 4, false);

	CHECK(!virtqueue_kick(q));
	add_in(0);
	q->used->flags = VIRTQ_USED_NO_NOTIFY;
	CHECK(!virtqueue_kick(q));
	add_in(1);
	q->used->flags = 0;
	CHECK(virtqueue_kick(q));
	CHECK(!virtqueue_kick(q));
	CHECK_EQ(dev.notified, 1);
}

/* A burst is one notification if the device asks at its first entry, whatever the size. */
TEST(one_kick_for_a_burst)
{
	struct virtqueue *q = device_new(64, 4, true);

	*q->avail_event = 0;
	for (int i = 0; i < 64; i++)
		add_in(i);
	CHECK(virtqueue_kick(q));
	CHECK_EQ(dev.notified, 1);
}

static void interrupts_can_be_turned(bool event_idx)
{
	struct virtqueue *q = device_new(8, 4, event_idx);
	void *cookie;

	device_age(0xfffe);
	for (int i = 0; i < 8; i++)
		add_in(i);
	while (device_take() >= 0)
		;
	virtqueue_disable_interrupt(q);
	device_use(dev.held[0], 1);
	device_use(dev.held[0], 1);
	CHECK_EQ(dev.interrupts, 0);
	CHECK(!virtqueue_enable_interrupt(q));
	virtqueue_disable_interrupt(q);
	CHECK_EQ(get(&cookie), 1);
	CHECK_EQ(get(&cookie), 1);
	CHECK(virtqueue_enable_interrupt(q));
	device_use(dev.held[0], 1);
	CHECK_EQ(dev.interrupts, 1);
	virtqueue_disable_interrupt(q);
	device_use(dev.held[0], 1);
	CHECK_EQ(dev.interrupts, 1);
}

TEST(interrupts_by_event_index)
{
	interrupts_can_be_turned(true);
}

TEST(interrupts_by_flag)
{
	interrupts_can_be_turned(false);
}

/* With n chains out the delayed interrupt comes at the latest with the last of them. */
TEST(a_delayed_interrupt_comes)
{
	for (unsigned n = 1; n <= 8; n++) {
		struct virtqueue *q = device_new(8, 4, true);
		unsigned at = 0;

		device_age(0xfffc);
		for (unsigned i = 0; i < n; i++)
			add_in(i);
		while (device_take() >= 0)
			;
		CHECK(virtqueue_enable_interrupt_delayed(q));
		for (unsigned i = 1; i <= n; i++) {
			device_use(dev.held[0], 1);
			if (dev.interrupts && !at)
				at = i;
		}
		CHECK_EQ(dev.interrupts, 1);
		CHECK(at >= 1 && at <= n && at * 2 >= n);
		CHECK(!virtqueue_enable_interrupt_delayed(q));
	}
}

/* Every lie breaks the queue, and it stays so. */
static void check_lie(uint32_t id, uint32_t len, uint16_t idx_step)
{
	struct virtqueue *q = &dev.q;
	void *cookie = (void *)1;

	q->used->ring[q->used_idx & (q->size - 1)] = (struct virtq_used_elem){id, len};
	q->used->idx += idx_step;
	CHECK_EQ(get(&cookie), -EIO);
	CHECK(q->broken);
	CHECK(cookie == (void *)1);
	CHECK_EQ(get(&cookie), -EIO);
	CHECK_EQ(add_in(0), -EIO);
	CHECK(!virtqueue_kick(q));
}

TEST(lies_break_the_queue)
{
	static const struct {
		uint32_t id, len;
		uint16_t step;
	} lies[] = {
		{8, 0, 1},			     /* no such descriptor */
		{0xffffffff, 0, 1}, {0x10000, 0, 1}, /* not cut to 16 bits */
		{5, 0, 1},			     /* free */
		{1, 0, 1},			     /* in a chain, not its head */
		{0, 0xffffffff, 1}, {2, 65, 1},	     /* more written than was writable */
		{2, 0, 4},			     /* more used than is out */
		{2, 0, 0xffff},			     /* the index went back */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		struct virtqueue_buffer b[2] = {buffer(0, 64), buffer(1, 64)};

		device_new(8, 4, true);
		REQUIRE(virtqueue_add(&dev.q, b, 1, 1, memory[0]) == 0);
		REQUIRE(add_in(2) == 2);
		REQUIRE(add_in(3) == 3);
		check_lie(lies[i].id, lies[i].len, lies[i].step);
	}
}

TEST(the_same_chain_used_twice_breaks_the_queue)
{
	void *cookie;

	device_new(8, 4, true);
	add_in(0);
	add_in(1);
	device_use(device_take(), 1);
	device_use(0, 1);
	CHECK_EQ(get(&cookie), 1);
	CHECK_EQ(get(&cookie), -EIO);
}

TEST(a_length_for_a_chain_only_read_means_nothing)
{
	struct virtqueue_buffer b = buffer(0, 64);
	struct virtqueue *q = device_new(8, 4, true);
	void *cookie;
	uint32_t len = 1;

	virtqueue_add(q, &b, 1, 0, memory[0]);
	device_use(device_take(), 64);
	CHECK_EQ(virtqueue_get(q, &cookie, &len), 1);
	CHECK_EQ(len, 0);
}

TEST(draining_gives_every_chain_back)
{
	struct virtqueue *q = device_new(8, 4, true);
	struct virtqueue_buffer b[3] = {buffer(0, 1), buffer(1, 1), buffer(2, 1)};
	unsigned seen = 0;
	void *cookie;

	virtqueue_add(q, b, 3, 0, memory[0]);
	add_in(1);
	virtqueue_add(q, b, 2, 0, memory[2]);
	while (virtqueue_drain(q, &cookie))
		seen |= 1u << ((char(*)[64])cookie - memory);
	CHECK_EQ(seen, 7);
	CHECK_EQ(q->free, 8);
	CHECK_EQ(q->chains, 0);
}

static uint32_t dice(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 33;
}

/* One step of a device that sleeps unless notified: it takes all, then asks for the next kick. */
static void device_run(bool event_idx)
{
	dev.q.used->flags = event_idx ? 0 : VIRTQ_USED_NO_NOTIFY;
	while (device_take() >= 0)
		;
	*dev.q.avail_event = dev.seen;
	dev.q.used->flags = 0;
	dev.notified = 0;
}

/*
 * A long life, several times round both indices: random chains, random order of use, each side
 * asleep until the other tells it. If one of the two ever forgets to, somebody waits for ever.
 */
static void long_life(unsigned size, bool event_idx)
{
	struct virtqueue *q = device_new(size, 4, event_idx);
	unsigned out[MAX_SIZE] = {0}, added = 0, got = 0, lost = 0;
	void *cookie;

	virtqueue_enable_interrupt(q);
	for (unsigned step = 0; step < 300000 && !lost; step++) {
		for (unsigned n = dice() % 4; n--;) {
			struct virtqueue_buffer b[3] = {buffer(0, 1), buffer(1, 1), buffer(2, 1)};
			unsigned head = virtqueue_next_head(q), count = 1 + dice() % min(size, 3u);

			if (virtqueue_add(q, b, dice() % (count + 1), 0, &out[head]) < 0)
				continue;
			CHECK_EQ(out[head]++, 0);
			added++;
		}
		virtqueue_kick(q);
		if (dev.notified)
			device_run(event_idx);
		lost += dev.seen != q->avail->idx; /* asleep with work to do */
		for (unsigned n = dice() % 4; n-- && dev.holding;)
			device_use(dev.held[dice() % dev.holding], 0);
		if (dev.interrupts) {
			dev.interrupts = 0;
			virtqueue_disable_interrupt(q);
			do {
				while (get(&cookie) == 1) {
					CHECK_EQ(--*(unsigned *)cookie, 0);
					got++;
				}
			} while (!virtqueue_enable_interrupt(q));
		}
		lost += q->used_idx != q->used->idx;
	}
	CHECK_EQ(lost, 0);
	CHECK(!q->broken);
	CHECK(added > 70000); /* round both indices */
	CHECK_EQ(added - got, q->chains);
}

TEST(long_life_with_event_index)
{
	long_life(1, true);
	long_life(4, true);
	long_life(256, true);
}

TEST(long_life_with_flags)
{
	long_life(4, false);
	long_life(64, false);
}
