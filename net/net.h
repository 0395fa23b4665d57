/* SPDX-License-Identifier: MIT */
/*
 * What the files of net share. Everything in net and lwIP runs under the net lock unless it says
 * otherwise: a spin lock, never taken in interrupt context, never held over a copy to or from the
 * app nor over a sleep. Order: file, net, run queue.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <core/compiler.h>
#include <core/netdev.h>
#include <core/sched.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/tcp.h"

/* ---- lock.c: the lock and the work that is left to its release ---- */

void net_lock(void);
/*
 * Delivers what loopback has queued, tells devices of new frames (once for all of them), releases,
 * and runs network work that interrupts left meanwhile.
 */
void net_unlock(void);
/* The handler of DEFERRED_NET: polls devices, runs due timers. No lock held. */
void net_deferred(void);

/* ---- bridge.c: network devices as lwIP's interfaces ---- */

extern const struct netdev_client bridge_client;
/* Tells devices of the frames queued since the last call. */
void bridge_kick(void);
/* Received buffers of drivers that are held by queues now. */
unsigned bridge_rx_held(void);

/* ---- loopback.c ---- */

extern struct netif loopback;
void loopback_init(void);
/* Hands queued packets to lwIP, and what those cause, until none is left. */
void loopback_deliver(void);

/* ---- timer.c: lwIP's timers, each running only while something needs it ---- */

void net_timer_init(void);
/* Has the hardware timer fired? */
bool net_timer_due(void);
/* Runs what is due, if the hardware timer said so, and arms it for the next. */
void net_timer_run(void);
/* A segment came: a delayed acknowledgement may follow, and TCP's clock must be right. */
void net_timer_segment(void);
/* TCP has something to time: a connection was opened, data or FIN queued. Brings tcp_ticks up. */
void net_timer_tcp(void);
/* A fragment of a datagram came. */
void net_timer_fragment(void);
/* DHCP or ARP began on an interface. */
void net_timer_link(void);
/* net_sntp_due() is to be called then; TIME_NEVER: no longer. */
void net_timer_sntp(uint64_t at);
/* Calls DEFERRED_NET again after a pause in which the app can run. */
void net_timer_poll_again(void);

/* ---- pcb.c: finding control blocks ---- */

void net_pcb_init(void);
/* Comparisons made by lookups so far: what the unit test holds constant. */
extern uint64_t net_pcb_steps;
/* Connections (with those in TIME_WAIT), and those in TIME_WAIT alone. */
unsigned net_pcb_count(void);
unsigned net_pcb_time_wait(void);
extern unsigned net_pcb_time_wait_max;

/*
 * Binds pcb (state CLOSED) to an address and port as Linux would; port 0 takes a free one.
 * 0, -EADDRINUSE.
 */
int net_pcb_bind(struct tcp_pcb *pcb, const ip_addr_t *ip, u16_t port);
/* A local port for a connection from local to remote:port, or 0 if there is none. */
u16_t net_pcb_port(const ip_addr_t *local, const ip_addr_t *remote, u16_t port);
/* True if another socket listens on pcb's address and port. */
bool net_pcb_listened(const struct tcp_pcb *pcb);

/* stream.c: pcb enters TIME_WAIT; a socket that the app has closed lets go of it. */
void stream_time_wait(struct tcp_pcb *pcb);

/* ---- config.c: addresses ---- */

/* The initcall. */
void net_init(void);

/* The address of one of the interfaces, loopback included? */
bool net_is_local(const ip4_addr_t *ip);
/*
 * Waits, if the way to dest depends on a DHCP server's answer that may yet come. 0, -ENETUNREACH,
 * -ERESTARTSYS. No lock held; does not wait if nonblock.
 */
int net_wait_route(const ip4_addr_t *dest, bool nonblock);
/* The interface and the source address to reach dest from; false if there is no way. */
bool net_route(const ip4_addr_t *dest, struct netif **out, ip4_addr_t *src);
/* Sets up a new device's interface as the command line says. */
void net_configure(struct netif *netif);
/* An interface's address or state changed. */
void net_status_changed(struct netif *netif);

/* Four decimal numbers; *end is what follows them. False if they are not. */
bool net_parse_ip(const char *s, ip4_addr_t *out, const char **end);

/* ---- sntp.c: the time from a server ---- */

/* Reads the option sntp=. */
void net_sntp_options(void);
/* There is an address to ask from. */
void net_sntp_start(void);
void net_sntp_due(uint64_t now);

/* ---- error.c ---- */

/* lwIP's error as -errno; 0 for ERR_OK. The one place where they are translated. */
int net_errno(err_t e);

#endif
