/* SPDX-License-Identifier: MIT */
/* The tool's view of COM1: firmware's noise is kept back, control sequences go, the tail stays. */
#define _GNU_SOURCE
#include "test.h"
#include "../../tools/ringlet/guestlog.c"
#include "../../tools/ringlet/stream.c"
#include "../../tools/ringlet/util.c"

static const char *shown(struct sink *s)
{
	return s->waiting.len ? s->waiting.data : "";
}

static void feed(struct guestlog *l, const char *text)
{
	guestlog_feed(l, text, strlen(text));
}

TEST(noise_before_the_core_is_kept_back)
{
	struct sink sink = {0};
	struct guestlog l = {.sink = &sink};

	feed(&l, "\033[2J\033[1;1HSeaBIOS\r\nGNU GRUB [1.5\r\n\033[0m[    0.0");
	feed(&l, "00123] Ringlet\r\n\r\n  second\r\n");
	CHECK_STR(shown(&sink), "[    0.000123] Ringlet\n  second\n");
	guestlog_show_tail(&l);
	CHECK_STR(shown(&sink), "[    0.000123] Ringlet\n  second\n");
	guestlog_free(&l);
	buffer_free(&sink.waiting);
}

TEST(noise_is_shown_if_the_core_never_speaks)
{
	struct sink sink = {0};
	struct guestlog l = {.sink = &sink};

	feed(&l, "error: out of memory.\r\n\033[5mPress a key");
	guestlog_finish(&l);
	CHECK_STR(shown(&sink), "");
	guestlog_show_tail(&l);
	CHECK_STR(shown(&sink), "error: out of memory.\nPress a key\n");
	guestlog_free(&l);
	buffer_free(&sink.waiting);
}

TEST(silent_keeps_the_last_lines)
{
	struct sink sink = {0};
	struct guestlog l = {.sink = &sink, .silent = true};
	char line[64];

	for (int i = 0; i < 50; i++) {
		snprintf(line, sizeof(line), "[    0.%06d] line %d\n", i, i);
		feed(&l, line);
	}
	CHECK_STR(shown(&sink), "");
	guestlog_show_tail(&l);
	CHECK(!strncmp(shown(&sink), "[    0.000030] line 30\n", 23));
	CHECK(strstr(shown(&sink), "line 49\n"));
	guestlog_free(&l);
	buffer_free(&sink.waiting);
}

TEST(a_line_without_end_is_cut)
{
	struct sink sink = {0};
	struct guestlog l = {.sink = &sink, .core = true};
	static char big[3 * LINE_MAX_BYTES];

	memset(big, 'x', sizeof(big));
	guestlog_feed(&l, big, sizeof(big));
	guestlog_finish(&l);
	CHECK_EQ(sink.waiting.len, sizeof(big) + 3);
	guestlog_free(&l);
	buffer_free(&sink.waiting);
}
