/* SPDX-License-Identifier: MIT */
/*
 * LWIP_HOOK_FILENAME: included by lwIP's tcp.c, tcp_in.c, tcp_out.c, ip4.c and others after their
 * own headers, so it can redefine what those left as macros. It puts net/pcb.c's hash in front of
 * lwIP's linear lists of connections, answers a SYN that meets TIME_WAIT, and lets net see packets
 * before lwIP decides. Nothing of lwIP's is patched.
 */
#ifndef NET_HOOKS_H
#define NET_HOOKS_H

#include "lwip/ip4.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"

struct tcp_hdr;

/* Who uses which ext_args[] of a control block. */
enum net_slot {
	NET_SLOT_LIST,	/* pcb.c: callbacks say which list it is on, data is the block itself */
	NET_SLOT_PREV,	/* pcb.c: the block before it on that list */
	NET_SLOT_CHAIN, /* pcb.c: the next of its hash chain */
	NET_SLOT_OWNER, /* stream.c: the socket it belongs to */
};

/* Initial sequence numbers, RFC 6528. */
u32_t net_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
		  u16_t remote_port);
#define LWIP_HOOK_TCP_ISN net_tcp_isn

/* A segment found its control block; anything but ERR_OK drops it. */
err_t net_tcp_inpacket(struct tcp_pcb *pcb, const struct tcp_hdr *hdr);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) net_tcp_inpacket(pcb, hdr)

/* An IPv4 packet came; true: eaten. */
int net_ip4_input(struct pbuf *p, struct netif *in);
#define LWIP_HOOK_IP4_INPUT(p, in) net_ip4_input(p, in)

/* Packets to this machine's own addresses go through loopback; NULL: lwIP routes. */
struct netif *net_ip4_route(const ip4_addr_t *src, const ip4_addr_t *dest);

/* What TCP_REG, TCP_RMV and the list heads become below. */
union tcp_listen_pcbs_t;
void net_tcp_register(struct tcp_pcb *pcb);
void net_tcp_unregister(struct tcp_pcb *pcb);
struct tcp_pcb **net_tcp_find_active(const struct tcp_hdr *hdr);
struct tcp_pcb **net_tcp_find_time_wait(const struct tcp_hdr *hdr, u8_t segment_flags, u32_t seq);
union tcp_listen_pcbs_t *net_tcp_find_listener(const struct tcp_hdr *hdr);

#ifdef LWIP_HDR_TCP_PRIV_H
/*
 * lwIP's four lists stay as they are for its timers, but are doubly linked through NET_SLOT_PREV,
 * so that taking a block out does not walk. The block remembers its list: the argument is not used.
 */
#undef TCP_REG
#undef TCP_RMV
#define TCP_REG(list, pcb) net_tcp_register(pcb)
#define TCP_RMV(list, pcb) net_tcp_unregister(pcb)

#ifdef LWIP_HDR_INET_CHKSUM_H
/*
 * True in tcp_in.c (and tcp_out.c, which uses none of this) but not in tcp.c, which defines the
 * lists. tcp_input() walks from these heads: instead of the whole list each is now a list that
 * begins with the block the hash found for this segment, or an empty one. `tcphdr`, `flags` and
 * `seqno` are tcp_in.c's own variables, in host byte order by then.
 */
#define tcp_active_pcbs (*net_tcp_find_active(tcphdr))
#define tcp_tw_pcbs	(*net_tcp_find_time_wait(tcphdr, flags, seqno))
#define tcp_listen_pcbs (*net_tcp_find_listener(tcphdr))
#endif
#endif

#endif
