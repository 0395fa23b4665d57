// SPDX-License-Identifier: MIT
/*
 * /proc/sys: the settings that programs for Linux look at, as they hold here. None can be changed;
 * where Linux has a choice the file says which way is gone here.
 */
#include <abi/socket.h>
#include <core/file.h>
#include <core/random.h>
#include <core/string.h>
#include <core/sysinfo.h>
#include <generated/version.h>

#include "procfs.h"

#define AREAS_MOST 65530 /* as AREA_MAX */
#define CAP_LAST   40

static void show_ostype(struct proc_text *t)
{
	proc_put(t, "Linux\n");
}

static void show_release(struct proc_text *t)
{
	proc_put(t, "%s\n", SYSTEM_RELEASE);
}

static void show_version(struct proc_text *t)
{
	proc_put(t, "Ringlet %s\n", RINGLET_VERSION);
}

static void put_name(struct proc_text *t, bool domain)
{
	char name[HOSTNAME_MOST + 1];

	system_name(domain, name);
	proc_put(t, "%s\n", name);
}

static void show_hostname(struct proc_text *t)
{
	put_name(t, false);
}

static void show_domainname(struct proc_text *t)
{
	put_name(t, true);
}

static void show_cap_last(struct proc_text *t)
{
	proc_put(t, "%d\n", CAP_LAST);
}

/* A random UUID: version 4, variant 1. */
static void put_uuid(struct proc_text *t, const uint8_t *from)
{
	for (int i = 0; i < 16; i++) {
		unsigned b = from[i];

		if (i == 6)
			b = (b & 0x0f) | 0x40;
		if (i == 8)
			b = (b & 0x3f) | 0x80;
		proc_put(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b);
	}
	proc_put(t, "\n");
}

static void show_uuid(struct proc_text *t)
{
	uint8_t id[16];

	random_bytes(id, sizeof(id));
	put_uuid(t, id);
}

/* Drawn once; two that ask first at the same time see the same, for the first to store wins. */
static void show_boot_id(struct proc_text *t)
{
	static struct {
		struct spinlock lock;
		bool drawn;
		uint8_t id[16];
	} boot;
	uint8_t id[16];

	random_bytes(id, sizeof(id));
	spin_lock(&boot.lock);
	if (!boot.drawn)
		memcpy(boot.id, id, sizeof(id));
	boot.drawn = true;
	memcpy(id, boot.id, sizeof(id));
	spin_unlock(&boot.lock);
	put_uuid(t, id);
}

/* Memory is promised as far as there is some; MAP_NORESERVE asks for no promise: Linux's 0. */
static void show_overcommit(struct proc_text *t)
{
	proc_put(t, "0\n");
}

static void show_map_count(struct proc_text *t)
{
	proc_put(t, "%d\n", AREAS_MOST);
}

static void show_files(struct proc_text *t)
{
	proc_put(t, "%d\n", FD_MAX);
}

static void show_somaxconn(struct proc_text *t)
{
	proc_put(t, "%d\n", SOMAXCONN);
}

const struct proc_file proc_sys_files[] = {
	{"sys/kernel/ostype", show_ostype},
	{"sys/kernel/osrelease", show_release},
	{"sys/kernel/version", show_version},
	{"sys/kernel/hostname", show_hostname},
	{"sys/kernel/domainname", show_domainname},
	{"sys/kernel/cap_last_cap", show_cap_last},
	{"sys/kernel/random/uuid", show_uuid},
	{"sys/kernel/random/boot_id", show_boot_id},
	{"sys/vm/overcommit_memory", show_overcommit},
	{"sys/vm/max_map_count", show_map_count},
	{"sys/fs/file-max", show_files},
	{"sys/fs/nr_open", show_files},
	{"sys/net/core/somaxconn", show_somaxconn},
	{NULL, NULL},
};
