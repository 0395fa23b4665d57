// SPDX-License-Identifier: MIT
/* core/dev/fwcfg.c against the device in software. */
#include "test.h"

#include <abi/errno.h>
#include <core/fwcfg.h>

static const char signature[] = "QEMU";
static const struct {
	char count[4];
	struct {
		char size[4], item[4]; /* big-endian; the last two bytes of item mean nothing */
		char name[56];
	} file[2];
} directory = {
	{0, 0, 0, 2},
	{{{0, 0, 0, 3}, {0, 0x20}, "etc/other"}, {{0, 0, 0, 5}, {0, 0x21}, "opt/ringlet/cmdline"}}};
static const char *item;
static size_t at, item_size;
static bool present;

static void port_out(uint16_t port, uint32_t v, unsigned size)
{
	if (port != 0x510 || size != 2)
		return;
	item = v == 0 ? signature : v == 0x19 ? directory.count : v == 0x21 ? "a=b c" : "xyz";
	item_size = v == 0 ? 4 : v == 0x19 ? sizeof(directory) : v == 0x21 ? 5 : 3;
	at = 0;
}

static uint32_t port_in(uint16_t port, unsigned size)
{
	if (!present || port != 0x511 || size != 1)
		return UINT32_MAX;
	return at < item_size ? (uint8_t)item[at++] : 0;
}

static void test_begin(bool there)
{
	present = there;
	fake_port_in = port_in;
	fake_port_out = port_out;
}

TEST(reads_a_file)
{
	char buf[8] = "#######";

	test_begin(true);
	CHECK_EQ(fwcfg_read("opt/ringlet/cmdline", buf, 7), 5);
	CHECK_MEM(buf, "a=b c##", 7);
	CHECK_EQ(fwcfg_read("opt/ringlet/cmdline", buf, 5), 5);
	CHECK_EQ(fwcfg_read("etc/other", buf, 7), 3);
	CHECK_MEM(buf, "xyz", 3);
}

TEST(refuses_what_does_not_fit)
{
	char buf[8] = "#######";

	test_begin(true);
	CHECK_EQ(fwcfg_read("opt/ringlet/cmdline", buf, 4), -E2BIG);
	CHECK_MEM(buf, "#######", 7);
	CHECK(strstr(fake_log_last, "opt/ringlet/cmdline"));
}

TEST(no_such_file_or_device)
{
	char buf[8];

	test_begin(true);
	CHECK_EQ(fwcfg_read("opt/ringlet", buf, 8), -ENOENT);
	test_begin(false);
	CHECK_EQ(fwcfg_read("opt/ringlet/cmdline", buf, 8), -ENOENT);
}
