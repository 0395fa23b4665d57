/* SPDX-License-Identifier: MIT */
/* IOAPICs: wired interrupts to vectors on the boot CPU. 82093AA data sheet. Boot only. */
#include <abi/errno.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <x86/arch.h>
#include <x86/madt.h>
#include <x86/percpu.h>

#define REG_SELECT  0x00
#define REG_WINDOW  0x10
#define REG_VERSION 0x01
#define REG_TABLE   0x10
#define MASKED	    (1 << 16)
#define LEVEL	    (1 << 15)
#define ACTIVE_LOW  (1 << 13)
#define MAX_IOAPICS 8

static struct ioapic {
	volatile char *base;
	unsigned first, count;
} ioapics[MAX_IOAPICS];
static unsigned ioapic_count;

static uint32_t read(struct ioapic *io, unsigned reg)
{
	mmio_write32(io->base + REG_SELECT, reg);
	return mmio_read32(io->base + REG_WINDOW);
}

static void write(struct ioapic *io, unsigned reg, uint32_t v)
{
	mmio_write32(io->base + REG_SELECT, reg);
	mmio_write32(io->base + REG_WINDOW, v);
}

static void add(phys_t address, unsigned first)
{
	struct ioapic *io = &ioapics[ioapic_count];

	if (ioapic_count == MAX_IOAPICS)
		return;
	io->base = arch_mmio_map(address, PAGE_SIZE);
	if (!io->base)
		return;
	io->first = first;
	io->count = (read(io, REG_VERSION) >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < io->count; i++)
		write(io, REG_TABLE + 2 * i, MASKED);
	ioapic_count++;
}

void ioapic_init(void)
{
	madt_each_ioapic(add);
	if (!ioapic_count)
		log_warn("ioapic: none: wired interrupts will not arrive");
}

int ioapic_route(unsigned gsi, unsigned vector, bool level_low)
{
	for (struct ioapic *io = ioapics; io < ioapics + ioapic_count; io++) {
		unsigned i = gsi - io->first;

		if (gsi < io->first || i >= io->count)
			continue;
		write(io, REG_TABLE + 2 * i + 1, percpu_boot.apic_id << 24);
		write(io, REG_TABLE + 2 * i, vector | (level_low ? LEVEL | ACTIVE_LOW : 0));
		return 0;
	}
	return -ENODEV;
}
