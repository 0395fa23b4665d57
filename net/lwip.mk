# SPDX-License-Identifier: MIT
# The files of lwIP that the core is built with, relative to lwIP's source folder. timeouts.c is not
# among them: net/timer.c does its work. Compile them and net/*.c with
#	-I net/include -I LWIP/src/include -I core/include -I arch/ARCH/include
# and, freestanding, -I net/include/libc (string.h, stdlib.h, stdio.h) in front.
LWIP_SRCS := \
	src/core/def.c \
	src/core/inet_chksum.c \
	src/core/init.c \
	src/core/ip.c \
	src/core/mem.c \
	src/core/memp.c \
	src/core/netif.c \
	src/core/pbuf.c \
	src/core/tcp.c \
	src/core/tcp_in.c \
	src/core/tcp_out.c \
	src/core/udp.c \
	src/core/ipv4/acd.c \
	src/core/ipv4/dhcp.c \
	src/core/ipv4/etharp.c \
	src/core/ipv4/icmp.c \
	src/core/ipv4/ip4.c \
	src/core/ipv4/ip4_addr.c \
	src/core/ipv4/ip4_frag.c \
	src/netif/ethernet.c \
	src/apps/sntp/sntp.c
