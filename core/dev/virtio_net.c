// SPDX-License-Identifier: MIT
/*
 * Virtio network device (virtio 1.2, section 5.1) as a netdev. Receive buffers are blocks of 2 KiB:
 * their record in front, the bytes the device writes behind it; they go up to the stack without a
 * copy and come back by release(). More are made while the stack holds many, up to a share of the
 * memory; beyond that frames are dropped and counted. Finished transmissions are taken back in
 * poll() and when descriptors run short, so the transmit interrupt is on only while the ring is full.
 * Lock: everything but net_interrupt() and net_changed() runs under the stack's net lock.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/netdev.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/random.h>
#include <core/string.h>
#include <core/virtio.h>

#define NET_F_CSUM	 (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU	 (1ull << 3)
#define NET_F_MAC	 (1ull << 5)
#define NET_F_MRG_RXBUF	 (1ull << 15)
#define NET_F_STATUS	 (1ull << 16)

#define CONFIG_MAC    0
#define CONFIG_STATUS 6
#define CONFIG_MTU    10
#define LINK_UP	      1

#define QUEUE_RX 0
#define QUEUE_TX 1

struct net_header {
	uint8_t flags, gso_type;
	uint16_t header_len, gso_size, csum_start, csum_offset;
	uint16_t buffers; /* not there in a legacy device without NET_F_MRG_RXBUF */
};
#define HEADER_NEEDS_CSUM 1
#define HEADER_DATA_VALID 2
#define HEADER_SHORT	  10

#define ETHERNET_HEADER 14
#define MTU_DEFAULT	1500
#define MTU_LEAST	68 /* RFC 791 */

#define RX_BLOCK      2048u
#define RX_RECORD     ALIGN_UP(sizeof(struct netdev_rx), 64)
#define RX_PAGE_SHARE 8 /* at most one in so many of all pages is made into receive buffers */
#define RX_BLOCKS_MAX 16384

struct net {
	struct netdev dev;
	struct virtio_device virtio;
	struct virtqueue rx, tx;
	unsigned header_len, rx_offset; /* bytes; from a block's start to where the device writes */
	struct net_header *tx_headers;	/* one a descriptor of tx */
	struct netdev_rx *spare;	/* free blocks */
	unsigned spares, blocks, blocks_max;
	bool tx_waiting; /* a frame was refused: the stack waits for transmitted() */
	bool stopped;
};

/* Blocks are aligned to their size, so any byte of one tells which it is. */
static struct netdev_rx *block_of(const void *p)
{
	return (void *)((uintptr_t)p & ~(uintptr_t)(RX_BLOCK - 1));
}

static unsigned rx_room(const struct net *n)
{
	return RX_BLOCK - n->rx_offset;
}

/* ---- receiving ---- */

static struct netdev_rx *block_get(struct net *n)
{
	struct netdev_rx *b = n->spare;

	if (b) {
		n->spare = b->next;
		n->spares--;
		return b;
	}
	if (n->blocks >= n->blocks_max)
		return NULL;
	b = kmalloc(RX_BLOCK);
	n->blocks += b != NULL;
	return b;
}

/* A ring's worth is kept at hand; what was made above that goes back to the heap. */
static void block_put(struct net *n, struct netdev_rx *b)
{
	if (n->blocks > n->rx.size && n->spares >= n->rx.size / 2) {
		n->blocks--;
		kfree(b);
		return;
	}
	b->next = n->spare;
	n->spare = b;
	n->spares++;
}

/* Gives the device blocks while it takes them and there are some. */
static void rx_refill(struct net *n)
{
	while (n->rx.free && !n->stopped) {
		struct netdev_rx *b = block_get(n);
		struct virtqueue_buffer to;

		if (!b)
			break;
		to = (struct virtqueue_buffer){virt_to_phys((char *)b + n->rx_offset), rx_room(n)};
		if (virtqueue_add(&n->rx, &to, 0, 1, b) < 0) {
			block_put(n, b);
			break;
		}
	}
	n->dev.kicks += virtqueue_kick(&n->rx);
}

static void net_release(struct netdev_rx *rx)
{
	struct net *n = rx->dev->driver;
	unsigned frags = rx->frags;

	/* The record lies in the first block, so that goes last. */
	while (frags--)
		block_put(n, block_of(rx->frag[frags].data));
	/* The ring ran low while the stack held the blocks: no interrupt may come to fill it. */
	if (n->rx.chains < n->rx.size / 4)
		rx_refill(n);
}

