/* SPDX-License-Identifier: MIT */
/* Internet addresses, in Linux's layout. */
#ifndef _NETINET_IN_H
#define _NETINET_IN_H

#include <stdint.h>
#include <sys/socket.h>
#include <machine/endian.h>

#ifndef _IN_ADDR_T_DECLARED
typedef uint32_t in_addr_t;
#define _IN_ADDR_T_DECLARED
#endif
#ifndef _IN_PORT_T_DECLARED
typedef uint16_t in_port_t;
#define _IN_PORT_T_DECLARED
#endif

struct in_addr {
	in_addr_t s_addr; /* network byte order */
};

struct sockaddr_in {
	sa_family_t sin_family;
	in_port_t sin_port; /* network byte order */
	struct in_addr sin_addr;
	unsigned char sin_zero[8];
};

struct in6_addr {
	union {
		uint8_t __bytes[16];
		uint16_t __halves[8];
		uint32_t __words[4];
	} __in6;
};
#define s6_addr	  __in6.__bytes
#define s6_addr16 __in6.__halves
#define s6_addr32 __in6.__words

struct sockaddr_in6 {
	sa_family_t sin6_family;
	in_port_t sin6_port;
	uint32_t sin6_flowinfo;
	struct in6_addr sin6_addr;
	uint32_t sin6_scope_id;
};

#define INADDR_ANY	 ((in_addr_t)0x00000000)
#define INADDR_LOOPBACK	 ((in_addr_t)0x7f000001)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)
#define INADDR_NONE	 ((in_addr_t)0xffffffff)
#define INET_ADDRSTRLEN	 16
#define INET6_ADDRSTRLEN 46

#define IN6ADDR_ANY_INIT          \
	{                         \
		{                 \
			{         \
				0 \
			}         \
		}                 \
	}
#define IN6ADDR_LOOPBACK_INIT                                                  \
	{                                                                      \
		{                                                              \
			{                                                      \
				0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 \
			}                                                      \
		}                                                              \
	}

#define IPPROTO_ICMPV6 58
#define IPPROTO_RAW    255

#define IPPORT_RESERVED	    1024
#define IPPORT_USERRESERVED 5000

#define IP_TOS		   1
#define IP_TTL		   2
#define IP_MULTICAST_IF	   32
#define IP_MULTICAST_TTL   33
#define IP_MULTICAST_LOOP  34
#define IP_ADD_MEMBERSHIP  35
#define IP_DROP_MEMBERSHIP 36
#define IPV6_V6ONLY	   26

struct ip_mreq {
	struct in_addr imr_multiaddr;
	struct in_addr imr_interface;
};

extern const struct in6_addr in6addr_any;
extern const struct in6_addr in6addr_loopback;

#define htons(x) ((uint16_t)__htons(x))
#define ntohs(x) ((uint16_t)__ntohs(x))
#define htonl(x) ((uint32_t)__htonl(x))
#define ntohl(x) ((uint32_t)__ntohl(x))

#endif
