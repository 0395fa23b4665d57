// SPDX-License-Identifier: MIT
/*
 * The time from a server: option sntp=ADDRESS, ADDRESS:PORT, and /SECONDS between two questions (600
 * without). lwIP's client asks and checks the answers; what it finds goes to the core, which sets the
 * clock by the first answer and slews it by the others (core/clock_adjust.c). It begins when the
 * interface has its address. Net lock.
 */
#include <core/boot.h>
#include <core/log.h>
#include <core/random.h>
#include <core/time.h>

#include "net.h"
#include "lwip/apps/sntp.h"

#define INTERVAL_S     600
#define INTERVAL_S_MAX 86400
#define NTP_PORT       123
/* Seconds from 1900 to 1970: NTP's era 0 begins there, and lwIP's numbers count on into era 1. */
#define NTP_TO_UNIX 2208988800u
#define HANDLERS    2

uint16_t net_sntp_port = NTP_PORT;
uint32_t net_sntp_interval = INTERVAL_S * 1000;

static ip4_addr_t server;
static bool answered;  /* the clock was set by it once */
static unsigned asked; /* times that lwIP asked for the time since an answer was taken */

/* What lwIP wants called later. */
static struct {
	void (*fn)(void *arg);
	void *arg;
	uint64_t due;
} later[HANDLERS];

static bool number(const char **s, unsigned most, uint32_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9' && n <= most; p++)
		n = n * 10 + (unsigned)(*p - '0');
	if (p == *s || !n || n > most)
		return false;
	*out = (uint32_t)n;
	*s = p;
	return true;
}

void net_sntp_options(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "sntp"), *s;
	uint32_t port = NTP_PORT, seconds = INTERVAL_S;
	bool good;

	if (!v)
		return;
	good = net_parse_ip(v, &server, &s);
	if (good && *s == ':')
		s++, good = number(&s, UINT16_MAX, &port);
	if (good && *s == '/')
		s++, good = number(&s, INTERVAL_S_MAX, &seconds);
	if (!good || *s)
		boot_fail("net: sntp=%s is not an address like 192.168.1.1, with :PORT or /SECONDS",
			  v);
	net_sntp_port = (uint16_t)port;
	net_sntp_interval = seconds * 1000;
}

void net_sntp_start(void)
{
	if (ip4_addr_isany_val(server) || sntp_enabled())
		return;
	sntp_setoperatingmode(SNTP_OPMODE_POLL);
	sntp_setserver(0, &server);
	sntp_init();
}

/* ---- the clock, as lwIP has it ---- */

void net_sntp_now(int32_t *seconds, uint32_t *fraction)
{
	uint64_t now = time_realtime(), ns = now % NSEC_PER_SEC;

	asked++;
	*seconds = (int32_t)(uint32_t)(now / NSEC_PER_SEC + NTP_TO_UNIX);
	/* The last bits, less than 64 ns, are nobody's to guess. */
	*fraction = (uint32_t)((ns << 32) / NSEC_PER_SEC) ^ (random_u64() & 0xff);
}

/* Unsigned seconds since 1970, whichever era of NTP's they are in: up to 2106. */
void net_sntp_found(int32_t seconds, uint32_t fraction)
{
	uint64_t unix_seconds = (uint32_t)seconds - NTP_TO_UNIX;
	uint64_t found = unix_seconds * NSEC_PER_SEC + ((uint64_t)fraction * NSEC_PER_SEC >> 32);
	int64_t offset = (int64_t)(found - time_realtime());
	/* Once to ask, once to compare with the answer: a second answer to one question is none. */
	bool expected = asked >= 2;

	asked = 0;
	if (!expected)
		return;
	if (time_correct(offset, !answered))
		log_info("net: the clock is set by SNTP, %lld us %s",
			 (long long)(offset < 0 ? -offset : offset) / 1000,
			 offset < 0 ? "back" : "ahead");
	answered = true;
}

/* ---- lwIP's timeouts, of which this client alone has any ---- */

static void arm(void)
{
	uint64_t next = TIME_NEVER;

	for (int i = 0; i < HANDLERS; i++)
		if (later[i].fn)
			next = min(next, later[i].due);
	net_timer_sntp(next);
}

void sys_untimeout(void (*fn)(void *arg), void *arg)
{
	for (int i = 0; i < HANDLERS; i++)
		if (later[i].fn == fn && later[i].arg == arg)
			later[i].fn = NULL;
}

void sys_timeout(uint32_t ms, void (*fn)(void *arg), void *arg)
{
	int i = 0;

	while (i < HANDLERS && later[i].fn)
		i++;
	BUG_ON(i == HANDLERS);
	later[i].fn = fn;
	later[i].arg = arg;
	later[i].due = time_now() + ms * NSEC_PER_MSEC;
	arm();
}

void net_sntp_due(uint64_t now)
{
	for (int i = 0; i < HANDLERS; i++) {
		void (*fn)(void *arg) = later[i].due <= now ? later[i].fn : NULL;

		if (!fn)
			continue;
		later[i].fn = NULL;
		fn(later[i].arg);
	}
	arm();
}