/* Takes the blocks a frame goes on in; false if the device lied about them. */
static bool rx_gather(struct net *n, struct netdev_rx *rx, unsigned more)
{
	bool fits = more < NETDEV_MAX_FRAGS;
	void *block;
	uint32_t len;

	while (more--) {
		if (virtio_queue_get(&n->virtio, &n->rx, &block, &len) != 1)
			return false;
		if (!fits || !len) {
			fits = false;
			block_put(n, block);
			continue;
		}
		rx->frag[rx->frags].data = (char *)block + n->rx_offset;
		rx->frag[rx->frags++].len = len;
	}
	return fits;
}

/* Makes the frame's record out of what the device wrote; false if it is not a frame. */
static bool rx_frame(struct net *n, struct netdev_rx *rx, uint32_t len)
{
	const struct net_header *h = (const void *)((char *)rx + n->rx_offset);
	unsigned more = virtio_has(&n->virtio, NET_F_MRG_RXBUF) ? h->buffers - 1u : 0;

	rx->frags = 1;
	rx->frag[0].data = (char *)rx + n->rx_offset + n->header_len;
	rx->frag[0].len = len - n->header_len;
	rx->csum_good = n->dev.features & NETDEV_RX_CSUM &&
			h->flags & (HEADER_NEEDS_CSUM | HEADER_DATA_VALID);
	rx->release = net_release;
	rx->dev = &n->dev;
	rx->next = NULL;
	if (len < n->header_len + ETHERNET_HEADER) {
		rx->frag[0].len = 0;
		more = 0;
	}
	return (!more || (more < n->rx.size && rx_gather(n, rx, more))) && rx->frag[0].len;
}

/* One received frame, up to the stack. */
static void rx_one(struct net *n, struct netdev_rx *rx, uint32_t len)
{
	bool good = rx_frame(n, rx, len);

	/*
	 * When no block can be had to replace this one and the ring runs low, the frame is dropped:
	 * better than a device that can tell of nothing any more.
	 */
	if (!good || (!n->spare && n->blocks >= n->blocks_max && n->rx.chains < n->rx.size / 4)) {
		n->dev.rx_dropped++;
		net_release(rx);
		return;
	}
	n->dev.rx_packets++;
	netdev_client()->receive(&n->dev, rx);
}

static unsigned rx_some(struct net *n, unsigned budget)
{
	unsigned done = 0;
	void *block;
	uint32_t len;

	while (done < budget && virtio_queue_get(&n->virtio, &n->rx, &block, &len) == 1) {
		rx_one(n, block, len);
		done++;
	}
	rx_refill(n);
	return done;
}

/* ---- transmitting ---- */

static void tx_reclaim(struct net *n)
{
	void *cookie;
	uint32_t len;

	while (virtio_queue_get(&n->virtio, &n->tx, &cookie, &len) == 1) {
		n->tx_waiting = false;
		netdev_client()->transmitted(&n->dev, cookie);
	}
}

/* True if need descriptors are free, after taking back what is finished. */
static bool tx_room(struct net *n, unsigned need)
{
	/* Half empty: early enough that finished frames do not keep their memory for long. */
	if (n->tx.free < n->tx.size / 2 || n->tx.free < need)
		tx_reclaim(n);
	if (n->tx.free >= need)
		return true;
	/* Full: now the interrupt is wanted; poll() then tells the stack of the room. */
	n->tx_waiting = true;
	if (virtqueue_enable_interrupt_delayed(&n->tx))
		return false;
	tx_reclaim(n);
	return n->tx.free >= need;
}

static void tx_header(struct net_header *h, const struct netdev_tx *tx)
{
	*h = (struct net_header){0};
	if (!tx->csum_start)
		return;
	h->flags = HEADER_NEEDS_CSUM;
	h->csum_start = tx->csum_start;
	h->csum_offset = tx->csum_offset;
}

