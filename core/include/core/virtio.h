/* SPDX-License-Identifier: MIT */
/*
 * Virtio devices on PCI: modern (virtio 1.2, section 4.1) and legacy through an I/O BAR (its
 * "Legacy Interface" parts). Order of a driver's probe: virtio_open(), virtio_negotiate(),
 * virtio_queue_open() for each queue, virtio_start(). What fails half way: virtio_close().
 */
#ifndef CORE_VIRTIO_H
#define CORE_VIRTIO_H

#include <core/compiler.h>
#include <core/virtqueue.h>

struct pci_device;

#define VIRTIO_ID_NET	  1
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG	  4

/* Feature bits of every device. */
#define VIRTIO_F_EVENT_IDX	 (1ull << 29)
#define VIRTIO_F_VERSION_1	 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)
#define VIRTIO_F_ORDER_PLATFORM	 (1ull << 36)

#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER	  0x02
#define VIRTIO_STATUS_DRIVER_OK	  0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED	  0x80

#define VIRTIO_NO_VECTOR 0xffff
/* MSI-X entries: one for the configuration, one shared by all queues of a device. */
#define VIRTIO_VECTOR_CONFIG 0
#define VIRTIO_VECTOR_QUEUES 1

struct virtio_device;

/* How registers are reached: virtio_modern.c, virtio_legacy.c. */
struct virtio_transport {
	const char *name;
	uint64_t (*features)(struct virtio_device *v);
	void (*set_features)(struct virtio_device *v, uint64_t features);
	uint8_t (*status)(struct virtio_device *v);
	void (*set_status)(struct virtio_device *v, uint8_t status);
	/* Reads and so acknowledges the wired interrupt: bit 0 queues, bit 1 configuration. */
	uint8_t (*interrupt_status)(struct virtio_device *v);
	uint8_t (*config8)(struct virtio_device *v, unsigned offset);
	/* Changes when the configuration does; 0 for ever where the device has no such thing. */
	uint8_t (*generation)(struct virtio_device *v);
	/* True if the device accepted the entry for configuration changes. */
	bool (*set_config_vector)(struct virtio_device *v, uint16_t vector);
	/* Descriptors of queue index: what it has, or may have at most; 0 if there is no such queue. */
	unsigned (*queue_size)(struct virtio_device *v, unsigned index);
	/* Tells the device where q lies and which entry it interrupts; fills notify. 0 or -errno. */
	int (*queue_start)(struct virtio_device *v, struct virtqueue *q, uint16_t vector);
	unsigned ring_align; /* of the used ring */
	bool fixed_size;     /* a queue has the size the device says, not less */
};

extern const struct virtio_transport virtio_modern, virtio_legacy;

struct virtio_device {
	struct pci_device *pci;
	const struct virtio_transport *transport;
	const char *name;  /* for the log */
	uint64_t features; /* negotiated */
	bool broken;	   /* failed for good, its driver must stop; any context sets it */
	bool msix;
	/* Interrupt context; set before virtio_start(). changed may be NULL. */
	void (*interrupt)(struct virtio_device *v);
	void (*changed)(struct virtio_device *v);
	/* Modern: mapped register blocks. */
	volatile uint8_t *common, *isr, *config, *notify;
	size_t config_len, notify_len;
	uint32_t notify_multiplier;
	/* Legacy: the I/O BAR. */
	uint16_t port;
	size_t port_len;
};

/* The virtio device type behind a PCI function, or 0 if it is none. */
unsigned virtio_pci_type(const struct pci_device *d);
/* Modern: finds and maps the register blocks. Legacy: finds the I/O BAR. 0 or -ENODEV. */
int virtio_modern_find(struct virtio_device *v);
int virtio_legacy_find(struct virtio_device *v);

/* Takes the device over and resets it. name stays the caller's. 0, or -errno after a log line. */
int virtio_open(struct virtio_device *v, struct pci_device *d, const char *name);
/* Settles on what the device offers and the driver wants. 0, or -errno after a log line. */
int virtio_negotiate(struct virtio_device *v, uint64_t wanted);
static inline bool virtio_has(const struct virtio_device *v, uint64_t feature)
{
	return v->features & feature;
}
/*
 * Allocates and announces queue index with at most max descriptors (a power of two); a legacy
 * device may insist on more. 0, or -errno after a log line.
 */
int virtio_queue_open(struct virtio_device *v, struct virtqueue *q, unsigned index, unsigned max);
/* From here on the device works and interrupts. */
void virtio_start(struct virtio_device *v);
/* Resets the device, so that it touches no memory any more. */
void virtio_reset(struct virtio_device *v);
/* Frees a queue of a device that was reset. */
void virtio_queue_close(struct virtio_device *v, struct virtqueue *q);
/* Gives the device up: FAILED. */
void virtio_close(struct virtio_device *v);
/* Marks the device broken, logging why once. Any context. */
void virtio_break(struct virtio_device *v, const char *why);
/* Copies n bytes of the configuration from offset; consistent among themselves. */
void virtio_config_read(struct virtio_device *v, unsigned offset, void *buf, unsigned n);
/* virtqueue_get() that breaks the device when its queue breaks. */
int virtio_queue_get(struct virtio_device *v, struct virtqueue *q, void **cookie, uint32_t *len);

#endif
