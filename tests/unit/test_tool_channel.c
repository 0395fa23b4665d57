/* SPDX-License-Identifier: MIT */
/* The tool's decoder of output records: cut anywhere, the same; garbage is noticed. */
#include "test.h"
#include <core/output.h>
#include "../../tools/ringlet/channel.c"

struct seen {
	char out[1024], err[1024], ready[1024], calls[1024];
	size_t out_len, err_len;
	unsigned readies, statuses;
	uint32_t status;
};

static void on_output(void *arg, unsigned type, const char *data, size_t n)
{
	struct seen *s = arg;
	char *to = type == OUTPUT_STDOUT ? s->out : s->err;
	size_t *len = type == OUTPUT_STDOUT ? &s->out_len : &s->err_len;

	memcpy(to + *len, data, n);
	*len += n;
}

static void on_status(void *arg, uint32_t status)
{
	struct seen *s = arg;

	s->status = status;
	s->statuses++;
}

static void on_ready(void *arg, const char *text)
{
	struct seen *s = arg;

	strcat(s->ready, text);
	strcat(s->ready, ";");
	s->readies++;
}

static void on_call(void *arg, const char *name)
{
	struct seen *s = arg;

	strcat(s->calls, name);
	strcat(s->calls, ";");
}

static const struct channel_handler handler = {on_output, on_status, on_ready, on_call};

/* stdout "hello", READY, an empty record, stderr "oops", stdout with a NUL, calls, status 512. */
static const char stream[] = "\1\5\0hello"
			     "\4\14\0ip 10.0.2.15"
			     "\1\0\0"
			     "\2\4\0oops"
			     "\1\3\0a\0b"
			     "\4\11\0listen 80"
			     "\5\4\0read"
			     "\5\5\0write"
			     "\3\4\0\0\2\0\0";

static void feed_in_pieces(struct seen *s, size_t piece)
{
	struct channel c = {.handler = &handler, .arg = s};
	size_t n = sizeof(stream) - 1;

	for (size_t i = 0; i < n; i += piece)
		CHECK(channel_feed(&c, stream + i, n - i < piece ? n - i : piece));
}

TEST(any_cut_gives_the_same)
{
	for (size_t piece = 1; piece <= sizeof(stream); piece++) {
		struct seen s = {0};

		feed_in_pieces(&s, piece);
		CHECK_EQ(s.out_len, 8);
		CHECK_MEM(s.out, "helloa\0b", 8);
		CHECK_EQ(s.err_len, 4);
		CHECK_MEM(s.err, "oops", 4);
		CHECK_STR(s.ready, "ip 10.0.2.15;listen 80;");
		CHECK_STR(s.calls, "read;write;");
		CHECK_EQ(s.statuses, 1);
		CHECK_EQ(s.status, 512);
	}
}

TEST(longest_record)
{
	static char record[3 + 65535];
	static struct seen s;
	struct channel c = {.handler = &handler, .arg = &s};

	record[0] = OUTPUT_STDERR;
	record[1] = record[2] = (char)0xff;
	/* Fed in pieces that fit the buffer of struct seen. */
	for (size_t i = 0; i < sizeof(record); i += 1000) {
		s.err_len = 0;
		CHECK(channel_feed(&c, record + i,
				   sizeof(record) - i < 1000 ? sizeof(record) - i : 1000));
	}
	CHECK(channel_feed(&c, "\3\4\0\7\0\0\0", 7));
	CHECK_EQ(s.status, 7);
}

static void check_broken(const char *bytes, size_t n)
{
	struct seen s = {0};
	struct channel c = {.handler = &handler, .arg = &s};

	CHECK(!channel_feed(&c, bytes, n));
	CHECK(!channel_feed(&c, stream, sizeof(stream) - 1));
	CHECK_EQ(s.statuses, 0);
	CHECK_EQ(s.readies, 0);
	CHECK_EQ(s.out_len, 0);
}

TEST(garbage_is_noticed)
{
	check_broken("\0\1\0x", 4);
	check_broken("\6\1\0x", 4);
	check_broken("\5\0\0", 3); /* a call without a name */
	check_broken("\5\201\0x", 4);
	check_broken("SeaBIOS (version 1)", 19);
	check_broken("\3\3\0\0\0\0", 6); /* a status of 3 bytes */
	check_broken("\3\0\0", 3);	 /* of none */
	check_broken("\4\0\0", 3);	 /* nothing is ready */
	check_broken("\4\201\0x", 4);	 /* longer than any text */
}
