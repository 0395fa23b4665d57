// SPDX-License-Identifier: MIT
/*
 * TCP's control blocks: lwIP keeps them in four linear lists and looks each segment up by walking.
 * Here a keyed hash over address and port pairs stands in front (net_hooks.h tells how it is put
 * there), taking a block out needs no walk, and TIME_WAIT is bounded in number: the oldest goes
 * first. Also: what a segment does to TIME_WAIT, which local ports are free, initial sequence
 * numbers. Net lock.
 *
 * A block on a list has NET_SLOT_LIST's callbacks pointing at list_callbacks[its list]. tcp_slowtmr()
 * unlinks without TCP_RMV and then frees: destroyed() makes up for it.
 */
#include <abi/errno.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/random.h>
#include <core/string.h>
#include <core/time.h>

#include "net.h"
#include "net_hooks.h"
#include "lwip/priv/tcp_priv.h"

#define PORT_FIRST 32768 /* local ports for connections, as on Linux */
#define PORT_LAST  60999
#define PORT_COUNT (PORT_LAST - PORT_FIRST + 1)

#define HASH_START 256
#define HASH_MAX   65536

/* In the order of lwIP's tcp_pcb_lists[]. */
enum pcb_list {
	LIST_LISTEN,
	LIST_BOUND,
	LIST_ACTIVE,
	LIST_TIME_WAIT,
	LISTS
};

static void destroyed(u8_t id, void *data);
static const struct tcp_ext_arg_callbacks list_callbacks[LISTS] = {
	{destroyed, NULL}, {destroyed, NULL}, {destroyed, NULL}, {destroyed, NULL}};

static struct tcp_pcb *first_table[HASH_START], **table = first_table;
static unsigned table_size = HASH_START;
static unsigned connections, time_waits;
static struct tcp_pcb *time_wait_oldest;
static uint64_t hash_key[2], isn_key[2];

uint64_t net_pcb_steps;
unsigned net_pcb_time_wait_max = 256;

/* The four-tuple whose TIME_WAIT a SYN has just ended, and where its sequence numbers may go on. */
static struct {
	bool valid;
	u32_t isn, remote;
	u16_t remote_port, local_port;
} reopened;

#define PREV(pcb)  (*(struct tcp_pcb **)&(pcb)->ext_args[NET_SLOT_PREV].data)
#define CHAIN(pcb) (*(struct tcp_pcb **)&(pcb)->ext_args[NET_SLOT_CHAIN].data)

unsigned net_pcb_count(void)
{
	return connections;
}

unsigned net_pcb_time_wait(void)
{
	return time_waits;
}

void net_pcb_init(void)
{
	random_bytes(hash_key, sizeof(hash_key));
	random_bytes(isn_key, sizeof(isn_key));
	/* At most a 64th of memory rests in TIME_WAIT. */
	net_pcb_time_wait_max = (unsigned)min(
		max(page_total() * PAGE_SIZE / 64 / sizeof(struct tcp_pcb), 256UL), 8192UL);
}

/* ---- hash ---- */

