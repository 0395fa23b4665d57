// SPDX-License-Identifier: MIT
/*
 * /proc: the tree, what cannot be done to it, and texts that are made when they are read: whole,
 * in pieces, at positions, with faults and without memory.
 */
#include <core/page.h>
#include <core/procfs.h>
#include <core/process.h>
#include <core/vm.h>
#include <generated/syscall_numbers.h>

#include "fake_counters.h"
#include "fs_fixture.h"

static void mount_proc(void)
{
	static bool done;

	if (!done)
		procfs_mount();
	done = true;
}

/* The whole text of path, NUL-terminated; static. */
static const char *text_of(const char *path)
{
	static char text[65536];
	char *app = fake_user_alloc(sizeof(text));
	int fd;
	long n;

	mount_proc();
	fd = open_path(path, O_RDONLY);
	REQUIRE(fd >= 0);
	n = sys_read(fd, app, sizeof(text) - 1);
	REQUIRE(n >= 0);
	memcpy(text, fake_user_host(app), (size_t)n);
	text[n] = '\0';
	CHECK_EQ(sys_read(fd, app, 1), 0);
	CHECK_EQ(sys_close(fd), 0);
	return text;
}

TEST(proc_tree)
{
	static const char *const files[] = {
		"version",	    "uptime",
		"meminfo",	    "cpuinfo",
		"self/maps",	    "self/cmdline",
		"self/comm",	    "ringlet/returns",
		"ringlet/syscalls", "ringlet/interrupts",
		"ringlet/faults",   "ringlet/switches",
		"ringlet/memory",
	};
	struct abi_stat st;
	char path[64];

	mount_proc();
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "/proc/%s", files[i]);
		CHECK_EQ(stat_path(path, &st), 0);
		CHECK_EQ(st.st_mode, S_IFREG | 0444);
		CHECK_EQ(st.st_size, 0);
		CHECK_EQ(st.st_nlink, 1);
	}
	CHECK_EQ(stat_path("/proc", &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0555);
	CHECK(stat_path("/README", &st) == 0 && st.st_dev == 1);
	CHECK(stat_path("/proc/self/../version", &st) == 0 && st.st_dev != 1);
}

TEST(proc_is_read_only)
{
	int fd;

	mount_proc();
	CHECK_EQ(open_path("/proc/version", O_RDWR), -EROFS);
	CHECK_EQ(open_path("/proc/version", O_WRONLY), -EROFS);
	CHECK_EQ(open_path("/proc/version", O_RDONLY | O_TRUNC), -EROFS);
	CHECK_EQ(open_path("/proc/new", O_RDWR | O_CREAT), -EROFS);
	CHECK_EQ(open_path("/proc", O_RDWR), -EISDIR);
	CHECK_EQ(sys_truncate(STR("/proc/version"), 0), -EROFS);
	CHECK_EQ(sys_mkdir(STR("/proc/dir"), 0755), -EROFS);
	CHECK_EQ(sys_unlink(STR("/proc/version")), -EROFS);
	CHECK_EQ(sys_unlink(STR("/proc/self")), -EROFS);
	CHECK_EQ(sys_rmdir(STR("/proc/ringlet")), -EROFS);
	CHECK_EQ(sys_rmdir(STR("/proc")), -EBUSY);
	CHECK_EQ(sys_rename(STR("/proc"), STR("/gone")), -EBUSY);
	CHECK_EQ(sys_mkdir(STR("/tmp/d"), 0755), 0);
	CHECK_EQ(sys_rename(STR("/tmp/d"), STR("/proc")), -EBUSY);
	CHECK_EQ(sys_rmdir(STR("/tmp/d")), 0);
	CHECK_EQ(sys_rename(STR("/proc/version"), STR("/tmp/v")), -EROFS);
	CHECK_EQ(sys_rename(STR("/README"), STR("/proc/v")), -EROFS);
	fd = open_path("/proc/version", O_RDONLY | O_CREAT);
	CHECK(fd >= 0);
	CHECK_EQ(sys_write(fd, STR("x"), 1), -EBADF);
	CHECK_EQ(sys_close(fd), 0);
}

