// SPDX-License-Identifier: MIT
/*
 * What a driver needs of its PCI function: capabilities, BARs, interrupts. Keeps what it finds in
 * struct pci_device. No lock: a function belongs to one driver. Every offset a device tells is
 * checked against what is there. PCI Local Bus 3.0, sections 6.2.5, 6.7, 6.8.2 (MSI-X).
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <core/pci.h>

#define REG_COMMAND	  0x04
#define COMMAND_IO	  (1 << 0)
#define COMMAND_MEMORY	  (1 << 1)
#define COMMAND_MASTER	  (1 << 2)
#define COMMAND_NO_INTX	  (1 << 10)
#define REG_STATUS	  0x06
#define STATUS_CAPS	  (1 << 4)
#define REG_BAR		  0x10
#define BAR_IO		  1
#define BAR_64		  4
#define BAR_TYPE	  6
#define REG_CAPS	  0x34
#define REG_LINE	  0x3c
#define REG_PIN		  0x3d
#define FIRST_CAP	  0x40
#define MAX_CAPS	  48 /* as many as fit: a list that is longer goes in circles */
#define BAR_MAX		  (256ull << 20)
#define CAP_MSIX	  0x11
#define MSIX_CONTROL	  2
#define MSIX_TABLE	  4
#define MSIX_ENABLE	  (1 << 15)
#define MSIX_MASK_ALL	  (1 << 14)
#define MSIX_SIZE	  0x7ff
#define MSIX_ENTRY	  16
#define MSIX_ENTRY_MASKED 1

unsigned pci_find_capability(struct pci_device *d, uint8_t id, unsigned from)
{
	unsigned at = from;

	if (!at) {
		if (!(pci_read16(d, REG_STATUS) & STATUS_CAPS))
			return 0;
		at = pci_read8(d, REG_CAPS);
	}
	for (unsigned n = 0; n < MAX_CAPS; n++) {
		at &= 0xfc;
		if (at < FIRST_CAP)
			return 0;
		if (pci_read8(d, at) == id)
			return at;
		at = pci_read8(d, at + 1);
	}
	return 0;
}