static int net_transmit(struct netdev *dev, const struct netdev_tx *tx)
{
	struct virtqueue_buffer buf[1 + NETDEV_MAX_FRAGS];
	struct net *n = dev->driver;
	struct net_header *h;

	if (n->virtio.broken || !tx->frags || tx->frags > NETDEV_MAX_FRAGS ||
	    (tx->csum_start && !(dev->features & NETDEV_TX_CSUM))) {
		dev->tx_dropped++;
		return n->virtio.broken ? -EIO : -EINVAL;
	}
	if (!tx_room(n, 1 + tx->frags))
		return -EAGAIN;
	h = &n->tx_headers[virtqueue_next_head(&n->tx)];
	tx_header(h, tx);
	buf[0] = (struct virtqueue_buffer){virt_to_phys(h), n->header_len};
	for (unsigned i = 0; i < tx->frags; i++)
		buf[1 + i] = (struct virtqueue_buffer){virt_to_phys(tx->frag[i].data),
						       tx->frag[i].len};
	if (virtqueue_add(&n->tx, buf, 1 + tx->frags, 0, tx->cookie) < 0) {
		dev->tx_dropped++;
		return -EIO;
	}
	dev->tx_packets++;
	return 0;
}

static void net_kick(struct netdev *dev)
{
	struct net *n = dev->driver;

	dev->kicks += virtqueue_kick(&n->tx);
}

/* ---- interrupts, polling, failing ---- */

/* Interrupt context. Nothing more until poll() has seen to it. */
static void net_interrupt(struct virtio_device *v)
{
	struct net *n = container_of(v, struct net, virtio);

	virtqueue_disable_interrupt(&n->rx);
	virtqueue_disable_interrupt(&n->tx);
	netdev_interrupt(&n->dev);
}

static bool link_up(struct net *n)
{
	uint16_t status = LINK_UP;

	if (virtio_has(&n->virtio, NET_F_STATUS))
		virtio_config_read(&n->virtio, CONFIG_STATUS, &status, sizeof(status));
	return status & LINK_UP;
}

/* Interrupt context: the link went up or down, or the device failed, which poll() sees to. */
static void net_changed(struct virtio_device *v)
{
	struct net *n = container_of(v, struct net, virtio);

	if (v->broken)
		netdev_interrupt(&n->dev);
	else if (virtio_has(v, NET_F_STATUS))
		log_info("%s: link is %s", n->dev.name, link_up(n) ? "up" : "down");
}

/* The device failed: stop it, and give back what it held. */
static void net_stop(struct net *n)
{
	void *cookie;

	if (n->stopped)
		return;
	n->stopped = true;
	virtio_reset(&n->virtio);
	while (virtqueue_drain(&n->rx, &cookie))
		block_put(n, cookie);
	while (virtqueue_drain(&n->tx, &cookie))
		netdev_client()->transmitted(&n->dev, cookie);
}

/* Turns the interrupts on; false if there is something to do already. */
static bool net_wait(struct net *n)
{
	if (virtqueue_enable_interrupt(&n->rx) &&
	    (!n->tx_waiting || virtqueue_enable_interrupt_delayed(&n->tx)))
		return true;
	virtqueue_disable_interrupt(&n->rx);
	return false;
}

static bool net_poll(struct netdev *dev, unsigned budget)
{
	struct net *n = dev->driver;

	WRITE_ONCE(dev->pending, false);
	if (!n->virtio.broken) {
		tx_reclaim(n);
		if (rx_some(n, budget) == budget)
			return true;
	}
	if (n->virtio.broken) {
		net_stop(n);
		return false;
	}
	return !net_wait(n);
}

static const struct netdev_ops net_ops = {net_transmit, net_kick, net_poll};

/* ---- probing ---- */

static bool net_match(const struct pci_device *d)
{
	return virtio_pci_type(d) == VIRTIO_ID_NET;
}

static void net_address(struct net *n)
{
	uint8_t *mac = n->dev.mac;

	if (virtio_has(&n->virtio, NET_F_MAC)) {
		virtio_config_read(&n->virtio, CONFIG_MAC, mac, sizeof(n->dev.mac));
		return;
	}
	random_bytes(mac, sizeof(n->dev.mac));
	mac[0] = (mac[0] & ~1) | 2; /* an individual address, locally administered */
}

