// SPDX-License-Identifier: MIT
/*
 * Bringing the network up, and addresses: ip=dhcp (what holds without the option), ip=none, or
 * ip=ADDRESS/LENGTH with gw=ADDRESS and dns=ADDRESS. The boot does not wait for DHCP; a call that
 * needs a route does, for DHCP_WAIT after the boot at most. The name servers stand in
 * /dev/resolv.conf. Net lock unless said.
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/deferred.h>
#include <core/fs.h>
#include <core/log.h>
#include <core/output.h>
#include <core/string.h>
#include <core/time.h>

#include "net.h"
#include "net_hooks.h"
#include "socket.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/init.h"
#include "lwip/ip.h"

#define DHCP_WAIT (10 * NSEC_PER_SEC)

enum policy {
	POLICY_DHCP,
	POLICY_STATIC,
	POLICY_NONE
};

static enum policy policy;
static ip4_addr_t static_ip, static_mask, static_gw;
static ip4_addr_t dns_server[DNS_MAX_SERVERS];
static bool dhcp_pending; /* no address yet, but a server was asked */
static uint64_t dhcp_deadline;
static struct waitq dhcp_wait = WAITQ_INIT(dhcp_wait);

/* ---- the command line ---- */

bool net_parse_ip(const char *s, ip4_addr_t *out, const char **end)
{
	uint32_t ip = 0;

	for (int i = 0; i < 4; i++) {
		unsigned n = 0, digits = 0;

		if (i && *s++ != '.')
			return false;
		for (; *s >= '0' && *s <= '9' && digits < 3; digits++)
			n = n * 10 + (unsigned)(*s++ - '0');
		if (!digits || n > 255)
			return false;
		ip = ip << 8 | n;
	}
	out->addr = lwip_htonl(ip);
	*end = s;
	return true;
}

static void option_ip(const char *key, ip4_addr_t *out)
{
	const char *v = cmdline_get(&boot_info.cmdline, key), *end;

	if (v && (!net_parse_ip(v, out, &end) || *end))
		boot_fail("net: %s=%s is not an address like 192.168.1.1", key, v);
}

static void parse_static(const char *v)
{
	const char *end;
	unsigned len = 0, digits = 0;

	if (net_parse_ip(v, &static_ip, &end) && *end == '/') {
		for (end++; *end >= '0' && *end <= '9' && digits < 3; digits++)
			len = len * 10 + (unsigned)(*end++ - '0');
		if (digits && len >= 1 && len <= 32 && !*end && !ip4_addr_isany_val(static_ip)) {
			static_mask.addr = lwip_htonl(~0U << (32 - len));
			policy = POLICY_STATIC;
			return;
		}
	}
	boot_fail("net: ip=%s is neither dhcp, none, nor an address like 192.168.1.2/24", v);
}

static void parse_options(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "ip");

	if (v && !strcmp(v, "none"))
		policy = POLICY_NONE;
	else if (v && strcmp(v, "dhcp"))
		parse_static(v);
	option_ip("gw", &static_gw);
	option_ip("dns", &dns_server[0]);
	net_sntp_options();
}

/* ---- interfaces ---- */

static void print_ip(char *out, size_t size, const ip4_addr_t *ip)
{
	ksnprintf(out, size, "%u.%u.%u.%u", ip4_addr1(ip), ip4_addr2(ip), ip4_addr3(ip),
		  ip4_addr4(ip));
}

void net_status_changed(struct netif *netif)
{
	static ip4_addr_t announced;
	char ip[16], gw[16], line[20];
	u32_t mask = lwip_ntohl(ip4_addr_get_u32(netif_ip4_netmask(netif)));
	unsigned prefix = mask ? 32 - (unsigned)__builtin_ctz(mask) : 0;

	if (!netif_is_up(netif) || ip4_addr_isany(netif_ip4_addr(netif)) ||
	    ip4_addr_eq(&announced, netif_ip4_addr(netif)))
		return;
	ip4_addr_copy(announced, *netif_ip4_addr(netif));
	print_ip(ip, sizeof(ip), netif_ip4_addr(netif));
	print_ip(gw, sizeof(gw), netif_ip4_gw(netif));
	log_info("net: address %s/%u, gateway %s (%s)", ip, prefix, gw,
		 policy == POLICY_STATIC ? "static" : "DHCP");
	output_write(OUTPUT_READY, line, (size_t)ksnprintf(line, sizeof(line), "ip %s", ip));
	WRITE_ONCE(dhcp_pending, false);
	waitq_wake(&dhcp_wait, 0);
	net_sntp_start();
}

