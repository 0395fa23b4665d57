// SPDX-License-Identifier: MIT
/*
 * Between core/netdev.h and lwIP: a device is an Ethernet interface. Received frames go up without a
 * copy, in the driver's buffers, unless they are small or too many are held already; frames go down
 * as the list of pieces they are. Checksums are left to the device where it offers. Net lock.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/string.h>

#include "net.h"
#include "txblock.h"
#include "lwip/etharp.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/tcp.h"
#include "lwip/prot/udp.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"

#define COPY_BELOW 256	/* bytes: a smaller frame is copied and its buffer given back at once */
#define RX_HOLD	   128	/* driver's buffers that may wait in queues; further frames are copied */
#define TX_QUEUE   1000 /* frames that may wait for room on the device's ring */

/* A frame that waits for room, as it was given to tx_give(). */
struct tx_wait {
	struct tx_wait *next;
	struct pbuf *p;
	u16_t csum_start, csum_offset;
};

struct link {
	struct netif netif;
	struct netdev *dev;
	u16_t checksums; /* netif.chksum_flags when no frame says otherwise */
	bool kick;	 /* frames were queued since the last kick */
	bool room;	 /* the device has finished frames since the queue was last looked at */
	bool refused;	 /* the queue was full: TCP is to try again */
	struct tx_wait *first, *last; /* waiting frames */
	unsigned waiting;
	struct link *next;
};

static struct link *links;
static unsigned rx_held;

unsigned bridge_rx_held(void)
{
	return rx_held;
}

/* ---- up ---- */

/* A frame in the driver's buffers: one pbuf for each piece. */
struct rx_frame {
	struct netdev_rx *rx;
	unsigned live; /* pieces not freed yet */
	struct rx_piece {
		struct pbuf_custom custom;
		struct rx_frame *frame;
	} piece[];
};

static void rx_piece_free(struct pbuf *p)
{
	struct rx_frame *f = container_of(p, struct rx_piece, custom.pbuf)->frame;

	if (--f->live)
		return;
	rx_held -= f->rx->frags;
	f->rx->release(f->rx);
	kfree(f);
}

/* Both take rx over, and give NULL without memory. */
static struct pbuf *rx_wrap(struct netdev_rx *rx)
{
	struct rx_frame *f = kmalloc(sizeof(*f) + rx->frags * sizeof(f->piece[0]));
	struct pbuf *head = NULL;

	if (!f) {
		rx->release(rx);
		return NULL;
	}
	f->rx = rx;
	f->live = rx->frags;
	rx_held += rx->frags;
	for (unsigned i = 0; i < rx->frags; i++) {
		u16_t len = (u16_t)rx->frag[i].len;
		struct pbuf *p;

		f->piece[i].frame = f;
		f->piece[i].custom.custom_free_function = rx_piece_free;
		p = pbuf_alloced_custom(PBUF_RAW, len, PBUF_REF, &f->piece[i].custom,
					rx->frag[i].data, len);
		if (head)
			pbuf_cat(head, p);
		else
			head = p;
	}
	return head;
}

static struct pbuf *rx_copy(struct netdev_rx *rx, u16_t len)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, len, PBUF_RAM);
	size_t at = 0;

	for (unsigned i = 0; p && i < rx->frags; at += rx->frag[i++].len)
		memcpy((uint8_t *)p->payload + at, rx->frag[i].data, rx->frag[i].len);
	rx->release(rx);
	return p;
}

/* A device's word for a checksum counts for a whole packet, not for one put together from pieces. */
static bool rx_fragment(const struct pbuf *p)
{
	const struct ip_hdr *ip = (const void *)((const uint8_t *)p->payload + SIZEOF_ETH_HDR);

	return p->len < SIZEOF_ETH_HDR + IP_HLEN || (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF));
}

