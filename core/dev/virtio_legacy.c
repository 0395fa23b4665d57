// SPDX-License-Identifier: MIT
/*
 * The legacy virtio registers on PCI: one block in I/O BAR 0. Virtio 1.2, section 4.1.4.10. The
 * device's own configuration begins behind the MSI-X vectors, which are there only while MSI-X is
 * enabled. Called by virtio.c.
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/virtio.h>

#define LEGACY_DEVICE	      0
#define LEGACY_DRIVER	      4
#define LEGACY_QUEUE_PAGE     8
#define LEGACY_QUEUE_SIZE     12
#define LEGACY_QUEUE_SELECT   14
#define LEGACY_QUEUE_NOTIFY   16
#define LEGACY_STATUS	      18
#define LEGACY_ISR	      19
#define LEGACY_CONFIG_VECTOR  20
#define LEGACY_QUEUE_VECTOR   22
#define LEGACY_CONFIG	      20
#define LEGACY_CONFIG_MSIX    24
#define LEGACY_PAGE_SHIFT     12
#define LEGACY_LAST_DEVICE_ID 0x103f

int virtio_legacy_find(struct virtio_device *v)
{
	if (v->pci->device > LEGACY_LAST_DEVICE_ID)
		return -ENODEV;
	v->port = pci_io_bar(v->pci, 0, &v->port_len);
	return v->port && v->port_len >= LEGACY_CONFIG_MSIX ? 0 : -ENODEV;
}

static uint64_t legacy_features(struct virtio_device *v)
{
	return arch_in32(v->port + LEGACY_DEVICE);
}

static void legacy_set_features(struct virtio_device *v, uint64_t features)
{
	arch_out32(v->port + LEGACY_DRIVER, features);
}

static uint8_t legacy_status(struct virtio_device *v)
{
	return arch_in8(v->port + LEGACY_STATUS);
}

static void legacy_set_status(struct virtio_device *v, uint8_t status)
{
	arch_out8(v->port + LEGACY_STATUS, status);
}

static uint8_t legacy_interrupt_status(struct virtio_device *v)
{
	return arch_in8(v->port + LEGACY_ISR);
}

static uint8_t legacy_config8(struct virtio_device *v, unsigned offset)
{
	offset += v->msix ? LEGACY_CONFIG_MSIX : LEGACY_CONFIG;
	return offset < v->port_len ? arch_in8(v->port + offset) : 0;
}

static uint8_t legacy_generation(struct virtio_device *v)
{
	(void)v;
	return 0;
}

static bool legacy_set_config_vector(struct virtio_device *v, uint16_t vector)
{
	arch_out16(v->port + LEGACY_CONFIG_VECTOR, vector);
	return arch_in16(v->port + LEGACY_CONFIG_VECTOR) == vector;
}

static unsigned legacy_queue_size(struct virtio_device *v, unsigned index)
{
	arch_out16(v->port + LEGACY_QUEUE_SELECT, index);
	return arch_in16(v->port + LEGACY_QUEUE_SIZE);
}

static void legacy_notify(struct virtqueue *q)
{
	arch_out16(q->notify_port, q->index);
}

static int legacy_queue_start(struct virtio_device *v, struct virtqueue *q, uint16_t vector)
{
	phys_t page = virt_to_phys(q->desc) >> LEGACY_PAGE_SHIFT;

	if (page > UINT32_MAX)
		return -ENOMEM;
	arch_out16(v->port + LEGACY_QUEUE_SELECT, q->index);
	if (v->msix) {
		arch_out16(v->port + LEGACY_QUEUE_VECTOR, vector);
		if (arch_in16(v->port + LEGACY_QUEUE_VECTOR) != vector)
			return -ENOSPC;
	}
	q->notify = legacy_notify;
	q->notify_port = v->port + LEGACY_QUEUE_NOTIFY;
	arch_out32(v->port + LEGACY_QUEUE_PAGE, page);
	return 0;
}

const struct virtio_transport virtio_legacy = {
	.name = "legacy",
	.features = legacy_features,
	.set_features = legacy_set_features,
	.status = legacy_status,
	.set_status = legacy_set_status,
	.interrupt_status = legacy_interrupt_status,
	.config8 = legacy_config8,
	.generation = legacy_generation,
	.set_config_vector = legacy_set_config_vector,
	.queue_size = legacy_queue_size,
	.queue_start = legacy_queue_start,
	.ring_align = 4096,
	.fixed_size = true,
};
