// SPDX-License-Identifier: MIT
/*
 * lwIP's periodic functions, each called only while it has something to do, from one core timer
 * armed for the earliest. An idle machine has no network tick, one with quiet open connections one a
 * second. tcp_ticks, TCP's clock, is set from the real one, so ticks left out are not missed.
 * Net lock, except fire().
 */
#include <core/deferred.h>
#include <core/time.h>

#include "net.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/priv/tcp_priv.h"

#define SLOW	    (TCP_SLOW_INTERVAL * NSEC_PER_MSEC)
#define FAST	    (TCP_FAST_INTERVAL * NSEC_PER_MSEC)
#define QUIET	    NSEC_PER_SEC /* between two slow ticks when only long times run */
#define POLL_PAUSE  (100 * NSEC_PER_USEC)
#define REASSEMBLY  ((IP_REASS_MAXAGE + 2) * NSEC_PER_SEC)
#define DHCP_FINE   (DHCP_FINE_TIMER_MSECS * NSEC_PER_MSEC)
#define DHCP_COARSE (DHCP_COARSE_TIMER_SECS * NSEC_PER_SEC)

enum clock {
	CLOCK_SLOW,   /* retransmission, keepalive, TIME_WAIT */
	CLOCK_FAST,   /* delayed acknowledgements */
	CLOCK_SECOND, /* ARP's table, reassembly */
	CLOCK_FINE,   /* DHCP requests without an answer yet */
	CLOCK_COARSE, /* DHCP leases */
	CLOCK_SNTP,   /* the time's server: another question, or its answer is missing */
	CLOCK_POLL,   /* a device with more frames than its share */
	CLOCKS,
};

static struct timer timer;
static uint64_t armed = TIME_NEVER;
static uint64_t due[CLOCKS];
static bool fired, quiet, links;
static uint64_t reassembly_end;

static void fire(struct timer *t)
{
	(void)t;
	WRITE_ONCE(fired, true);
	deferred_raise(DEFERRED_NET);
}

void net_timer_init(void)
{
	timer.fire = fire;
	for (int i = 0; i < CLOCKS; i++)
		due[i] = TIME_NEVER;
}

static void start(enum clock c, uint64_t at)
{
	due[c] = at;
	if (at < armed) {
		armed = at;
		timer_start(&timer, at);
	}
}

static void set_tcp_ticks(uint64_t now)
{
	tcp_ticks = (u32_t)(now / SLOW);
}

void net_timer_tcp(void)
{
	uint64_t now;

	if (likely(due[CLOCK_SLOW] != TIME_NEVER && !quiet))
		return;
	now = time_now();
	set_tcp_ticks(now);
	quiet = false;
	start(CLOCK_SLOW, now + SLOW);
}

void net_timer_segment(void)
{
	net_timer_tcp();
	if (due[CLOCK_FAST] == TIME_NEVER)
		start(CLOCK_FAST, time_now() + FAST);
}

void net_timer_fragment(void)
{
	uint64_t now = time_now();

	reassembly_end = now + REASSEMBLY;
	if (due[CLOCK_SECOND] == TIME_NEVER)
		start(CLOCK_SECOND, now + NSEC_PER_SEC);
}

void net_timer_link(void)
{
	uint64_t now = time_now();

	links = true;
	start(CLOCK_SECOND, now + NSEC_PER_SEC);
	start(CLOCK_FINE, now + DHCP_FINE);
	start(CLOCK_COARSE, now + DHCP_COARSE);
}

void net_timer_sntp(uint64_t at)
{
	start(CLOCK_SNTP, at);
}

void net_timer_poll_again(void)
{
	start(CLOCK_POLL, time_now() + POLL_PAUSE);
}

/* True if no connection waits for anything that is counted in single ticks. */
static bool tcp_quiet(void)
{
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->rtime >= 0 || p->unsent || p->persist_backoff || p->ooseq || p->refused_data)
			return false;
	return true;
}

static void run_slow(uint64_t now)
{
	set_tcp_ticks(now);
	tcp_ticks--; /* tcp_slowtmr() begins by counting */
	tcp_slowtmr();
	quiet = tcp_quiet();
	if (tcp_active_pcbs || tcp_tw_pcbs)
		due[CLOCK_SLOW] = now + (quiet ? QUIET : SLOW);
}

static void run_second(uint64_t now)
{
	if (links)
		etharp_tmr();
	if (now < reassembly_end)
		ip_reass_tmr();
	if (links || now < reassembly_end)
		due[CLOCK_SECOND] = now + NSEC_PER_SEC;
}

/* DHCP counts its requests' timeouts in fine ticks: needed while one is running. */
static bool dhcp_waits(void)
{
	struct netif *n;

	NETIF_FOREACH(n)
	{
		struct dhcp *d = netif_dhcp_data(n);

		if (d && d->request_timeout)
			return true;
	}
	return false;
}

static void run(enum clock c, uint64_t now)
{
	due[c] = TIME_NEVER;
	switch (c) {
	case CLOCK_SLOW:
		run_slow(now);
		break;
	case CLOCK_FAST:
		tcp_fasttmr();
		break;
	case CLOCK_SECOND:
		run_second(now);
		break;
	case CLOCK_FINE:
		dhcp_fine_tmr();
		break;
	case CLOCK_COARSE:
		dhcp_coarse_tmr();
		due[CLOCK_COARSE] = now + DHCP_COARSE;
		break;
	case CLOCK_SNTP:
		net_sntp_due(now);
		break;
	default: /* the devices were polled just before */
		break;
	}
	if (links && due[CLOCK_FINE] == TIME_NEVER && dhcp_waits())
		due[CLOCK_FINE] = now + DHCP_FINE;
}

bool net_timer_due(void)
{
	return READ_ONCE(fired);
}

void net_timer_run(void)
{
	uint64_t now, next = TIME_NEVER;

	if (likely(!READ_ONCE(fired)))
		return;
	WRITE_ONCE(fired, false);
	now = time_now();
	for (int i = 0; i < CLOCKS; i++)
		if (due[i] <= now)
			run(i, now);
	for (int i = 0; i < CLOCKS; i++)
		next = min(next, due[i]);
	armed = next;
	if (next != TIME_NEVER)
		timer_start(&timer, next);
}
