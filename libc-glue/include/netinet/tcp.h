/* SPDX-License-Identifier: MIT */
/* TCP socket options: their numbers are shared with the core. */
#ifndef _NETINET_TCP_H
#define _NETINET_TCP_H

#include <abi/socket.h>

#define SOL_TCP IPPROTO_TCP

#endif
