/* SPDX-License-Identifier: MIT */
/* Internet addresses as text. */
#ifndef _ARPA_INET_H
#define _ARPA_INET_H

#include <netinet/in.h>

__BEGIN_DECLS
/* 1 and the address, or 0: takes "1.2.3.4" and its shorter and hexadecimal kin. */
int inet_aton(const char *text, struct in_addr *addr);
in_addr_t inet_addr(const char *text);
/* Static storage. */
char *inet_ntoa(struct in_addr addr);
/* 1; 0 if text is no address; -1 with EAFNOSUPPORT. AF_INET and AF_INET6. */
int inet_pton(int family, const char *__restrict text, void *__restrict addr);
/* text, or NULL with ENOSPC or EAFNOSUPPORT. */
const char *inet_ntop(int family, const void *__restrict addr, char *__restrict text,
		      socklen_t size);
__END_DECLS

#endif
