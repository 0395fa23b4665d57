// SPDX-License-Identifier: MIT
/*
 * PCI configuration space and the list of functions. Owns both; the list is made once at boot and
 * not changed after, so it has no lock. The address and data ports are a pair and have one. Firmware
 * has numbered the buses and placed the BARs. PCI Local Bus 3.0, sections 3.2.2.3 and 6; PCI Express
 * 4.0, section 7.2.2 (ECAM); PCI Firmware 3.2, section 4.1.2 (MCFG).
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <core/acpi.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/pci.h>
#include <core/spinlock.h>

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define PORT_ENABLE  (1u << 31)

#define REG_ID		0x00
#define REG_CLASS	0x08
#define REG_HEADER	0x0e
#define REG_SECONDARY	0x19
#define REG_SUBSYSTEM	0x2e
#define HEADER_MULTI	0x80
#define CLASS_BRIDGE	0x0604
#define CAP_EXPRESS	0x10
#define EXPRESS_ROOT	4 /* port types that have one device behind them */
#define EXPRESS_DOWN	6
#define BUS_ECAM_SIZE	(1u << 20)
#define FUNCTION_OFFSET 12
#define SLOT_OFFSET	15

struct mcfg_entry {
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved;
} __packed;

extern const struct pci_driver *const pci_drivers_start[], *const pci_drivers_end[];

static struct spinlock port_lock = SPINLOCK_INIT; /* the address/data port pair; any context */
static volatile uint8_t *ecam[256];		  /* by bus; NULL: through ports */
static struct pci_device *first, **last = &first;

static volatile uint8_t *ecam_address(const struct pci_device *d, unsigned reg)
{
	if (!ecam[d->bus])
		return NULL;
	return ecam[d->bus] + ((unsigned)d->slot << SLOT_OFFSET) +
	       ((unsigned)d->function << FUNCTION_OFFSET) + reg;
}

static uint32_t port_address(const struct pci_device *d, unsigned reg)
{
	return PORT_ENABLE | (uint32_t)d->bus << 16 | (uint32_t)d->slot << 11 |
	       (uint32_t)d->function << 8 | (reg & 0xfc);
}

static uint32_t port_read(const struct pci_device *d, unsigned reg)
{
	unsigned long flags = spin_lock_irqsave(&port_lock);
	uint32_t v;

	arch_out32(PORT_ADDRESS, port_address(d, reg));
	v = arch_in32(PORT_DATA);
	spin_unlock_irqrestore(&port_lock, flags);
	return v;
}

uint8_t pci_read8(struct pci_device *d, unsigned reg)
{
	volatile uint8_t *p = ecam_address(d, reg);

	return p ? mmio_read8(p) : port_read(d, reg) >> (reg & 3) * 8;
}

uint16_t pci_read16(struct pci_device *d, unsigned reg)
{
	volatile uint8_t *p = ecam_address(d, reg);

	return p ? mmio_read16(p) : port_read(d, reg) >> (reg & 2) * 8;
}

uint32_t pci_read32(struct pci_device *d, unsigned reg)
{
	volatile uint8_t *p = ecam_address(d, reg);

	return p ? mmio_read32(p) : port_read(d, reg);
}

void pci_write8(struct pci_device *d, unsigned reg, uint8_t v)
{
	volatile uint8_t *p = ecam_address(d, reg);
	unsigned long flags;

	if (p) {
		mmio_write8(p, v);
		return;
	}
	flags = spin_lock_irqsave(&port_lock);
	arch_out32(PORT_ADDRESS, port_address(d, reg));
	arch_out8(PORT_DATA + (reg & 3), v);
	spin_unlock_irqrestore(&port_lock, flags);
}

void pci_write16(struct pci_device *d, unsigned reg, uint16_t v)
{
	volatile uint8_t *p = ecam_address(d, reg);
	unsigned long flags;

	if (p) {
		mmio_write16(p, v);
		return;
	}
	flags = spin_lock_irqsave(&port_lock);
	arch_out32(PORT_ADDRESS, port_address(d, reg));
	arch_out16(PORT_DATA + (reg & 2), v);
	spin_unlock_irqrestore(&port_lock, flags);
}

void pci_write32(struct pci_device *d, unsigned reg, uint32_t v)
{
	volatile uint8_t *p = ecam_address(d, reg);
	unsigned long flags;

	if (p) {
		mmio_write32(p, v);
		return;
	}
	flags = spin_lock_irqsave(&port_lock);
	arch_out32(PORT_ADDRESS, port_address(d, reg));
	arch_out32(PORT_DATA, v);
	spin_unlock_irqrestore(&port_lock, flags);
}