/* An archive's /proc is hidden; nothing in it is lost to others. */
TEST(proc_names_are_taken_once)
{
	mount_proc();
	CHECK_EQ(procfs_add("version", NULL), -EEXIST);
	CHECK_EQ(procfs_link("self", "2"), -EEXIST);
	CHECK_EQ(procfs_link("1/exe", "/bin/app"), 0);
	CHECK(file_is("/proc/self/exe", "\177ELF", 4));
}

TEST(proc_small_reads_see_one_text)
{
	char *app = fake_user_alloc(64), text[64] = "";
	int fd;
	long n;

	mount_proc();
	fake_counts.lines = 3;
	fd = open_path("/proc/cpuinfo", O_RDONLY);
	CHECK_EQ(sys_read(fd, app, 1), 1);
	text[0] = *(char *)fake_user_host(app);
	/* What comes later is not in it. */
	fake_counts.lines = 5;
	for (size_t at = 1; (n = sys_read(fd, app, 5)) > 0; at += (size_t)n)
		memcpy(text + at, fake_user_host(app), (size_t)n);
	CHECK_EQ(n, 0);
	CHECK_STR(text, "line 0\nline 1\nline 2\n");
	CHECK_EQ(sys_read(fd, app, 5), 0);
	/* From the beginning it is a new text. */
	CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys_read(fd, app, 64), 35);
	CHECK_EQ(sys_close(fd), 0);
}

TEST(proc_positions)
{
	char *app = fake_user_alloc(64);
	int fd;

	mount_proc();
	fake_counts.lines = 3;
	fd = open_path("/proc/cpuinfo", O_RDONLY);
	CHECK_EQ(sys_pread64(fd, app, 6, 7), 6);
	CHECK_MEM(fake_user_host(app), "line 1", 6);
	CHECK_EQ(sys_pread64(fd, app, 64, 14), 7);
	CHECK_EQ(sys_pread64(fd, app, 64, 21), 0);
	CHECK_EQ(sys_pread64(fd, app, 64, INT64_MAX), 0);
	CHECK_EQ(sys_pread64(fd, app, 64, -1), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(sys_lseek(fd, 5, SEEK_SET), 5);
	CHECK_EQ(sys_lseek(fd, 9, SEEK_CUR), 14);
	CHECK_EQ(sys_read(fd, app, 4), 4);
	CHECK_EQ(sys_lseek(fd, -15, SEEK_CUR), 3);
	CHECK_EQ(sys_lseek(fd, -4, SEEK_CUR), -EINVAL);
	CHECK_EQ(sys_lseek(fd, INT64_MAX, SEEK_CUR), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_END), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 0, 9), -EINVAL);
	CHECK_EQ(sys_lseek(fd, INT64_MAX, SEEK_SET), INT64_MAX);
	CHECK_EQ(sys_read(fd, app, 4), 0);
	CHECK_EQ(sys_close(fd), 0);
}

TEST(proc_faults_move_by_what_was_read)
{
	char *app = fake_user_alloc(16);
	int fd;

	mount_proc();
	fake_counts.lines = 3;
	fd = open_path("/proc/cpuinfo", O_RDONLY);
	CHECK_EQ(sys_read(fd, (void *)16, 8), -EFAULT);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), 0);
	fake_user_fault = (uintptr_t)app + 5;
	CHECK_EQ(sys_read(fd, app, 16), 5);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_CUR), 5);
	fake_user_fault = 0;
	CHECK_EQ(sys_read(fd, app, 16), 16);
	CHECK_EQ(sys_close(fd), 0);
}

static int replaced_fd;

/* While a reader copies, another reads the same file from its beginning. */
static int replace_text(uintptr_t addr, unsigned access)
{
	static char *other;

	(void)access;
	other = fake_user_alloc(8);
	CHECK_EQ(sys_pread64(replaced_fd, other, 8, 0), 8);
	return arch_mmu_map(ALIGN_DOWN(addr, PAGE_SIZE), virt_to_phys(fake_ram(PAGE_SIZE)),
			    MMU_READ | MMU_WRITE | MMU_USER);
}

