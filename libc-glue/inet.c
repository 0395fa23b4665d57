/* SPDX-License-Identifier: MIT */
/* Internet addresses to and from text: dotted IPv4, and IPv6 as RFC 4291 and RFC 5952 write it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

/* One to four parts, each decimal, octal or hexadecimal; the last one fills what is left. */
int inet_aton(const char *text, struct in_addr *addr)
{
	unsigned long part[4], last_max = 0xffffffff;
	int n = 0;
	char *end;

	for (;;) {
		if (*text < '0' || *text > '9')
			return 0;
		part[n++] = strtoul(text, &end, 0);
		if (*end != '.')
			break;
		if (n == 4 || part[n - 1] > 255)
			return 0;
		last_max >>= 8;
		text = end + 1;
	}
	if ((*end && !strchr(" \t\r\n\v\f", *end)) || part[n - 1] > last_max)
		return 0;
	for (int i = 0; i < n - 1; i++)
		part[n - 1] |= part[i] << (24 - 8 * i);
	addr->s_addr = htonl((uint32_t)part[n - 1]);
	return 1;
}

in_addr_t inet_addr(const char *text)
{
	struct in_addr addr;

	return inet_aton(text, &addr) ? addr.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr addr)
{
	static __thread char text[INET_ADDRSTRLEN];

	return (char *)inet_ntop(AF_INET, &addr, text, sizeof(text));
}

/* Exactly four decimal parts without leading zeros. */
static int ipv4_from_text(const char *text, uint8_t *addr)
{
	for (int i = 0; i < 4; i++) {
		unsigned value = 0;
		int digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
			value = value * 10 + (unsigned)(*text - '0');
		if (!digits || value > 255 || (digits > 1 && text[-digits] == '0'))
			return 0;
		if (*text++ != (i < 3 ? '.' : '\0'))
			return 0;
		addr[i] = (uint8_t)value;
	}
	return 1;
}

/* Up to four hexadecimal digits: how many there are. */
static int group_from_text(const char *text, uint16_t *group)
{
	int digits = 0;
	unsigned value = 0;

	for (; digits < 5; digits++) {
		char c = (char)(text[digits] | 0x20);

		if (text[digits] >= '0' && text[digits] <= '9')
			value = value << 4 | (unsigned)(text[digits] - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (unsigned)(c - 'a' + 10);
		else
			break;
	}
	*group = (uint16_t)value;
	return digits;
}

static int ipv6_from_text(const char *text, uint8_t *addr)
{
	uint8_t bytes[16] = {0};
	int n = 0, gap = -1, digits;
	uint16_t group;

	if (text[0] == ':' && *++text != ':')
		return 0;
	while (*text) {
		if (*text == ':' && gap < 0) {
			gap = n;
			text++;
			continue;
		}
		if (n <= 12 && strchr(text, '.') && !strchr(text, ':')) {
			if (!ipv4_from_text(text, bytes + n))
				return 0;
			n += 4;
			break;
		}
		digits = group_from_text(text, &group);
		if (digits < 1 || digits > 4 || n == 16)
			return 0;
		bytes[n++] = (uint8_t)(group >> 8);
		bytes[n++] = (uint8_t)group;
		text += digits;
		if (*text && (*text++ != ':' || !*text))
			return 0;
	}
	if (gap < 0 ? n != 16 : n == 16)
		return 0;
	memset(addr, 0, 16);
	if (gap < 0)
		gap = n;
	memcpy(addr, bytes, (size_t)gap);
	memcpy(addr + 16 - (n - gap), bytes + gap, (size_t)(n - gap));
	return 1;
}

int inet_pton(int family, const char *restrict text, void *restrict addr)
{
	uint8_t ipv4[4];

	if (family == AF_INET6)
		return ipv6_from_text(text, addr);
	if (family != AF_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (!ipv4_from_text(text, ipv4))
		return 0;
	memcpy(addr, ipv4, sizeof(ipv4));
	return 1;
}

/* The longest run of zero groups, two at least: where it starts, and its length. */
static int longest_gap(const uint8_t *a, int *length)
{
	int best = -1, run = 0;

	*length = 1;
	for (int i = 0; i < 8; i++) {
		run = a[2 * i] || a[2 * i + 1] ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			best = i - run + 1;
		}
	}
	return best;
}

static void ipv6_to_text(const uint8_t *a, char *text)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	int length, gap = longest_gap(a, &length);

	if (!memcmp(a, mapped, 12)) {
		sprintf(text, "::ffff:%d.%d.%d.%d", a[12], a[13], a[14], a[15]);
		return;
	}
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			text += sprintf(text, i + length == 8 ? "::" : ":");
			i += length - 1;
			continue;
		}
		text += sprintf(text, i ? ":%x" : "%x", a[2 * i] << 8 | a[2 * i + 1]);
	}
}

const char *inet_ntop(int family, const void *restrict addr, char *restrict text, socklen_t size)
{
	char buf[INET6_ADDRSTRLEN];
	const uint8_t *a = addr;

	if (family == AF_INET) {
		sprintf(buf, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]);
	} else if (family == AF_INET6) {
		ipv6_to_text(a, buf);
	} else {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	if (strlen(buf) >= size) {
		errno = ENOSPC;
		return NULL;
	}
	return strcpy(text, buf);
}
