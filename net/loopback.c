// SPDX-License-Identifier: MIT
/*
 * 127.0.0.1, and every packet to one of this machine's own addresses. Packets pass through all of IP
 * and TCP; only checksums are left out, as nothing can damage them. What the receiver may change
 * (headers) is copied, large payloads are shared with the sender's blocks. Net lock.
 */
#include <core/string.h>

#include "net.h"
#include "txblock.h"
#include "lwip/ip.h"
#include "lwip/prot/ip4.h"

/* Payload of 16 KiB a segment, and headers. */
#define MTU	   (TCP_MSS + 40)
#define COPY_BELOW 1024 /* bytes: less is copied into one piece */

struct netif loopback;

static struct pbuf *first, *last; /* packets, chained; one ends where len == tot_len */

/* A piece of a sender's block, in a receiver's packet. */
struct share {
	struct pbuf_custom custom;
	struct tx_block *block;
};

static void share_free(struct pbuf *p)
{
	struct share *s = container_of(p, struct share, custom.pbuf);

	tx_block_put(s->block);
	kfree(s);
}

static struct pbuf *share_new(const struct pbuf *p)
{
	struct share *s = kmalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->custom.custom_free_function = share_free;
	s->block = tx_block_of(p);
	s->block->refs++;
	return pbuf_alloced_custom(PBUF_RAW, p->len, PBUF_REF, &s->custom, p->payload, p->len);
}

static struct pbuf *copy_all(const struct pbuf *p)
{
	struct pbuf *r = pbuf_alloc(PBUF_RAW, p->tot_len, PBUF_RAM);

	if (r)
		pbuf_copy(r, p);
	return r;
}

/* The headers copied, the blocks behind them shared. */
static struct pbuf *copy_headers(const struct pbuf *p)
{
	struct pbuf *r = pbuf_alloc(PBUF_RAW, p->len, PBUF_RAM);

	if (!r)
		return NULL;
	memcpy(r->payload, p->payload, p->len);
	for (p = p->next; p; p = p->next) {
		struct pbuf *s = share_new(p);

		if (!s) {
			pbuf_free(r);
			return NULL;
		}
		pbuf_cat(r, s);
	}
	return r;
}

static bool blocks_only(const struct pbuf *p)
{
	for (; p; p = p->next)
		if (!tx_block_is(p))
			return false;
	return true;
}

static struct pbuf *for_receiver(struct pbuf *p)
{
	const struct ip_hdr *ip = p->payload;

	/* A whole datagram: its sender makes a new one for each and lets go of it. */
	if (IPH_PROTO(ip) == IP_PROTO_UDP && !p->next && p->type_internal == (u8_t)PBUF_RAM) {
		pbuf_ref(p);
		return p;
	}
	if (p->tot_len >= COPY_BELOW && blocks_only(p->next))
		return copy_headers(p);
	return copy_all(p);
}

static err_t output(struct netif *netif, struct pbuf *p, const ip4_addr_t *dest)
{
	struct pbuf *r = for_receiver(p);

	(void)netif;
	(void)dest;
	if (!r)
		return ERR_MEM;
	if (first)
		last->next = r;
	else
		first = r;
	for (last = r; last->next; last = last->next)
		;
	return ERR_OK;
}

static struct pbuf *next_packet(void)
{
	struct pbuf *p = first, *end = p;

	while (end->len != end->tot_len)
		end = end->next;
	first = end->next;
	end->next = NULL;
	return p;
}

void loopback_deliver(void)
{
	while (unlikely(first)) {
		struct pbuf *p = next_packet();

		p->if_idx = netif_get_index(&loopback);
		if (ip_input(p, &loopback) != ERR_OK)
			pbuf_free(p);
	}
}

static err_t init(struct netif *netif)
{
	netif->name[0] = 'l';
	netif->name[1] = 'o';
	netif->mtu = MTU;
	netif->output = output;
	NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_DISABLE_ALL);
	return ERR_OK;
}

void loopback_init(void)
{
	ip4_addr_t ip, mask, gw;

	IP4_ADDR(&ip, 127, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	ip4_addr_set_zero(&gw);
	netif_add(&loopback, &ip, &mask, &gw, NULL, init, ip_input);
	netif_set_link_up(&loopback);
	netif_set_up(&loopback);
}