TEST(proc_text_stays_while_it_is_read)
{
	char *app;

	mount_proc();
	fake_counts.lines = 10;
	replaced_fd = open_path("/proc/cpuinfo", O_RDONLY);
	app = fake_user_alloc(16); /* to the end of a page */
	fake_fault_handler = replace_text;
	CHECK_EQ(sys_read(replaced_fd, app, 32), 32);
	fake_fault_handler = NULL;
	CHECK_MEM((char *)fake_user_host(app + 16), "ne 2\nline 3\nline", 16);
	CHECK_EQ(sys_close(replaced_fd), 0);
}

TEST(proc_without_memory)
{
	char *app = fake_user_alloc(16);
	size_t before;
	int fd;

	mount_proc();
	fake_counts.lines = 1000;
	fd = open_path("/proc/cpuinfo", O_RDONLY);
	before = heap_in_use();
	for (unsigned n = 1; n < 4; n++) {
		fake_kmalloc_fail = n;
		CHECK_EQ(sys_read(fd, app, 16), -ENOMEM);
	}
	fake_kmalloc_fail = 0;
	CHECK_EQ(heap_in_use(), before);
	fs_set_limit(0);
	CHECK_EQ(sys_read(fd, app, 16), -ENOMEM);
	fs_set_limit(SIZE_MAX);
	CHECK_EQ(sys_read(fd, app, 16), 16);
	CHECK_EQ(sys_close(fd), 0);
}

/* A text has a bound, whatever writes it. */
TEST(proc_text_is_bounded)
{
	char *app = fake_user_alloc(16);
	int fd;

	mount_proc();
	fake_counts.lines = 400000;
	fd = open_path("/proc/cpuinfo", O_RDONLY);
	CHECK_EQ(sys_read(fd, app, 16), -ENOMEM);
	fake_counts.lines = 200000;
	CHECK_EQ(sys_read(fd, app, 16), 16);
	CHECK_EQ(sys_close(fd), 0);
}

TEST(proc_is_not_sent_in_place)
{
	int out, in;

	mount_proc();
	in = open_path("/proc/version", O_RDONLY);
	out = open_path("/tmp/out", O_RDWR | O_CREAT);
	CHECK_EQ(sys_sendfile(out, in, NULL, 10), -EINVAL);
	CHECK_EQ(sys_close(in), 0);
	CHECK_EQ(sys_close(out), 0);
}

/* Calls that left by the fast way are those that were counted in, but for all others. */
TEST(proc_returns)
{
	fake_counts.returns = (struct arch_returns){
		.calls = 100, .sysret_slow = 7, .iret_syscall = 3, .iret = 50};
	fake_counts.number = SYS_exit;
	fake_counts.calls = 2; /* of threads: they do not come back */
	CHECK_STR(text_of("/proc/ringlet/returns"),
		  "sysret_fast 87\nsysret_slow 7\niret 50\niret_syscall 3\n");
}

/* Other threads count where they are in a call, but for one that ends its thread. */
TEST(proc_returns_of_threads)
{
	static struct thread t[4] = {
		{.tid = SYS_read}, {.tid = SYS_exit}, {.tid = -1}, {.tid = 5000}};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		signal_thread_start(&t[i], 0);
	fake_counts.returns = (struct arch_returns){.calls = 100};
	fake_counts.calls = 0;
	CHECK(strstr(text_of("/proc/ringlet/returns"), "sysret_fast 97\n"));
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		signal_thread_exit(&t[i]);
	CHECK(strstr(text_of("/proc/ringlet/returns"), "sysret_fast 99\n"));
}

TEST(proc_syscalls)
{
	fake_counts.number = SYS_getpid;
	fake_counts.calls = 12;
	fake_counts.outside = 5;
	CHECK_STR(text_of("/proc/ringlet/syscalls"), "39 getpid 12\nunknown 5\n");
	/* A number of the table that names nothing is as unknown as one outside. */
	fake_counts.number = 57;
	CHECK_STR(text_of("/proc/ringlet/syscalls"), "unknown 17\n");
}

