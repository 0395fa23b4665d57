/* SPDX-License-Identifier: MIT */
/* The time of this turn of the loop, and its two texts, made once a second. */
#include <time.h>
#include "httpd.h"

uint64_t now_ms;
char http_date[32], log_date[32];

static uint64_t next_second_ms; /* when the texts are out of date */

void clock_format_http(char *text, size_t size, int64_t t)
{
	time_t seconds = t;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void update_texts(void)
{
	struct timespec wall;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &wall);
	next_second_ms = now_ms + 1000 - (uint64_t)wall.tv_nsec / 1000000;
	gmtime_r(&wall.tv_sec, &tm);
	strftime(http_date, sizeof(http_date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	strftime(log_date, sizeof(log_date), "%d/%b/%Y:%H:%M:%S +0000", &tm);
}

void clock_update(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	if (now_ms >= next_second_ms)
		update_texts();
}
