// SPDX-License-Identifier: MIT
/*
 * The modern virtio registers on PCI: blocks in memory BARs, told by vendor capabilities. Virtio 1.2,
 * section 4.1.4. Every block is checked to lie in its BAR before it is used. Called by virtio.c.
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/virtio.h>

#define CAP_VENDOR	 0x09
#define CAP_LENGTH	 2 /* offsets in the capability */
#define CAP_TYPE	 3
#define CAP_BAR		 4
#define CAP_OFFSET	 8
#define CAP_SIZE	 12
#define CAP_MULTIPLIER	 16
#define CAP_BYTES	 16
#define CAP_NOTIFY_BYTES 20

enum {
	BLOCK_COMMON = 1,
	BLOCK_NOTIFY,
	BLOCK_ISR,
	BLOCK_CONFIG
};

/* Offsets in the common block. */
#define COMMON_DEVICE_SELECT 0
#define COMMON_DEVICE	     4
#define COMMON_DRIVER_SELECT 8
#define COMMON_DRIVER	     12
#define COMMON_CONFIG_VECTOR 16
#define COMMON_QUEUES	     18
#define COMMON_STATUS	     20
#define COMMON_GENERATION    21
#define COMMON_QUEUE_SELECT  22
#define COMMON_QUEUE_SIZE    24
#define COMMON_QUEUE_VECTOR  26
#define COMMON_QUEUE_ENABLE  28
#define COMMON_QUEUE_NOTIFY  30
#define COMMON_QUEUE_DESC    32
#define COMMON_QUEUE_AVAIL   40
#define COMMON_QUEUE_USED    48
#define COMMON_BYTES	     56

/* Maps the block a capability tells of: NULL if it is not wholly inside a memory BAR. */
static volatile uint8_t *block_map(struct pci_device *d, unsigned cap, size_t least, size_t *size)
{
	uint32_t offset = pci_read32(d, cap + CAP_OFFSET);
	volatile uint8_t *bar;
	size_t bar_size;

	*size = pci_read32(d, cap + CAP_SIZE);
	bar = pci_map_bar(d, pci_read8(d, cap + CAP_BAR), &bar_size);
	if (!bar || *size < least || offset > bar_size || *size > bar_size - offset)
		return NULL;
	return bar + offset;
}

/* Takes the first usable block of each type, as the device prefers them. */
static void block_take(struct virtio_device *v, unsigned cap)
{
	size_t size;

	switch (pci_read8(v->pci, cap + CAP_TYPE)) {
	case BLOCK_COMMON:
		if (!v->common)
			v->common = block_map(v->pci, cap, COMMON_BYTES, &size);
		break;
	case BLOCK_ISR:
		if (!v->isr)
			v->isr = block_map(v->pci, cap, 1, &size);
		break;
	case BLOCK_CONFIG:
		if (!v->config)
			v->config = block_map(v->pci, cap, 1, &v->config_len);
		break;
	case BLOCK_NOTIFY:
		if (v->notify || pci_read8(v->pci, cap + CAP_LENGTH) < CAP_NOTIFY_BYTES)
			break;
		v->notify = block_map(v->pci, cap, 2, &v->notify_len);
		v->notify_multiplier = pci_read32(v->pci, cap + CAP_MULTIPLIER);
		break;
	default:
		break;
	}
}

int virtio_modern_find(struct virtio_device *v)
{
	unsigned cap = pci_find_capability(v->pci, CAP_VENDOR, 0), next;

	for (int n = 0; cap && n < 48; n++) {
		if (pci_read8(v->pci, cap + CAP_LENGTH) >= CAP_BYTES)
			block_take(v, cap);
		next = pci_read8(v->pci, cap + 1);
		cap = next ? pci_find_capability(v->pci, CAP_VENDOR, next) : 0;
	}
	return v->common && v->isr && v->notify ? 0 : -ENODEV;
}