TEST(proc_interrupts)
{
	fake_counts.cpus = 3;
	fake_counts.vector = 240;
	CHECK_STR(text_of("/proc/ringlet/interrupts"),
		  "240 timer 1 2 3\nspurious 2\nunexpected 3\n");
	CHECK(!strstr(text_of("/proc/ringlet/faults"), "240"));
	fake_counts.vector = 14;
	CHECK_STR(text_of("/proc/ringlet/interrupts"), "spurious 2\nunexpected 3\n");
	CHECK(strstr(text_of("/proc/ringlet/faults"), "14 other 1 2 3\n"));
	fake_counts.cpus = 1;
}

TEST(proc_faults_are_counted)
{
	struct vm_fault_counts before, after;
	long at;

	vm_init();
	at = vm_map_anonymous(0, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
	REQUIRE(at > 0);
	before = vm_fault_counts();
	CHECK_EQ(vm_fault((uintptr_t)at, 0), 0);
	CHECK_EQ(vm_fault((uintptr_t)at, 0), 0);
	CHECK_EQ(vm_fault((uintptr_t)at, VM_FAULT_WRITE), -EACCES);
	CHECK_EQ(vm_fault((uintptr_t)at + 2 * PAGE_SIZE, 0), -EFAULT);
	after = vm_fault_counts();
	CHECK_EQ(after.zeroed, before.zeroed + 1);
	CHECK_EQ(after.late, before.late + 1);
	CHECK_EQ(after.refused, before.refused + 2);
	CHECK_EQ(after.copied, before.copied);
	vm_unmap_all();
}

TEST(proc_uptime)
{
	fake_clock = 61 * NSEC_PER_SEC + 70 * NSEC_PER_MSEC;
	CHECK_STR(text_of("/proc/uptime"), "61.07 1.25\n");
}

TEST(proc_meminfo)
{
	char want[64];

	snprintf(want, sizeof(want), "MemTotal:       %8zu kB\n", page_total() * 4);
	CHECK(!strncmp(text_of("/proc/meminfo"), want, strlen(want)));
	CHECK(strstr(text_of("/proc/meminfo"), "\nSwapFree:              0 kB\n"));
}

TEST(proc_self)
{
	static char *argv[] = {"app", "", "two words", NULL};

	CHECK_STR(text_of("/proc/self/cmdline"), "");
	exec_args = (struct exec_args){"/bin/a-name-longer-than-15", argv, NULL};
	CHECK_STR(text_of("/proc/self/comm"), "test\n"); /* the first thread's name */
	CHECK_MEM(text_of("/proc/self/cmdline"), "app\0\0two words\0", 15);
	exec_args = (struct exec_args){NULL, NULL, NULL};
}

TEST(proc_maps)
{
	const uintptr_t at = 0x40000000;
	const char *text, *line;
	uintptr_t start, end;
	struct file *f;
	const char *data;
	size_t n;

	vm_init();
	REQUIRE(!fs_open("/usr/share/big", O_RDONLY, 0, &f));
	data = file_in_place(f, &n);
	REQUIRE(vm_map_pages(at, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_FIXED,
			     virt_to_phys(data + PAGE_SIZE)) == (long)at);
	REQUIRE(vm_map_anonymous(at + 0x10000, PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS) > 0);
	REQUIRE(vm_map_stack(65536) > 0);
	vm_set_brk(at + 0x20000);
	vm_brk(vm_brk(0) + PAGE_SIZE);
	text = text_of("/proc/self/maps");
	line = strstr(text, "40000000-40002000 r-xp 00001000 00:01 ");
	REQUIRE(line == text);
	CHECK(strstr(line, " /usr/share/big\n") == strchr(line, '\n') - 15);
	CHECK_EQ(strstr(line, " /usr/share/big\n") - line, 72);
	CHECK(strstr(text, "40010000-40011000 rw-p 00000000 00:00 0\n"));
	CHECK(strstr(text, " [heap]\n") && strstr(text, " [stack]\n"));
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		REQUIRE(sscanf(line, "%lx-%lx ", &start, &end) == 2);
		CHECK(start < end && end < ARCH_USER_END);
	}
	/* A file whose name is gone has none. */
	CHECK_EQ(sys_unlink(STR("/usr/share/big")), 0);
	CHECK(strstr(text_of("/proc/self/maps"), "40000000-40002000 r-xp 00000000 00:00 0\n"));
	file_put(f);
	vm_unmap_all();
	CHECK_STR(text_of("/proc/self/maps"), "");
}
