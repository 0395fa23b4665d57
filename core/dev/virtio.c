// SPDX-License-Identifier: MIT
/*
 * What all virtio devices share: taking over, negotiating features, queues, interrupts, failing.
 * The transport (modern or legacy registers) stands behind struct virtio_transport. No lock: a
 * device belongs to its driver; interrupts only read, and set `broken`. Virtio 1.2, sections 2.1 to
 * 2.4 and 3.1.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <arch/cpu.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/string.h>
#include <core/time.h>
#include <core/virtio.h>

#define PCI_VENDOR_VIRTIO 0x1af4
#define PCI_TRANSITIONAL  0x1000
#define PCI_MODERN	  0x1040
#define PCI_LAST	  0x107f

#define STATUS_GONE	  0xff /* what reads of a removed function give */
#define RESET_TIMEOUT	  (100 * NSEC_PER_MSEC)
#define GENERATION_TRIES  16
#define INTERRUPT_QUEUES  1
#define INTERRUPT_CHANGED 2

unsigned virtio_pci_type(const struct pci_device *d)
{
	if (d->vendor != PCI_VENDOR_VIRTIO || d->device < PCI_TRANSITIONAL || d->device > PCI_LAST)
		return 0;
	return d->device >= PCI_MODERN ? d->device - PCI_MODERN : d->subsystem;
}

static void status_add(struct virtio_device *v, uint8_t bits)
{
	v->transport->set_status(v, v->transport->status(v) | bits);
}

static bool reset_done(struct virtio_device *v)
{
	uint64_t end = arch_clock_now() + RESET_TIMEOUT;

	v->transport->set_status(v, 0);
	while (v->transport->status(v)) {
		if (arch_clock_now() > end)
			return false;
		arch_cpu_relax();
	}
	return true;
}

void virtio_reset(struct virtio_device *v)
{
	if (!reset_done(v))
		log_err("%s: the device does not reset", v->name);
}

void virtio_break(struct virtio_device *v, const char *why)
{
	if (!__atomic_exchange_n(&v->broken, true, __ATOMIC_ACQ_REL))
		log_err("%s: the device failed and is no longer used: %s", v->name, why);
}

int virtio_queue_get(struct virtio_device *v, struct virtqueue *q, void **cookie, uint32_t *len)
{
	int n = virtqueue_get(q, cookie, len);

	if (unlikely(n < 0))
		virtio_break(v, "its used ring is not valid");
	return n;
}

static void on_change(void *arg)
{
	struct virtio_device *v = arg;
	uint8_t status = v->transport->status(v);

	if (status == STATUS_GONE)
		virtio_break(v, "it is gone");
	else if (status & VIRTIO_STATUS_NEEDS_RESET)
		virtio_break(v, "it asks for a reset");
	if (v->changed)
		v->changed(v);
}

static void on_queues(void *arg)
{
	struct virtio_device *v = arg;

	v->interrupt(v);
}

static void on_wired(void *arg)
{
	struct virtio_device *v = arg;
	uint8_t why = v->transport->interrupt_status(v);

	if (why & INTERRUPT_CHANGED)
		on_change(v);
	if (why & INTERRUPT_QUEUES)
		v->interrupt(v);
}

static bool msix_open(struct virtio_device *v)
{
	if (pci_msix_count(v->pci) < 2 ||
	    pci_msix_set(v->pci, VIRTIO_VECTOR_CONFIG, on_change, v) ||
	    pci_msix_set(v->pci, VIRTIO_VECTOR_QUEUES, on_queues, v)) {
		pci_msix_disable(v->pci);
		return false;
	}
	pci_msix_enable(v->pci);
	v->msix = true;
	if (v->transport->set_config_vector(v, VIRTIO_VECTOR_CONFIG))
		return true;
	v->msix = false;
	pci_msix_disable(v->pci);
	return false;
}

static int interrupts_open(struct virtio_device *v)
{
	int err;

	if (msix_open(v))
		return 0;
	err = pci_intx_set(v->pci, on_wired, v);
	if (err)
		log_err("%s: no interrupt can be had (%d): device not used", v->name, err);
	return err;
}