/* Keyed, so that a peer cannot choose ports that fall into one chain. */
static uint64_t mix(const uint64_t key[2], u32_t a, u32_t b, u16_t pa, u16_t pb)
{
	unsigned __int128 m;

	m = (unsigned __int128)(((uint64_t)a << 32 | b) ^ key[0]) * 0x9e3779b97f4a7c15;
	m = (unsigned __int128)((uint64_t)m ^ (uint64_t)(m >> 64) ^ ((uint64_t)pa << 16 | pb) ^
				key[1]) *
	    0xd6e8feb86659fd93;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static struct tcp_pcb **bucket(u32_t local, u32_t remote, u16_t local_port, u16_t remote_port)
{
	return &table[mix(hash_key, local, remote, local_port, remote_port) & (table_size - 1)];
}

static struct tcp_pcb **bucket_of(const struct tcp_pcb *pcb)
{
	return bucket(pcb->local_ip.addr, pcb->remote_ip.addr, pcb->local_port, pcb->remote_port);
}

static void hash_add(struct tcp_pcb *pcb)
{
	struct tcp_pcb **b = bucket_of(pcb);

	CHAIN(pcb) = *b;
	*b = pcb;
}

/* Doubles the table; without memory it stays as it is, and slower. */
static void hash_grow(void)
{
	struct tcp_pcb **old = table, **bigger = kcalloc(table_size * 2, sizeof(*bigger));
	unsigned old_size = table_size;

	if (!bigger)
		return;
	table = bigger;
	table_size *= 2;
	for (unsigned i = 0; i < old_size; i++)
		for (struct tcp_pcb *p = old[i], *next; p; p = next) {
			next = CHAIN(p);
			hash_add(p);
		}
	if (old != first_table)
		kfree(old);
}

static void hash_insert(struct tcp_pcb *pcb)
{
	if (++connections > table_size && table_size < HASH_MAX)
		hash_grow();
	hash_add(pcb);
}

static void hash_remove(struct tcp_pcb *pcb)
{
	struct tcp_pcb **at = bucket_of(pcb);

	for (; *at; at = &CHAIN(*at))
		if (*at == pcb) {
			*at = CHAIN(pcb);
			connections--;
			return;
		}
}

static struct tcp_pcb *hash_find(u32_t local, u32_t remote, u16_t local_port, u16_t remote_port)
{
	struct tcp_pcb *p = *bucket(local, remote, local_port, remote_port);

	for (; p; p = CHAIN(p)) {
		net_pcb_steps++;
		if (p->remote_port == remote_port && p->local_port == local_port &&
		    p->remote_ip.addr == remote && p->local_ip.addr == local)
			return p;
	}
	return NULL;
}

/* ---- lists ---- */

static enum pcb_list list_for(const struct tcp_pcb *pcb)
{
	switch (pcb->state) {
	case CLOSED:
		return LIST_BOUND;
	case LISTEN:
		return LIST_LISTEN;
	case TIME_WAIT:
		return LIST_TIME_WAIT;
	default:
		return LIST_ACTIVE;
	}
}

void net_tcp_register(struct tcp_pcb *pcb)
{
	enum pcb_list l = list_for(pcb);
	struct tcp_pcb **head = tcp_pcb_lists[l];

	pcb->ext_args[NET_SLOT_LIST].callbacks = &list_callbacks[l];
	pcb->ext_args[NET_SLOT_LIST].data = pcb;
	PREV(pcb) = NULL;
	pcb->next = *head;
	if (pcb->next)
		PREV(pcb->next) = pcb;
	*head = pcb;
	if (l < LIST_ACTIVE)
		return;
	hash_insert(pcb);
	net_timer_tcp();
	if (l == LIST_ACTIVE)
		return;
	stream_time_wait(pcb);
	if (!time_wait_oldest)
		time_wait_oldest = pcb;
	if (++time_waits > net_pcb_time_wait_max)
		tcp_abort(time_wait_oldest); /* in this state: frees it and sends nothing */
}

/* Undoes what register did, but for the pointers of the list itself. */
static void forget(struct tcp_pcb *pcb)
{
	enum pcb_list l = (enum pcb_list)(pcb->ext_args[NET_SLOT_LIST].callbacks - list_callbacks);

	if (pcb->next)
		PREV(pcb->next) = PREV(pcb);
	if (l >= LIST_ACTIVE)
		hash_remove(pcb);
	if (l == LIST_TIME_WAIT) {
		time_waits--;
		if (time_wait_oldest == pcb)
			time_wait_oldest = PREV(pcb);
	}
	pcb->ext_args[NET_SLOT_LIST].callbacks = NULL;
}

void net_tcp_unregister(struct tcp_pcb *pcb)
{
	struct tcp_pcb **head;

	if (!pcb->ext_args[NET_SLOT_LIST].callbacks)
		return;
	head = tcp_pcb_lists[pcb->ext_args[NET_SLOT_LIST].callbacks - list_callbacks];
	if (PREV(pcb))
		PREV(pcb)->next = pcb->next;
	else
		*head = pcb->next;
	forget(pcb);
	pcb->next = NULL;
}

/* Freed while on a list: tcp_slowtmr() took it out of the list itself, from the left. */
static void destroyed(u8_t id, void *data)
{
	(void)id;
	forget(data);
}

/* ---- lookup, for tcp_input() ---- */

static struct tcp_pcb *found_active, *found_time_wait;
static union tcp_listen_pcbs_t found_listener;

struct tcp_pcb **net_tcp_find_active(const struct tcp_hdr *hdr)
{
	struct tcp_pcb *p = hash_find(ip_current_dest_addr()->addr, ip_current_src_addr()->addr,
				      hdr->dest, hdr->src);
	bool waits = p && p->state == TIME_WAIT;

	found_active = waits ? NULL : p;
	found_time_wait = waits ? p : NULL;
	return &found_active;
}

/* The one bound to the address itself before one bound to any. */
static struct tcp_pcb_listen *listener(u32_t local, u16_t port)
{
	struct tcp_pcb_listen *any = NULL;

	for (struct tcp_pcb_listen *l = (void *)*tcp_pcb_lists[LIST_LISTEN]; l; l = l->next) {
		if (l->local_port != port)
			continue;
		if (l->local_ip.addr == local)
			return l;
		if (l->local_ip.addr == IPADDR_ANY)
			any = l;
	}
	return any;
}

union tcp_listen_pcbs_t *net_tcp_find_listener(const struct tcp_hdr *hdr)
{
	found_listener.listen_pcbs = listener(ip_current_dest_addr()->addr, hdr->dest);
	return &found_listener;
}

/*
 * RFC 1122, section 4.2.2.13: a SYN whose sequence number lies beyond the old connection's opens the
 * four-tuple anew, if someone listens. A reset at exactly the next sequence number ends TIME_WAIT,
 * as on Linux: so does a client whose SYN was not beyond, after our acknowledgement of old.
 */
struct tcp_pcb **net_tcp_find_time_wait(const struct tcp_hdr *hdr, u8_t segment_flags, u32_t seq)
{
	struct tcp_pcb *p = found_time_wait;

	reopened.valid = false;
	if (!p)
		return &found_time_wait;
	if ((segment_flags & TCP_RST) && seq == p->rcv_nxt) {
		found_time_wait = NULL;
		tcp_abort(p);
	} else if ((segment_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN &&
		   TCP_SEQ_GEQ(seq, p->rcv_nxt) &&
		   listener(ip_current_dest_addr()->addr, hdr->dest)) {
		reopened.valid = true;
		reopened.isn = p->snd_nxt + 65535 + 2; /* beyond any window of the old one */
		reopened.remote = p->remote_ip.addr;
		reopened.remote_port = p->remote_port;
		reopened.local_port = p->local_port;
		found_time_wait = NULL;
		tcp_abort(p);
	}
	return &found_time_wait;
}

/* ---- sequence numbers ---- */

u32_t net_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		  u16_t remote_port)
{
	if (reopened.valid && reopened.remote == remote_ip->addr &&
	    reopened.remote_port == remote_port && reopened.local_port == local_port) {
		reopened.valid = false;
		return reopened.isn;
	}
	/* RFC 6528: a clock of 4 us and a secret function of the four-tuple. */
	return (u32_t)(time_now() / 4000) +
	       (u32_t)mix(isn_key, local_ip->addr, remote_ip->addr, local_port, remote_port);
}

/* ---- ports ---- */

/* May a socket with this address be bound to port beside those that are? */
static bool port_free(u32_t local, u16_t port, bool reuse)
{
	for (int l = 0; l < LISTS; l++)
		for (struct tcp_pcb *p = *tcp_pcb_lists[l]; p; p = p->next) {
			if (p->local_port != port)
				continue;
			if (local != IPADDR_ANY && p->local_ip.addr != IPADDR_ANY &&
			    p->local_ip.addr != local)
				continue;
			if (!reuse || !ip_get_option(p, SOF_REUSEADDR) || l == LIST_LISTEN)
				return false;
		}
	return true;
}

/* Bound or listening on this port? Few are, beside the connected ones. */
static bool port_claimed(u16_t port)
{
	for (int l = LIST_LISTEN; l <= LIST_BOUND; l++)
		for (struct tcp_pcb *p = *tcp_pcb_lists[l]; p; p = p->next)
			if (p->local_port == port)
				return true;
	return false;
}

u16_t net_pcb_port(const ip_addr_t *local, const ip_addr_t *remote, u16_t port)
{
	unsigned at = net_rand() % PORT_COUNT;

	for (unsigned i = 0; i < PORT_COUNT; i++) {
		u16_t p = (u16_t)(PORT_FIRST + (at + i) % PORT_COUNT);

		if (!hash_find(local->addr, remote->addr, p, port) && !port_claimed(p))
			return p;
	}
	return 0;
}

int net_pcb_bind(struct tcp_pcb *pcb, const ip_addr_t *ip, u16_t port)
{
	unsigned at = net_rand() % PORT_COUNT, i = 0;

	if (port) {
		if (!port_free(ip->addr, port, ip_get_option(pcb, SOF_REUSEADDR)))
			return -EADDRINUSE;
	} else {
		do {
			if (i == PORT_COUNT)
				return -EADDRINUSE;
			port = (u16_t)(PORT_FIRST + (at + i++) % PORT_COUNT);
		} while (!port_free(ip->addr, port, false));
	}
	ip_addr_set(&pcb->local_ip, ip);
	pcb->local_port = port;
	net_tcp_register(pcb);
	return 0;
}

bool net_pcb_listened(const struct tcp_pcb *pcb)
{
	for (struct tcp_pcb *p = *tcp_pcb_lists[LIST_LISTEN]; p; p = p->next)
		if (p->local_port == pcb->local_port &&
		    (p->local_ip.addr == IPADDR_ANY || pcb->local_ip.addr == IPADDR_ANY ||
		     p->local_ip.addr == pcb->local_ip.addr))
			return true;
	return false;
}