/* Maps the configuration space of one bus, a MiB, if MCFG has it. */
static void ecam_map_bus(unsigned bus)
{
	const struct acpi_table *t = acpi_find("MCFG");
	const struct mcfg_entry *e;
	unsigned n;

	if (!t || t->length < sizeof(*t) + 8 || ecam[bus])
		return;
	e = (const void *)((const char *)t + sizeof(*t) + 8);
	n = (t->length - sizeof(*t) - 8) / sizeof(*e);
	for (; n--; e++) {
		if (e->segment || bus < e->first_bus || bus > e->last_bus)
			continue;
		/* The base is bus 0's, whichever bus the entry starts with. */
		ecam[bus] = arch_mmio_map(e->base + (phys_t)bus * BUS_ECAM_SIZE, BUS_ECAM_SIZE);
		return;
	}
}

/* Firmware has been seen to describe a window that is not there: both ways must show the same. */
static void ecam_check(void)
{
	struct pci_device host = {0};
	uint32_t by_port = port_read(&host, REG_ID);

	if (!ecam[0] || by_port == UINT32_MAX || pci_read32(&host, REG_ID) == by_port)
		return;
	log_warn("pci: ACPI's MCFG does not match the machine: using ports");
	ecam[0] = NULL;
}

static void scan_function(struct pci_device at, uint32_t id)
{
	struct pci_device *d = kzalloc(sizeof(*d));

	if (!d) {
		log_err("pci: out of memory for the list of devices");
		return;
	}
	*d = at;
	d->vendor = id;
	d->device = id >> 16;
	d->class = pci_read32(d, REG_CLASS) >> 8;
	d->header = pci_read8(d, REG_HEADER) & ~HEADER_MULTI;
	if (d->header == 0)
		d->subsystem = pci_read16(d, REG_SUBSYSTEM);
	*last = d;
	last = &d->next;
}

static bool is_present(uint32_t id)
{
	return (id & 0xffff) != 0xffff && (id & 0xffff) != 0;
}

static void scan_slot(unsigned bus, unsigned slot, struct pci_device *bridge)
{
	struct pci_device at = {.bus = bus, .slot = slot, .bridge = bridge};
	uint32_t id = pci_read32(&at, REG_ID);
	unsigned functions;

	if (!is_present(id))
		return;
	functions = pci_read8(&at, REG_HEADER) & HEADER_MULTI ? 8 : 1;
	scan_function(at, id);
	for (at.function = 1; at.function < functions; at.function++) {
		id = pci_read32(&at, REG_ID);
		if (is_present(id))
			scan_function(at, id);
	}
}

/* Behind a PCI Express port there is one slot: asking for 31 more costs an exit each. */
static unsigned slots_behind(struct pci_device *bridge)
{
	unsigned cap = bridge ? pci_find_capability(bridge, CAP_EXPRESS, 0) : 0, type;

	if (!cap)
		return 32;
	type = pci_read16(bridge, cap + 2) >> 4 & 15;
	return type == EXPRESS_ROOT || type == EXPRESS_DOWN ? 1 : 32;
}

static void scan_bus(unsigned bus, struct pci_device *bridge)
{
	unsigned slots = slots_behind(bridge);

	ecam_map_bus(bus);
	if (!bus)
		ecam_check();
	for (unsigned slot = 0; slot < slots; slot++)
		scan_slot(bus, slot, bridge);
}

void pci_init(void)
{
	uint64_t seen[4] = {1}; /* a bit a bus: bridges that point in circles end here */
	unsigned n = 0;

	scan_bus(0, NULL);
	/* The list grows at its end while it is walked. */
	for (struct pci_device *d = first; d; d = d->next, n++) {
		uint8_t bus;

		if (d->class >> 8 != CLASS_BRIDGE || d->header != 1)
			continue;
		bus = pci_read8(d, REG_SECONDARY);
		if (seen[bus / 64] & 1ull << bus % 64)
			continue;
		seen[bus / 64] |= 1ull << bus % 64;
		scan_bus(bus, d);
	}
	if (n)
		log_info("pci: %u functions, configured through %s", n, ecam[0] ? "ECAM" : "ports");
	else
		log_warn("pci: the machine has no PCI bus");
}
INITCALL(3, pci_init);

static void probe_device(struct pci_device *d)
{
	for (const struct pci_driver *const *p = pci_drivers_start; p < pci_drivers_end; p++) {
		if (!(*p)->match(d) || (*p)->probe(d))
			continue;
		d->driver = *p;
		return;
	}
}

void pci_probe_drivers(void)
{
	for (struct pci_device *d = first; d; d = d->next)
		probe_device(d);
}
INITCALL(4, pci_probe_drivers);

struct pci_device *pci_first(void)
{
	return first;
}
