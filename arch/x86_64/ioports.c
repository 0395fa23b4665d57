/* SPDX-License-Identifier: MIT */
/*
 * I/O ports for the app: ioperm and iopl, if the option ioports=1 permits them and the app is still
 * user 0. Both work through the bitmap of the TSS; IOPL in the flags stays 0, so that CLI and STI are
 * never the app's. Each thread has its own bitmap, each version of it a number of its own, by which a
 * CPU knows what its TSS holds. Thread context, but for ioports_load().
 */
#include <abi/errno.h>
#include <core/boot.h>
#include <core/heap.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <x86/ioports.h>
#include <x86/percpu.h>

#define VERSION_NONE  0
#define VERSION_ALL   1 /* iopl(3) */
#define VERSION_FIRST 2
#define IOPL_MAX      3

struct ioports {
	uint64_t version;
	uint8_t denied[IO_PORTS / 8];
};

static uint64_t next_version = VERSION_FIRST;

void ioports_init(struct percpu *p)
{
	/* Behind the segment's end: every port is #GP in ring 3. */
	p->tss.io_bitmap = sizeof(p->tss);
	p->tss.ports[IO_PORTS / 8] = 0xff;
}

void ioports_load(struct percpu *p, const struct arch_thread *t)
{
	if (likely(p->ports_active == t->ports_version))
		return;
	p->ports_active = t->ports_version;
	if (t->ports_version == VERSION_NONE) {
		p->tss.io_bitmap = sizeof(p->tss);
		return;
	}
	if (p->ports_filled != t->ports_version) {
		if (t->ports_version == VERSION_ALL)
			memset(p->tss.ports, 0, IO_PORTS / 8);
		else
			memcpy(p->tss.ports, t->ports->denied, IO_PORTS / 8);
		p->ports_filled = t->ports_version;
	}
	p->tss.io_bitmap = offsetof(struct tss, ports);
}

void ioports_free(struct arch_thread *t)
{
	kfree(t->ports);
	t->ports = NULL;
}

int ioports_copy(struct arch_thread *t, const struct arch_thread *from)
{
	if (from->ports) {
		t->ports = kmalloc(sizeof(*t->ports));
		if (!t->ports)
			return -ENOMEM;
		*t->ports = *from->ports;
	}
	t->iopl = from->iopl;
	t->ports_version = from->ports_version;
	return 0;
}

/* The running thread's ports are others now. */
static void ioports_changed(struct arch_thread *t)
{
	unsigned long irq;

	if (t->iopl == IOPL_MAX)
		t->ports_version = VERSION_ALL;
	else
		t->ports_version = t->ports ? t->ports->version : VERSION_NONE;
	irq = arch_irq_save();
	ioports_load(percpu(), t);
	arch_irq_restore(irq);
}

static bool permitted(void)
{
	const char *option = cmdline_get(&boot_info.cmdline, "ioports");

	return option && !strcmp(option, "1") && process_privileged();
}

static bool none_granted(const struct ioports *ports)
{
	for (size_t i = 0; i < sizeof(ports->denied); i++)
		if (ports->denied[i] != 0xff)
			return false;
	return true;
}

static struct ioports *ioports_alloc(void)
{
	struct ioports *ports = kmalloc(sizeof(*ports));

	if (ports)
		memset(ports->denied, 0xff, sizeof(ports->denied));
	return ports;
}

long sys_ioperm(unsigned long from, unsigned long num, int on)
{
	struct arch_thread *t = &current_thread()->arch;

	if (from + num <= from || from + num > IO_PORTS)
		return -EINVAL;
	if (on && !permitted())
		return -EPERM;
	if (!t->ports && !on)
		return 0;
	if (!t->ports)
		t->ports = ioports_alloc();
	if (!t->ports)
		return -ENOMEM;
	for (unsigned long port = from; port < from + num; port++) {
		uint8_t bit = 1u << (port & 7);

		if (on)
			t->ports->denied[port / 8] &= ~bit;
		else
			t->ports->denied[port / 8] |= bit;
	}
	t->ports->version = __atomic_fetch_add(&next_version, 1, __ATOMIC_RELAXED);
	if (none_granted(t->ports))
		ioports_free(t);
	ioports_changed(t);
	return 0;
}

long sys_iopl(unsigned level)
{
	struct arch_thread *t = &current_thread()->arch;

	if (level > IOPL_MAX)
		return -EINVAL;
	if (level > t->iopl && !permitted())
		return -EPERM;
	t->iopl = level;
	ioports_changed(t);
	return 0;
}