/* What the device says, as far as our buffers hold such frames. */
static uint16_t net_mtu(struct net *n)
{
	unsigned first = rx_room(n) - n->header_len - ETHERNET_HEADER, most = first;
	uint16_t mtu = MTU_DEFAULT;

	if (!virtio_has(&n->virtio, NET_F_MTU))
		return mtu;
	if (virtio_has(&n->virtio, NET_F_MRG_RXBUF))
		most += (NETDEV_MAX_FRAGS - 1) * rx_room(n);
	virtio_config_read(&n->virtio, CONFIG_MTU, &mtu, sizeof(mtu));
	return mtu < MTU_LEAST ? MTU_DEFAULT : min((unsigned)mtu, most);
}

/* Descriptors a queue: less on small machines, whose memory the buffers are taken from. */
static unsigned ring_size(void)
{
	size_t mib = page_total() >> (20 - PAGE_SHIFT);

	return mib < 48 ? 64 : mib < 96 ? 128 : 256;
}

static int net_queues(struct net *n)
{
	size_t share = page_total() / RX_PAGE_SHARE * (PAGE_SIZE / RX_BLOCK);
	int err = virtio_queue_open(&n->virtio, &n->rx, QUEUE_RX, ring_size());

	if (!err)
		err = virtio_queue_open(&n->virtio, &n->tx, QUEUE_TX, ring_size());
	if (err)
		return err;
	n->tx_headers = kcalloc(n->tx.size, sizeof(*n->tx_headers));
	n->blocks_max = max((unsigned)n->rx.size, (unsigned)min(share, (size_t)RX_BLOCKS_MAX));
	return n->tx_headers ? 0 : -ENOMEM;
}

static void net_setup(struct net *n)
{
	bool long_header = virtio_has(&n->virtio, VIRTIO_F_VERSION_1 | NET_F_MRG_RXBUF);

	n->header_len = long_header ? sizeof(struct net_header) : HEADER_SHORT;
	/* So that the IP header, behind both headers, stands at a multiple of four. */
	n->rx_offset = RX_RECORD + ETHERNET_HEADER - n->header_len;
	n->dev.ops = &net_ops;
	n->dev.driver = n;
	n->dev.features = (virtio_has(&n->virtio, NET_F_CSUM) ? NETDEV_TX_CSUM : 0) |
			  (virtio_has(&n->virtio, NET_F_GUEST_CSUM) ? NETDEV_RX_CSUM : 0);
	net_address(n);
	n->dev.mtu = net_mtu(n);
}

static int net_open(struct net *n)
{
	int err = virtio_negotiate(&n->virtio, NET_F_CSUM | NET_F_GUEST_CSUM | NET_F_MTU |
						       NET_F_MAC | NET_F_MRG_RXBUF | NET_F_STATUS);

	if (err)
		return err;
	net_setup(n);
	err = net_queues(n);
	if (err)
		return err;
	virtqueue_disable_interrupt(&n->tx);
	virtio_start(&n->virtio);
	rx_refill(n);
	return n->rx.chains ? 0 : -ENOMEM;
}

static int net_probe(struct pci_device *d)
{
	struct net *n = kzalloc(sizeof(*n));
	const uint8_t *mac;
	int err;

	if (!n)
		return -ENOMEM;
	err = virtio_open(&n->virtio, d, "virtio-net");
	n->virtio.interrupt = net_interrupt;
	n->virtio.changed = net_changed;
	if (!err)
		err = net_open(n);
	if (err) {
		/* n stays: its interrupt may be wired already, and such lines are shared. */
		n->stopped = true;
		virtio_close(&n->virtio);
		log_err("virtio-net: cannot be used (%d)", err);
		return err;
	}
	netdev_register(&n->dev);
	mac = n->dev.mac;
	log_info("%s: virtio-net (%s, %s), %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, %u+%u descriptors"
		 "%s%s%s",
		 n->dev.name, n->virtio.transport->name, n->virtio.msix ? "msi-x" : "intx", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5], n->dev.mtu, n->rx.size, n->tx.size,
		 n->dev.features & NETDEV_TX_CSUM ? ", tx checksums" : "",
		 n->dev.features & NETDEV_RX_CSUM ? ", rx checksums" : "",
		 link_up(n) ? "" : ", link is down");
	return 0;
}

static const struct pci_driver virtio_net = {"virtio-net", net_match, net_probe};
PCI_DRIVER(virtio_net);