void pci_enable(struct pci_device *d)
{
	uint16_t command = pci_read16(d, REG_COMMAND);

	pci_write16(d, REG_COMMAND, command | COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
}

struct pci_bar {
	uint64_t base, size;
	bool io;
};

/* Which address bits a BAR register has: written with decoding off, then put back. */
static uint32_t bar_mask(struct pci_device *d, unsigned reg)
{
	uint32_t old = pci_read32(d, reg), mask;

	pci_write32(d, reg, UINT32_MAX);
	mask = pci_read32(d, reg);
	pci_write32(d, reg, old);
	return mask;
}

/* 0, or -ENODEV if the BAR is not there or was given no address. */
static int bar_probe(struct pci_device *d, unsigned bar, struct pci_bar *out)
{
	unsigned reg = REG_BAR + bar * 4, bars = d->header == 0 ? 6 : d->header == 1 ? 2 : 0;
	uint16_t command = pci_read16(d, REG_COMMAND);
	uint32_t low, mask;
	bool wide;

	if (bar >= bars)
		return -ENODEV;
	low = pci_read32(d, reg);
	out->io = low & BAR_IO;
	wide = !out->io && (low & BAR_TYPE) == BAR_64;
	if (wide && bar + 1 >= bars)
		return -ENODEV;
	pci_write16(d, REG_COMMAND, command & ~(COMMAND_IO | COMMAND_MEMORY));
	mask = bar_mask(d, reg);
	out->base = low & (out->io ? ~3u : ~15u);
	/* Devices may leave the upper half of an I/O BAR at zero; the carry then ends at 16 bits. */
	out->size = out->io ? (uint16_t) - (mask & 0xfffc) : -(uint64_t)(mask & ~15u) & UINT32_MAX;
	if (wide) {
		out->size = -((uint64_t)bar_mask(d, reg + 4) << 32 | (mask & ~15u));
		out->base |= (uint64_t)pci_read32(d, reg + 4) << 32;
	}
	pci_write16(d, REG_COMMAND, command);
	return out->size && out->base ? 0 : -ENODEV;
}

volatile void *pci_map_bar(struct pci_device *d, unsigned bar, size_t *size)
{
	struct pci_bar b;

	if (bar >= ARRAY_SIZE(d->bar))
		return NULL;
	if (!d->bar[bar]) {
		if (bar_probe(d, bar, &b) || b.io || b.size > BAR_MAX)
			return NULL;
		d->bar[bar] = arch_mmio_map(b.base, b.size);
		d->bar_size[bar] = b.size;
	}
	*size = d->bar_size[bar];
	return d->bar[bar];
}

uint16_t pci_io_bar(struct pci_device *d, unsigned bar, size_t *size)
{
	struct pci_bar b;

	if (bar_probe(d, bar, &b) || !b.io || b.base > UINT16_MAX || b.base + b.size > 0x10000)
		return 0;
	*size = b.size;
	return b.base;
}

unsigned pci_msix_count(struct pci_device *d)
{
	unsigned cap = pci_find_capability(d, CAP_MSIX, 0);

	return cap ? (pci_read16(d, cap + MSIX_CONTROL) & MSIX_SIZE) + 1u : 0;
}

static volatile uint8_t *msix_entry(struct pci_device *d, unsigned entry)
{
	return (volatile uint8_t *)d->msix_table + entry * MSIX_ENTRY;
}

/* Turns MSI-X on with everything masked: some devices lose what is written to the table before. */
static int msix_open(struct pci_device *d)
{
	unsigned cap = pci_find_capability(d, CAP_MSIX, 0), count = pci_msix_count(d);
	volatile uint8_t *bar;
	uint32_t table;
	size_t size = 0;

	if (!cap)
		return -ENODEV;
	table = pci_read32(d, cap + MSIX_TABLE);
	bar = pci_map_bar(d, table & 7, &size);
	table &= ~7u;
	if (!bar || table > size || size - table < count * MSIX_ENTRY)
		return -ENODEV;
	d->msix_table = bar + table;
	d->msix_cap = cap;
	d->msix_count = count;
	pci_write16(d, cap + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL);
	for (unsigned i = 0; i < count; i++)
		mmio_write32(msix_entry(d, i) + 12, MSIX_ENTRY_MASKED);
	return 0;
}

int pci_msix_set(struct pci_device *d, unsigned entry, void (*handler)(void *), void *arg)
{
	volatile uint8_t *e;
	uint64_t address;
	uint32_t data;
	int err;

	if (!d->msix_table) {
		err = msix_open(d);
		if (err)
			return err;
	}
	if (entry >= d->msix_count)
		return -EINVAL;
	err = arch_irq_msi(handler, arg, &address, &data);
	if (err)
		return err;
	e = msix_entry(d, entry);
	mmio_write32(e + 12, MSIX_ENTRY_MASKED);
	mmio_write32(e, address);
	mmio_write32(e + 4, address >> 32);
	mmio_write32(e + 8, data);
	mmio_write32(e + 12, 0);
	return 0;
}

void pci_msix_enable(struct pci_device *d)
{
	uint16_t command = pci_read16(d, REG_COMMAND);

	pci_write16(d, REG_COMMAND, command | COMMAND_NO_INTX);
	pci_write16(d, d->msix_cap + MSIX_CONTROL, MSIX_ENABLE);
}

void pci_msix_disable(struct pci_device *d)
{
	if (d->msix_table)
		pci_write16(d, d->msix_cap + MSIX_CONTROL, MSIX_MASK_ALL);
}

int pci_intx_set(struct pci_device *d, void (*handler)(void *), void *arg)
{
	unsigned pin = pci_read8(d, REG_PIN), line = pci_read8(d, REG_LINE);
	struct pci_device *at = d;
	uint16_t command;
	int gsi;

	if (pin < 1 || pin > 4)
		return -ENODEV;
	/* Each bridge turns the pins of what is behind it by the slot (PCI-to-PCI Bridge 1.2, 9.1). */
	for (; at->bridge; at = at->bridge)
		pin = (pin - 1 + at->slot) % 4 + 1;
	gsi = arch_irq_pci_gsi(at->bus, at->slot, pin, line);
	if (gsi < 0)
		return -ENODEV;
	command = pci_read16(d, REG_COMMAND);
	pci_write16(d, REG_COMMAND, command & ~COMMAND_NO_INTX);
	return arch_irq_wired(gsi, true, handler, arg);
}
