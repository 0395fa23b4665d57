/* SPDX-License-Identifier: MIT */
/*
 * How lwIP 2.2.1 is configured: no threads of its own, callback API only, all of it under the net
 * lock (net/net.h). Memory comes from the core's heap, timers from net/timer.c. What is left out
 * here keeps lwIP's default. docs/NETWORK.md tells why.
 */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

#define LWIP_HOOK_FILENAME "net_hooks.h"

/* No operating system underneath; net/timer.c drives the protocols' timers on demand. */
#define NO_SYS		     1
#define LWIP_TIMERS	     0
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN	     0
#define LWIP_SOCKET	     0
#define LWIP_STATS	     0

/* Memory: everything from kmalloc, no pools. Growth is bounded by windows, queues and counts. */
#define MEM_CUSTOM_ALLOCATOR	 1
#define MEM_CUSTOM_MALLOC	 kmalloc
#define MEM_CUSTOM_CALLOC	 kcalloc
#define MEM_CUSTOM_FREE		 kfree
#define MEMP_MEM_MALLOC		 1
#define MEM_ALIGNMENT		 8
#define LWIP_SUPPORT_CUSTOM_PBUF 1
/*
 * A packet that waits for ARP is copied even if its payload is "ROM": those bytes are the sending
 * socket's and go when they are acknowledged.
 */
#define PBUF_NEEDS_COPY(p) (pbuf_get_allocsrc(p) != PBUF_TYPE_ALLOC_SRC_MASK_STD_HEAP)

/* Protocols. */
#define LWIP_IPV4	    1
#define LWIP_IPV6	    0
#define LWIP_ARP	    1
#define ARP_TABLE_SIZE	    64
#define ARP_QUEUEING	    1
#define ARP_QUEUE_LEN	    16
#define ETHARP_TRUST_IP_MAC 0
#define IP_FORWARD	    0
#define IP_OPTIONS_ALLOWED  0
#define IP_REASSEMBLY	    1
#define IP_REASS_MAX_PBUFS  128
#define IP_DEFAULT_TTL	    64
#define IP_SOF_BROADCAST    1
/* Packets to this machine's own addresses go through loopback (net_hooks.h). */
#define LWIP_HOOK_IP4_ROUTE_SRC	   net_ip4_route
#define LWIP_ICMP		   1
#define LWIP_RAW		   0
#define LWIP_IGMP		   0
#define LWIP_DNS		   1 /* config.c only keeps the servers; resolving is the app's */
#define LWIP_UDP		   1
#define LWIP_NETIF_LOOPBACK	   0 /* net/loopback.c */
#define LWIP_HAVE_LOOPIF	   0
#define LWIP_NETIF_STATUS_CALLBACK 1

/*
 * DHCP without the second of probing for an address conflict: the server has just checked, a
 * machine boots in milliseconds, and on a cloud's network nobody else may use the address.
 */
#define LWIP_DHCP		 1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_ACD		 0
#define DNS_MAX_SERVERS		 2
#define LWIP_NETIF_HOSTNAME	 0

/*
 * TCP. A segment is at most what the interface's MTU allows (1460 on Ethernet); TCP_MSS is the
 * ceiling, reached on loopback.
 */
#define LWIP_TCP 1
#define TCP_MSS	 16384
/* The check refuses this MSS for the sake of TCP_SNDLOWAT, which only netconn uses. */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1
#define TCP_CALCULATE_EFF_SEND_MSS     1
#define TCP_OVERSIZE		       0 /* tcp_write() never copies here */
#define LWIP_WND_SCALE		       1
#define TCP_RCV_SCALE		       4
#define TCP_WND			       (256 * 1024)
#define TCP_SND_BUF		       (256 * 1024)
#define TCP_SND_QUEUELEN	       4096
#define TCP_WND_UPDATE_THRESHOLD       (64 * 1024)
#define TCP_QUEUE_OOSEQ		       1
#define TCP_OOSEQ_MAX_BYTES	       (256 * 1024)
#define TCP_OOSEQ_MAX_PBUFS	       256
#define LWIP_TCP_SACK_OUT	       1
#define TCP_LISTEN_BACKLOG	       0 /* counted in net/stream.c, with more than 8 bits */
#define LWIP_TCP_KEEPALIVE	       1
#define SO_REUSE		       0    /* decided in net/pcb.c */
#define LWIP_TCP_RTO_TIME	       1000 /* RFC 6298 */
#define TCP_MSL			       30000UL
#define TCP_TMR_INTERVAL	       50
#define TCP_FAST_INTERVAL	       40  /* ms: a delayed acknowledgement waits no longer */
#define TCP_SLOW_INTERVAL	       100 /* ms: the unit of retransmission timeouts, at least 3 */
/* Places in each control block for net/pcb.c and net/stream.c (enum net_slot in net_hooks.h). */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 4

/*
 * SNTP: one server, whose answer must be to what was asked; the way there and back is allowed for.
 * Its clock and its timeouts are net/sntp.c's.
 */
#define SNTP_MAX_SERVERS		 1
#define SNTP_STARTUP_DELAY		 0
#define SNTP_CHECK_RESPONSE		 2
#define SNTP_COMP_ROUNDTRIP		 1
#define SNTP_MONITOR_SERVER_REACHABILITY 0
#define SNTP_PORT			 net_sntp_port
#define SNTP_SUPPRESS_DELAY_CHECK	 1 /* the option sets it */
#define SNTP_UPDATE_DELAY		 net_sntp_interval
#define SNTP_GET_SYSTEM_TIME_NTP(s, f)	 net_sntp_now(&(s), &(f))
#define SNTP_SET_SYSTEM_TIME_NTP(s, f)	 net_sntp_found(s, f)

/* Checksums are made and checked where the interface says that its device does not. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY	     0
#define LWIP_CHKSUM		     net_checksum

#endif
