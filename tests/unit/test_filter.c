// SPDX-License-Identifier: MIT
/*
 * The filter: what lists allow and how they add up, lists that end the boot, what is refused and how,
 * and the list an app is told to have used.
 */
#include "../../core/filter.c"

#include "fake_counters.h"
#include "fs_fixture.h"

static void options(const char *text)
{
	const char *why;

	memset(&boot_info.cmdline, 0, sizeof(boot_info.cmdline));
	REQUIRE(!cmdline_add(&boot_info.cmdline, text, &why));
	memset(&filter, 0, sizeof(filter));
	output_init();
	filter_init();
	filter_begin();
}

/* An image with this list. */
static void mount_list(const char *text)
{
	struct test_archive a;
	const char *why;
	uint8_t *data;

	archive_begin(&a, 4);
	archive_file(&a, "etc/ringlet/allow", 0100644, text, strlen(text));
	archive_end(&a);
	data = fake_ram(a.size);
	memcpy(data, a.data, a.size);
	REQUIRE(!fs_mount_archive(data, a.size, &why));
	archive_free(&a);
}

static bool allowed(const char *name)
{
	return filter_allows(syscall_number(name, strlen(name)));
}

TEST(filter_is_off)
{
	options("ip=dhcp");
	CHECK(!(fake_current->work & WORK_FILTER));
	CHECK(filter_allows(SYS_read) && filter_allows(-1) && filter_allows(INT32_MAX));
	CHECK_EQ(fake_log_lines, 0);
}

TEST(filter_by_option)
{
	options("allow=read,write");
	CHECK(fake_current->work & WORK_FILTER);
	CHECK(allowed("read") && allowed("write") && !allowed("getpid") && !allowed("open"));
	CHECK(allowed("exit") && allowed("exit_group"));
	CHECK(!filter_allows(57) && !filter_allows(-1) && !filter_allows(SYSCALL_COUNT));
	CHECK(!filter_allows(INT32_MAX) && !filter_allows(INT32_MIN));
	CHECK(!filter_allows(1L << 32) && !filter_allows(1L << 62));
	options("allow=");
	CHECK(!allowed("read") && allowed("exit_group"));
}

TEST(filter_by_image)
{
	mount_list("# of the image\nread, write\nclose\n");
	options("");
	CHECK(allowed("read") && allowed("close") && !allowed("getpid"));
	/* The option narrows what the image allows, and widens nothing. */
	options("allow=read,getpid");
	CHECK(allowed("read") && !allowed("close") && !allowed("getpid") && allowed("exit"));
	CHECK_EQ(sys_unlink(STR("/etc/ringlet/allow")), 0);
}

TEST(filter_bad_lists)
{
	CHECK_PANIC(options("allow=read,nonsense"));
	CHECK_STR(fake_log_last,
		  "option allow= allows nonsense, which is no system call of this core");
	CHECK_PANIC(options("refuse=politely"));
	mount_list("read\nopen_sesame\n");
	CHECK_PANIC(options(""));
	CHECK_STR(fake_log_last,
		  "/etc/ringlet/allow allows open_sesame, which is no system call of "
		  "this core");
	CHECK_EQ(sys_unlink(STR("/etc/ringlet/allow")), 0);
	/* Something is there, but no list that could be trusted: nothing starts without a filter. */
	mount_list("");
	CHECK_PANIC(options(""));
	CHECK_EQ(sys_unlink(STR("/etc/ringlet/allow")), 0);
	CHECK_EQ(sys_mkdir(STR("/etc/ringlet/allow"), 0755), 0);
	CHECK_PANIC(options(""));
	CHECK_EQ(sys_rmdir(STR("/etc/ringlet/allow")), 0);
	write_file("/etc/ringlet/allow", "read");
	CHECK_PANIC(options(""));
	CHECK_EQ(sys_unlink(STR("/etc/ringlet/allow")), 0);
	options("");
	CHECK(filter_allows(SYS_getpid));
}

TEST(filter_refuses)
{
	options("allow=read refuse=enosys");
	fake_log_lines = 0;
	CHECK_EQ(filter_refuse(SYS_getpid, 0x401000, 77), -ENOSYS);
	CHECK(strstr(fake_log_last, "system call 39 (getpid) is not allowed, called at 0x401000"));
	/* Once a number. */
	CHECK_EQ(filter_refuse(SYS_getpid, 0x401000, 77), -ENOSYS);
	CHECK_EQ(filter_refuse(5000, 0x401000, 77), -ENOSYS);
	CHECK_EQ(filter_refuse(-7, 0x401000, 77), -ENOSYS);
	CHECK_EQ(fake_log_lines, 2);
	options("allow=read");
	CHECK_PANIC(filter_refuse(SYS_getuid, 0x401000, 77));
	CHECK_EQ(fake_end_status, SIGSYS);
}

TEST(filter_learns)
{
	fake_counts.number = SYS_getpid;
	fake_counts.calls = 3;
	options("");
	filter_tell_used();
	CHECK_EQ(fake_log_lines, 0);
	options("learn=1");
	filter_tell_used();
	CHECK_STR(fake_log_last, "filter: used getpid");
	fake_counts.outside = 1;
	filter_tell_used();
	CHECK(strstr(fake_log_last, "calls that are unknown"));
}