int virtio_open(struct virtio_device *v, struct pci_device *d, const char *name)
{
	*v = (struct virtio_device){.pci = d, .name = name};
	pci_enable(d);
	if (!virtio_modern_find(v)) {
		v->transport = &virtio_modern;
	} else if (!virtio_legacy_find(v)) {
		v->transport = &virtio_legacy;
	} else {
		log_err("%s: has neither the modern nor the legacy registers", name);
		return -ENODEV;
	}
	if (!reset_done(v)) {
		log_err("%s: the device does not reset: not used", name);
		return -EIO;
	}
	status_add(v, VIRTIO_STATUS_ACKNOWLEDGE);
	status_add(v, VIRTIO_STATUS_DRIVER);
	return 0;
}

int virtio_negotiate(struct virtio_device *v, uint64_t wanted)
{
	bool modern = v->transport == &virtio_modern;
	uint64_t offered = v->transport->features(v);

	/*
	 * ACCESS_PLATFORM: the device goes through the platform's address translation. The core never
	 * turns an IOMMU on, so that translation is the identity and the feature costs nothing.
	 */
	wanted |= VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM |
		  VIRTIO_F_ORDER_PLATFORM;
	if (modern && !(offered & VIRTIO_F_VERSION_1)) {
		log_err("%s: modern registers without VERSION_1: not used", v->name);
		return -ENODEV;
	}
	v->features = offered & wanted;
	v->transport->set_features(v, v->features);
	if (modern) {
		status_add(v, VIRTIO_STATUS_FEATURES_OK);
		if (!(v->transport->status(v) & VIRTIO_STATUS_FEATURES_OK)) {
			log_err("%s: refuses the features %#llx out of %#llx", v->name,
				(unsigned long long)v->features, (unsigned long long)offered);
			return -ENODEV;
		}
	}
	return interrupts_open(v);
}

static unsigned ring_order(const struct virtio_device *v, unsigned size)
{
	size_t bytes = virtqueue_bytes(size, v->transport->ring_align);
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

/* The size queue index will have, or 0 if it has none that can be used. */
static unsigned queue_size(struct virtio_device *v, unsigned index, unsigned max)
{
	unsigned size = v->transport->queue_size(v, index);

	if (v->transport->fixed_size)
		return size <= VIRTQUEUE_MAX && !(size & (size - 1)) ? size : 0;
	while (size & (size - 1))
		size &= size - 1; /* the highest bit stays */
	return min(size, max);
}

int virtio_queue_open(struct virtio_device *v, struct virtqueue *q, unsigned index, unsigned max)
{
	unsigned size = queue_size(v, index, max);
	struct virtqueue_slot *slot;
	void *ring;
	int err;

	if (!size) {
		log_err("%s: queue %u cannot be used", v->name, index);
		return -ENODEV;
	}
	ring = page_alloc_zeroed(ring_order(v, size));
	slot = kcalloc(size, sizeof(*slot));
	if (!ring || !slot) {
		err = -ENOMEM;
		goto out;
	}
	virtqueue_init(q, size, v->transport->ring_align, ring, slot,
		       virtio_has(v, VIRTIO_F_EVENT_IDX));
	q->index = index;
	err = v->transport->queue_start(v, q, v->msix ? VIRTIO_VECTOR_QUEUES : VIRTIO_NO_VECTOR);
	if (!err)
		return 0;
out:
	log_err("%s: queue %u cannot be set up (%d)", v->name, index, err);
	*q = (struct virtqueue){0};
	kfree(slot);
	if (ring)
		page_free(ring, ring_order(v, size));
	return err;
}

void virtio_queue_close(struct virtio_device *v, struct virtqueue *q)
{
	if (!q->desc)
		return;
	kfree(q->slot);
	page_free(q->desc, ring_order(v, q->size));
	*q = (struct virtqueue){0};
}

void virtio_start(struct virtio_device *v)
{
	status_add(v, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_close(struct virtio_device *v)
{
	virtio_reset(v);
	v->transport->set_status(v, VIRTIO_STATUS_FAILED);
}

void virtio_config_read(struct virtio_device *v, unsigned offset, void *buf, unsigned n)
{
	uint8_t *out = buf, before;

	for (int tries = 0; tries < GENERATION_TRIES; tries++) {
		before = v->transport->generation(v);
		for (unsigned i = 0; i < n; i++)
			out[i] = v->transport->config8(v, offset + i);
		if (v->transport->generation(v) == before)
			return;
	}
	virtio_break(v, "its configuration never stands still");
}
