// SPDX-License-Identifier: MIT
/*
 * Virtio entropy device (virtio 1.2, section 5.4) as a source for core/random.c. One request is
 * always under way, so that the bytes are there before anybody asks. random.c asks from one place at
 * a time: no lock.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <arch/cpu.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/random.h>
#include <core/string.h>
#include <core/time.h>
#include <core/virtio.h>

#define REQUEST_BYTES 64
#define FIRST_WAIT    (10 * NSEC_PER_MSEC) /* for the seed; later requests have had time enough */

static struct rng {
	struct virtio_device virtio;
	struct virtqueue queue;
	uint8_t *buffer;
	bool waited;
} rng;

static void rng_request(void)
{
	struct virtqueue_buffer b = {virt_to_phys(rng.buffer), REQUEST_BYTES};

	if (virtqueue_add(&rng.queue, &b, 0, 1, rng.buffer) >= 0)
		virtqueue_kick(&rng.queue);
}

static size_t rng_fill(void *buf, size_t n)
{
	uint64_t end = arch_clock_now() + FIRST_WAIT;
	void *cookie;
	uint32_t len;

	while (virtio_queue_get(&rng.virtio, &rng.queue, &cookie, &len) != 1) {
		if (rng.waited || rng.virtio.broken || arch_clock_now() > end) {
			rng.waited = true;
			return 0;
		}
		arch_cpu_relax();
	}
	rng.waited = true;
	n = min(n, (size_t)len);
	memcpy(buf, rng.buffer, n);
	memset(rng.buffer, 0, REQUEST_BYTES);
	rng_request();
	return n;
}

static struct random_source source = {.name = "virtio-rng", .fill = rng_fill};

/* Results are looked for when they are wanted. */
static void rng_interrupt(struct virtio_device *v)
{
	(void)v;
}

static bool rng_match(const struct pci_device *d)
{
	return virtio_pci_type(d) == VIRTIO_ID_RNG;
}

static int rng_probe(struct pci_device *d)
{
	int err;

	if (rng.buffer)
		return -EBUSY; /* one is enough */
	err = virtio_open(&rng.virtio, d, "virtio-rng");
	if (err)
		return err;
	rng.virtio.interrupt = rng_interrupt;
	rng.buffer = kmalloc(REQUEST_BYTES);
	err = rng.buffer ? virtio_negotiate(&rng.virtio, 0) : -ENOMEM;
	if (!err)
		err = virtio_queue_open(&rng.virtio, &rng.queue, 0, 8);
	if (err) {
		virtio_close(&rng.virtio);
		kfree(rng.buffer);
		rng.buffer = NULL;
		return err;
	}
	virtqueue_disable_interrupt(&rng.queue);
	virtio_start(&rng.virtio);
	rng_request();
	random_source_register(&source);
	return 0;
}

static const struct pci_driver virtio_rng = {"virtio-rng", rng_match, rng_probe};
PCI_DRIVER(virtio_rng);
