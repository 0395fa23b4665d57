/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a compiler and platform; included by lwIP's own headers first of all. */
#ifndef NET_ARCH_CC_H
#define NET_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>

#define BYTE_ORDER LITTLE_ENDIAN

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H	   1
#define LWIP_NO_LIMITS_H   1
#define LWIP_NO_UNISTD_H   1
#define X8_F		   "02x"
#define U16_F		   "u"
#define S16_F		   "d"
#define X16_F		   "x"
#define U32_F		   "u"
#define S32_F		   "d"
#define X32_F		   "x"
#define SZT_F		   "zu"
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#endif
/* Tells lwIP that ssize_t is there already. */
#ifndef SSIZE_MAX
#define SSIZE_MAX __LONG_MAX__
#endif
typedef long ssize_t;

/* One instruction instead of lwIP's function. */
#define lwip_htons(x) ((uint16_t)__builtin_bswap16(x))
#define lwip_htonl(x) ((uint32_t)__builtin_bswap32(x))

#define PACK_STRUCT_STRUCT __attribute__((packed))

/* lwIP's internal checks: a failed one is our bug, never a packet's doing. */
_Noreturn void net_assert_failed(const char *msg, const char *file, int line);
#define LWIP_PLATFORM_ASSERT(msg) net_assert_failed(msg, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(msg)

uint32_t net_rand(void);
#define LWIP_RAND() net_rand()

/* The Internet checksum of n bytes, not complemented, in network order (RFC 1071). */
uint16_t net_checksum(const void *data, int n);

/* net/sntp.c: lwIP's SNTP client and what it goes by. */
extern uint16_t net_sntp_port;
extern uint32_t net_sntp_interval;
void net_sntp_now(int32_t *seconds, uint32_t *fraction);
void net_sntp_found(int32_t seconds, uint32_t fraction);
void sys_timeout(uint32_t ms, void (*fn)(void *arg), void *arg);
void sys_untimeout(void (*fn)(void *arg), void *arg);

void *kmalloc(size_t size) __attribute__((warn_unused_result));
void *kcalloc(size_t n, size_t size) __attribute__((warn_unused_result));
void kfree(void *p);

#endif
