/* SPDX-License-Identifier: MIT */
/*
 * The portable core's beginning: options, hardware, drivers, the network, the archive, then the
 * app's thread. The boot thread does all of it and becomes the idle thread.
 */
#include <abi/fcntl.h>
#include <arch/cpu.h>
#include <core/boot.h>
#include <core/filter.h>
#include <core/fs.h>
#include <core/fwcfg.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/output.h>
#include <core/page.h>
#include <core/process.h>
#include <core/procfs.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/time.h>
#include <core/trace.h>
#include <core/vm.h>
#include <generated/version.h>

#define FWCFG_OPTIONS "opt/ringlet/cmdline"

extern void (*const initcalls_start[])(void);
extern void (*const initcalls_end[])(void);

/* After the drivers (level 4), which may bring a source, and before the network (level 5). */
INITCALL(45, random_init);

void core_host_options(void)
{
	static char text[CMDLINE_SIZE];
	ssize_t n = fwcfg_read(FWCFG_OPTIONS, text, sizeof(text) - 1);
	const char *why;

	text[max(n, (ssize_t)0)] = 0;
	if (n > 0 && cmdline_add(&boot_info.cmdline, text, &why))
		boot_fail("options from the host: %s", why);
	output_init();
}

static void check_options(void)
{
	static const char *const known[] = {
		"app",	   "output", "panic", "ip",	    "gw",     "input", "tty",	 "wx",
		"dns",	   "aslr",   "stack", "ramfs",	    "strace", "allow", "refuse", "learn",
		"ioports", "cpus",   "thp",   "overcommit", "clock",  "sntp"};

	for (unsigned i = 0; i < boot_info.cmdline.options; i++) {
		const char *o = boot_info.cmdline.option[i];
		size_t n = strchr(o, '=') ? (size_t)(strchr(o, '=') - o) : strlen(o);
		bool ok = !strncmp(o, "env.", 4);

		for (unsigned k = 0; k < ARRAY_SIZE(known) && !ok; k++)
			ok = strlen(known[k]) == n && !strncmp(o, known[k], n);
		if (!ok)
			log_warn("option %s is not known: ignored", o);
	}
}

static void mount_archive(void)
{
	struct boot_range *a = &boot_info.archive;
	const char *why;

	if (a->start == a->end)
		boot_fail("the image holds no archive: load one as the module (-initrd), or build "
			  "the image with ringlet image");
	if (fs_mount_archive(phys_to_virt(a->start), a->end - a->start, &why))
		boot_fail("the image's archive %s", why);
}

/* /proc/self/exe; the app starts in the root folder. */
static void link_exe(const char *path)
{
	size_t n = strlen(path) + 2;
	char *whole = kmalloc(n);

	if (whole)
		ksnprintf(whole, n, "%s%s", *path == '/' ? "" : "/", path);
	if (!whole || procfs_link("1/exe", whole))
		log_warn("/proc/self/exe is missing: no room in the RAM file system");
	kfree(whole);
}

static void start_app(void *unused)
{
	static char *argv[CMDLINE_MAX_WORDS + 2];
	const char *path = cmdline_get(&boot_info.cmdline, "app"), *why = "cannot be loaded";
	struct file *f;
	unsigned n = 0;

	(void)unused;
	if (!path)
		path = fs_first_executable();
	if (!path)
		boot_fail("the image holds no executable file: give one to ringlet image");
	if (fs_open(path, O_RDONLY, 0, &f))
		boot_fail("%s: no such file in the image", path);
	link_exe(path);
	argv[n++] = (char *)path;
	for (unsigned i = 0; i < boot_info.cmdline.args; i++)
		argv[n++] = boot_info.cmdline.arg[i];
	log_info("app: %s, %zu KiB of %zu free, starts after %llu us", path,
		 page_free_count() * (PAGE_SIZE / 1024), page_total() * (PAGE_SIZE / 1024),
		 (unsigned long long)(time_now() / NSEC_PER_USEC));
	trace_begin();
	filter_begin();
	exec_app(f, path, argv, NULL, &why);
	boot_fail("%s %s", path, why);
}

_Noreturn void core_main(void)
{
	log_info("Ringlet %s, by %s", RINGLET_VERSION, boot_info.protocol);
	sched_init();
	arch_init();
	time_init();
	check_options();
	vm_init();
	arch_irq_enable();
	for (void (*const *fn)(void) = initcalls_start; fn < initcalls_end; fn++)
		(*fn)();
	mount_archive();
	procfs_mount();
	trace_init();
	filter_init();
	if (!thread_create("app", start_app, NULL))
		boot_fail("too little memory for the app's thread");
	arch_seal();
	sched_idle();
}