static void receive(struct netdev *dev, struct netdev_rx *rx)
{
	struct link *l = dev->stack;
	size_t len = 0;
	bool good = rx->csum_good;
	struct pbuf *p;

	for (unsigned i = 0; i < rx->frags; i++)
		len += rx->frag[i].len;
	/* With memory nearly gone only small frames pass, acknowledgements above all: they free some. */
	if (!l || len < SIZEOF_ETH_HDR || len > UINT16_MAX ||
	    (len >= COPY_BELOW && page_free_count() < page_total() / 16)) {
		rx->release(rx);
		dev->rx_dropped++;
		return;
	}
	if (len < COPY_BELOW || rx_held + rx->frags > RX_HOLD)
		p = rx_copy(rx, (u16_t)len);
	else
		p = rx_wrap(rx);
	if (!p) {
		dev->rx_dropped++;
		return;
	}
	l->netif.chksum_flags = l->checksums;
	if (good && !rx_fragment(p))
		l->netif.chksum_flags &= ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
	if (l->netif.input(p, &l->netif) != ERR_OK)
		pbuf_free(p);
	l->netif.chksum_flags = l->checksums;
}

/* ---- down ---- */

/*
 * Leaves the checksum of a TCP segment or whole datagram to the device: writes the pseudo header's
 * sum where it belongs and says from where to where. lwIP left the field 0 for such an interface.
 */
static void tx_checksum(struct netdev_tx *tx, struct pbuf *p)
{
	uint8_t *frame = p->payload;
	const struct eth_hdr *eth = (const void *)frame;
	const struct ip_hdr *ip = (const void *)(frame + SIZEOF_ETH_HDR);
	unsigned header, offset;
	uint16_t sum, part;
	struct {
		uint32_t src, dest;
		uint8_t zero, protocol;
		uint16_t len;
	} __packed pseudo;

	if (p->len < SIZEOF_ETH_HDR + IP_HLEN || eth->type != PP_HTONS(ETHTYPE_IP) ||
	    (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)))
		return;
	header = IPH_HL_BYTES(ip);
	if (IPH_PROTO(ip) == IP_PROTO_TCP)
		offset = offsetof(struct tcp_hdr, chksum);
	else if (IPH_PROTO(ip) == IP_PROTO_UDP)
		offset = offsetof(struct udp_hdr, chksum);
	else
		return;
	if (p->len < SIZEOF_ETH_HDR + header + offset + 2)
		return;
	memcpy(&part, frame + SIZEOF_ETH_HDR + header + offset, 2);
	if (part)
		return; /* made already */
	pseudo.src = ip->src.addr;
	pseudo.dest = ip->dest.addr;
	pseudo.zero = 0;
	pseudo.protocol = IPH_PROTO(ip);
	pseudo.len = lwip_htons((u16_t)(lwip_ntohs(IPH_LEN(ip)) - header));
	sum = net_checksum(&pseudo, sizeof(pseudo));
	memcpy(frame + SIZEOF_ETH_HDR + header + offset, &sum, 2);
	tx->csum_start = (uint16_t)(SIZEOF_ETH_HDR + header);
	tx->csum_offset = (uint16_t)offset;
}

/* The pieces of p as fragments; false if they are too many. */
static bool tx_fragments(struct netdev_tx *tx, const struct pbuf *p)
{
	for (; p; p = p->next) {
		if (!p->len)
			continue;
		if (tx->frags == NETDEV_MAX_FRAGS)
			return false;
		tx->frag[tx->frags++] = (struct netdev_frag){p->payload, p->len};
	}
	return true;
}

/* Puts a held frame on the device's ring: 0, -EAGAIN if that is full, or the device's error. */
static int tx_ring(struct link *l, struct pbuf *p, struct netdev_tx *tx)
{
	int err;

	tx->cookie = p;
	err = l->dev->ops->transmit(l->dev, tx);
	if (!err)
		l->kick = true;
	return err;
}

