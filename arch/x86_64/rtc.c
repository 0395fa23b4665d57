/* SPDX-License-Identifier: MIT */
/* The wall clock: MC146818 real-time clock, taken as UTC. Boot only. */
#include <arch/clock.h>
#include <arch/io.h>

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71
#define REG_A	   0x0a
#define REG_B	   0x0b
#define UPDATING   0x80
#define B_BINARY   0x04
#define B_24H	   0x02
#define TRIES	   10000 /* an update takes 2 ms, a try at least 1 us */
#define ABSENT	   0xff

struct rtc_time {
	uint8_t sec, min, hour, day, month, year;
};

static uint8_t cmos(uint8_t reg)
{
	arch_out8(CMOS_INDEX, reg);
	return arch_in8(CMOS_DATA);
}

static struct rtc_time read_once(void)
{
	for (int i = 0; i < TRIES && (cmos(REG_A) & UPDATING); i++)
		;
	return (struct rtc_time){cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9)};
}

static uint8_t from_bcd(uint8_t v)
{
	return (v & 0xf) + (v >> 4) * 10;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March here. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return 365ull * y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static bool same(struct rtc_time a, struct rtc_time b)
{
	return a.sec == b.sec && a.min == b.min && a.hour == b.hour && a.day == b.day &&
	       a.month == b.month && a.year == b.year;
}

uint64_t arch_wall_clock(void)
{
	struct rtc_time t, again;
	uint8_t b;
	bool pm;

	if (cmos(REG_A) == ABSENT)
		return 0;
	t = read_once();
	b = cmos(REG_B);
	/* Two equal readings: no update fell between. */
	for (int i = 0; i < 10 && (again = read_once(), !same(t, again)); i++)
		t = again;
	pm = !(b & B_24H) && t.hour & 0x80;
	t.hour &= 0x7f;
	if (!(b & B_BINARY)) {
		t.sec = from_bcd(t.sec);
		t.min = from_bcd(t.min);
		t.hour = from_bcd(t.hour);
		t.day = from_bcd(t.day);
		t.month = from_bcd(t.month);
		t.year = from_bcd(t.year);
	}
	if (!(b & B_24H))
		t.hour = t.hour % 12 + (pm ? 12 : 0);
	if (!t.month || t.month > 12 || !t.day || t.day > 31 || t.hour > 23 || t.min > 59)
		return 0;
	return days(2000 + t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.min * 60 + t.sec;
}
