/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader told, in one form for every protocol: filled by the architecture's boot
 * code, read during boot. core_main() is where the portable core begins.
 */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include <core/cmdline.h>
#include <core/compiler.h>

#define BOOT_MAX_RANGES 128

struct boot_range {
	phys_t start, end;
};

struct boot_info {
	const char *protocol;			/* "multiboot2", "pvh" */
	struct boot_range ram[BOOT_MAX_RANGES]; /* usable, sorted, disjoint, whole pages */
	unsigned rams;
	struct boot_range archive; /* start == end if there is none */
	phys_t rsdp;		   /* ACPI's root pointer, 0 if not told */
	struct cmdline cmdline;
};

extern struct boot_info boot_info;

/*
 * The option key as a size in bytes (decimal or 0x, then K, M or G); otherwise if it is not given or,
 * with a warning, not a size. core/options.c.
 */
size_t boot_option_size(const char *key, size_t otherwise);

/*
 * Adds what the host gives (fw_cfg's opt/ringlet/cmdline) to the options and begins the framed
 * output, if asked for. As soon as the loader's command line is read, so that failures are told.
 */
void core_host_options(void);

/* First C of the core: direct map up, one CPU, interrupts off, on the first thread's stack. */
_Noreturn void core_main(void);

/*
 * The one clear line of a boot that cannot go on (bad image, too little memory): logs it and ends
 * the machine with a failure status. Not for our own bugs: that is panic().
 */
_Noreturn void boot_fail(const char *fmt, ...) __printf(1, 2);

#endif