/* Keeps a held frame for later. */
static int tx_queue(struct link *l, struct pbuf *p, const struct netdev_tx *tx)
{
	struct tx_wait *w = l->waiting < TX_QUEUE ? kmalloc(sizeof(*w)) : NULL;

	if (!w) {
		l->refused = true;
		return -EAGAIN;
	}
	*w = (struct tx_wait){NULL, p, tx->csum_start, tx->csum_offset};
	if (l->first)
		l->last->next = w;
	else
		l->first = w;
	l->last = w;
	l->waiting++;
	return 0;
}

static err_t tx_give(struct link *l, struct pbuf *p, struct netdev_tx *tx)
{
	int err = -EAGAIN;

	tx_hold(p);
	if (likely(!l->first))
		err = tx_ring(l, p, tx);
	if (unlikely(err == -EAGAIN))
		err = tx_queue(l, p, tx);
	if (likely(!err))
		return ERR_OK;
	tx_release(p);
	l->dev->tx_dropped++;
	return err == -EAGAIN ? ERR_MEM : ERR_IF;
}

/* Moves waiting frames to the ring, as far as there is room. */
static void tx_drain(struct link *l)
{
	struct tx_wait *w;

	while ((w = l->first)) {
		struct netdev_tx tx = {.csum_start = w->csum_start, .csum_offset = w->csum_offset};
		int err;

		tx_fragments(&tx, w->p); /* they fitted before */
		err = tx_ring(l, w->p, &tx);
		if (err == -EAGAIN)
			return;
		if (err)
			tx_release(w->p);
		l->first = w->next;
		l->waiting--;
		kfree(w);
	}
	if (l->refused) {
		l->refused = false;
		tcp_txnow();
	}
}

static err_t transmit(struct netif *netif, struct pbuf *p)
{
	struct link *l = netif->state;
	struct netdev_tx tx;
	struct pbuf *flat;
	err_t err;

	tx.frags = 0;
	tx.csum_start = tx.csum_offset = 0;
	if (l->dev->features & NETDEV_TX_CSUM)
		tx_checksum(&tx, p);
	if (likely(tx_fragments(&tx, p)))
		return tx_give(l, p, &tx);
	flat = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	if (!flat)
		return ERR_MEM;
	tx.frags = 0;
	tx_fragments(&tx, flat);
	err = tx_give(l, flat, &tx);
	pbuf_free(flat);
	return err;
}

/* May be called from within transmit(): what follows from it waits for bridge_kick(). */
static void transmitted(struct netdev *dev, void *cookie)
{
	struct link *l = dev->stack;

	tx_release(cookie);
	l->room = true;
}

void bridge_kick(void)
{
	for (struct link *l = links; l; l = l->next) {
		if (unlikely(l->room && l->first)) {
			l->room = false;
			tx_drain(l);
		}
		if (l->kick) {
			l->kick = false;
			l->dev->ops->kick(l->dev);
		}
	}
}

/* ---- setting up ---- */

static err_t init(struct netif *netif)
{
	struct link *l = netif->state;

	l->checksums = NETIF_CHECKSUM_ENABLE_ALL;
	if (l->dev->features & NETDEV_TX_CSUM)
		l->checksums &= ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->mtu = l->dev->mtu;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, l->dev->mac, ETH_HWADDR_LEN);
	netif->output = etharp_output;
	netif->linkoutput = transmit;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_LINK_UP;
	NETIF_SET_CHECKSUM_CTRL(netif, l->checksums);
	return ERR_OK;
}

static void attach(struct netdev *dev)
{
	struct link *l = kzalloc(sizeof(*l)), **end = &links;

	if (!l) {
		log_err("net: %s: no memory for the interface", dev->name);
		return;
	}
	while (*end)
		end = &(*end)->next;
	net_lock();
	l->dev = dev;
	dev->stack = l;
	*end = l;
	netif_add(&l->netif, NULL, NULL, NULL, l, init, ethernet_input);
	net_configure(&l->netif);
	net_unlock();
}

const struct netdev_client bridge_client = {attach, receive, transmitted};