void net_configure(struct netif *netif)
{
	netif_set_status_callback(netif, net_status_changed);
	if (policy == POLICY_NONE)
		return;
	if (!netif_default)
		netif_set_default(netif);
	net_timer_link();
	if (policy == POLICY_STATIC) {
		if (netif != netif_default)
			return;
		netif_set_addr(netif, &static_ip, &static_mask, &static_gw);
		netif_set_up(netif);
		return;
	}
	netif_set_up(netif);
	dhcp_deadline = time_now() + DHCP_WAIT;
	WRITE_ONCE(dhcp_pending, dhcp_start(netif) == ERR_OK);
	if (!dhcp_pending)
		log_err("net: DHCP cannot start");
}

/* ---- routes ---- */

static struct netif *local_netif(const ip4_addr_t *ip)
{
	struct netif *n;

	NETIF_FOREACH(n)
	if (netif_is_up(n) && !ip4_addr_isany_val(*netif_ip4_addr(n)) &&
	    ip4_addr_eq(ip, netif_ip4_addr(n)))
		return n;
	return NULL;
}

bool net_is_local(const ip4_addr_t *ip)
{
	return local_netif(ip);
}

struct netif *net_ip4_route(const ip4_addr_t *src, const ip4_addr_t *dest)
{
	(void)src;
	return local_netif(dest) ? &loopback : NULL;
}

bool net_route(const ip4_addr_t *dest, struct netif **out, ip4_addr_t *src)
{
	struct netif *n = local_netif(dest);

	*out = n ? &loopback : ip4_route(dest);
	if (!*out)
		return false;
	ip4_addr_copy(*src, *netif_ip4_addr(n ? n : *out));
	return true;
}

int net_wait_route(const ip4_addr_t *dest, bool nonblock)
{
	struct netif *n;
	ip4_addr_t src;
	bool there;
	int err;

	for (;;) {
		net_lock();
		there = net_route(dest, &n, &src);
		net_unlock();
		if (there)
			return 0;
		if (nonblock || !READ_ONCE(dhcp_pending) || ip4_addr_isloopback(dest))
			return -ENETUNREACH;
		wait_event(err, &dhcp_wait, dhcp_deadline, !READ_ONCE(dhcp_pending));
		if (err)
			return err == -ETIMEDOUT ? -ENETUNREACH : err;
	}
}

/* ---- what lwIP's IP layer shows before it decides ---- */

int net_ip4_input(struct pbuf *p, struct netif *in)
{
	const struct ip_hdr *ip = p->payload;

	if (p->len < IP_HLEN || (in != &loopback && (ip4_addr_isloopback(&ip->src) ||
						     ip4_addr_isloopback(&ip->dest)))) {
		pbuf_free(p);
		return 1;
	}
	if (unlikely(IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)))
		net_timer_fragment();
	else if (unlikely(IPH_PROTO(ip) == IP_PROTO_ICMP))
		datagram_icmp(p, in);
	return 0;
}

/* ---- name servers: lwIP's DHCP client tells them to a module that is this one here ---- */

void dns_init(void)
{
}

void dns_setserver(u8_t n, const ip_addr_t *server)
{
	if (n < DNS_MAX_SERVERS && !cmdline_get(&boot_info.cmdline, "dns"))
		ip4_addr_set(&dns_server[n], server);
}

const ip_addr_t *dns_getserver(u8_t n)
{
	return n < DNS_MAX_SERVERS ? &dns_server[n] : IP_ADDR_ANY;
}

static ssize_t resolv_read(struct file *f, struct uio *u, off_t *pos)
{
	char text[DNS_MAX_SERVERS * 32], ip[16];
	size_t len = 0, n;
	off_t at = pos ? *pos : f->pos;

	net_lock();
	for (int i = 0; i < DNS_MAX_SERVERS; i++) {
		if (ip4_addr_isany_val(dns_server[i]))
			continue;
		print_ip(ip, sizeof(ip), &dns_server[i]);
		len += (size_t)ksnprintf(text + len, sizeof(text) - len, "nameserver %s\n", ip);
	}
	net_unlock();
	if (at < 0 || (size_t)at >= len)
		return 0;
	n = min(u->resid, len - (size_t)at);
	if (uio_copy_to(u, text + at, n))
		return -EFAULT;
	if (pos)
		*pos += (off_t)n;
	return (ssize_t)n;
}

static const struct file_ops resolv_ops = {.read = resolv_read};

/* ---- start ---- */

void net_init(void)
{
	deferred_register(DEFERRED_NET, net_deferred);
	parse_options();
	net_timer_init();
	net_pcb_init();
	net_lock();
	lwip_init();
	loopback_init();
	net_unlock();
	netdev_set_client(&bridge_client);
	devfs_register("resolv.conf", 0444, &resolv_ops, NULL);
	if (policy != POLICY_NONE && !netdev_first())
		log_warn("net: no network device was found; only 127.0.0.1 works");
}

INITCALL(5, net_init);