static uint64_t modern_features(struct virtio_device *v)
{
	uint64_t low;

	mmio_write32(v->common + COMMON_DEVICE_SELECT, 0);
	low = mmio_read32(v->common + COMMON_DEVICE);
	mmio_write32(v->common + COMMON_DEVICE_SELECT, 1);
	return low | (uint64_t)mmio_read32(v->common + COMMON_DEVICE) << 32;
}

static void modern_set_features(struct virtio_device *v, uint64_t features)
{
	mmio_write32(v->common + COMMON_DRIVER_SELECT, 0);
	mmio_write32(v->common + COMMON_DRIVER, features);
	mmio_write32(v->common + COMMON_DRIVER_SELECT, 1);
	mmio_write32(v->common + COMMON_DRIVER, features >> 32);
}

static uint8_t modern_status(struct virtio_device *v)
{
	return mmio_read8(v->common + COMMON_STATUS);
}

static void modern_set_status(struct virtio_device *v, uint8_t status)
{
	mmio_write8(v->common + COMMON_STATUS, status);
}

static uint8_t modern_interrupt_status(struct virtio_device *v)
{
	return mmio_read8(v->isr);
}

static uint8_t modern_config8(struct virtio_device *v, unsigned offset)
{
	return offset < v->config_len ? mmio_read8(v->config + offset) : 0;
}

static uint8_t modern_generation(struct virtio_device *v)
{
	return mmio_read8(v->common + COMMON_GENERATION);
}

static bool modern_set_config_vector(struct virtio_device *v, uint16_t vector)
{
	mmio_write16(v->common + COMMON_CONFIG_VECTOR, vector);
	return mmio_read16(v->common + COMMON_CONFIG_VECTOR) == vector;
}

static unsigned modern_queue_size(struct virtio_device *v, unsigned index)
{
	if (index >= mmio_read16(v->common + COMMON_QUEUES))
		return 0;
	mmio_write16(v->common + COMMON_QUEUE_SELECT, index);
	return mmio_read16(v->common + COMMON_QUEUE_SIZE);
}

static void modern_notify(struct virtqueue *q)
{
	mmio_write16(q->notify_address, q->index);
}

static void write_address(struct virtio_device *v, unsigned reg, const volatile void *p)
{
	phys_t pa = virt_to_phys((const void *)(uintptr_t)p);

	mmio_write32(v->common + reg, pa);
	mmio_write32(v->common + reg + 4, pa >> 32);
}

static int modern_queue_start(struct virtio_device *v, struct virtqueue *q, uint16_t vector)
{
	uint64_t notify;

	mmio_write16(v->common + COMMON_QUEUE_SELECT, q->index);
	mmio_write16(v->common + COMMON_QUEUE_SIZE, q->size);
	mmio_write16(v->common + COMMON_QUEUE_VECTOR, vector);
	if (mmio_read16(v->common + COMMON_QUEUE_VECTOR) != vector)
		return -ENOSPC;
	notify = (uint64_t)mmio_read16(v->common + COMMON_QUEUE_NOTIFY) * v->notify_multiplier;
	if (notify + 2 > v->notify_len)
		return -ENODEV;
	q->notify = modern_notify;
	q->notify_address = v->notify + notify;
	write_address(v, COMMON_QUEUE_DESC, q->desc);
	write_address(v, COMMON_QUEUE_AVAIL, q->avail);
	write_address(v, COMMON_QUEUE_USED, q->used);
	mmio_write16(v->common + COMMON_QUEUE_ENABLE, 1);
	return 0;
}

const struct virtio_transport virtio_modern = {
	.name = "modern",
	.features = modern_features,
	.set_features = modern_set_features,
	.status = modern_status,
	.set_status = modern_set_status,
	.interrupt_status = modern_interrupt_status,
	.config8 = modern_config8,
	.generation = modern_generation,
	.set_config_vector = modern_set_config_vector,
	.queue_size = modern_queue_size,
	.queue_start = modern_queue_start,
	.ring_align = 4,
};
