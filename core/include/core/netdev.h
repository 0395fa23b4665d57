/* SPDX-License-Identifier: MIT */
/*
 * The border between network drivers (core/dev) and the network stack (net): neither includes the
 * other. A driver registers a netdev; the stack registers itself once as the client of all of them.
 * Except irq handlers all of this runs in thread context under the stack's net lock, so a driver
 * needs no lock of its own but against its interrupt.
 */
#ifndef CORE_NETDEV_H
#define CORE_NETDEV_H

#include <core/compiler.h>

/* Offloads a device does, bits of netdev.features. */
#define NETDEV_TX_CSUM 1 /* completes a TCP/UDP checksum, see netdev_tx */
#define NETDEV_RX_CSUM 2 /* tells that a received checksum is good, see netdev_rx */

struct netdev;

struct netdev_frag {
	void *data; /* in the direct map */
	uint32_t len;
};

#define NETDEV_MAX_FRAGS 20

/* A frame to send: Ethernet header first, no checksum of the medium. */
struct netdev_tx {
	struct netdev_frag frag[NETDEV_MAX_FRAGS];
	unsigned frags;
	/*
	 * Checksum to complete if csum_start != 0: over the bytes from csum_start to the end, stored
	 * at csum_start + csum_offset, where the pseudo header's sum already stands.
	 */
	uint16_t csum_start, csum_offset;
	void *cookie; /* given back to client->transmitted() when the device is done with frag[] */
};

/* A received frame. Its buffers are the driver's until the stack calls release. */
struct netdev_rx {
	struct netdev_frag frag[NETDEV_MAX_FRAGS];
	unsigned frags;
	bool csum_good; /* TCP/UDP checksum checked, or made on this machine */
	void (*release)(struct netdev_rx *rx); /* net lock held */
	struct netdev *dev;
	struct netdev_rx *next; /* free for whoever holds it */
};

struct netdev_ops {
	/*
	 * Queues a frame; the buffers stay untouched until transmitted(cookie). *tx itself may be
	 * reused on return. 0, -EAGAIN if the ring is full (transmitted() follows when there is room),
	 * -EIO if the device has failed. May call transmitted() for earlier frames before it returns.
	 */
	int (*transmit)(struct netdev *dev, const struct netdev_tx *tx);
	/* Tells the device of what was queued since the last kick: once for a burst. */
	void (*kick)(struct netdev *dev);
	/*
	 * Hands up at most budget received frames and all finished transmissions. Returns true if
	 * there is more; when false, the device's interrupt is on again.
	 */
	bool (*poll)(struct netdev *dev, unsigned budget);
};

struct netdev {
	const struct netdev_ops *ops;
	uint8_t mac[6];
	uint16_t mtu; /* without the Ethernet header */
	uint32_t features;
	char name[8];
	void *driver; /* the driver's own */
	void *stack;  /* the stack's own */
	struct netdev *next;
	bool pending; /* its interrupt came; poll it */
	uint64_t rx_packets, tx_packets, rx_dropped, tx_dropped, interrupts, kicks;
};

struct netdev_client {
	/* A new device; thread context, during boot. */
	void (*attach)(struct netdev *dev);
	/* Takes over rx: calls rx->release(rx) when its bytes are no longer needed. */
	void (*receive)(struct netdev *dev, struct netdev_rx *rx);
	void (*transmitted)(struct netdev *dev, void *cookie);
};

/* core/dev/netdev.c. Devices registered before the client are attached when it comes. */
void netdev_register(struct netdev *dev);
void netdev_set_client(const struct netdev_client *client);
const struct netdev_client *netdev_client(void);
struct netdev *netdev_first(void);
/* From the driver's interrupt: marks dev pending and raises DEFERRED_NET. */
void netdev_interrupt(struct netdev *dev);

#endif
