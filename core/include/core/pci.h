/* SPDX-License-Identifier: MIT */
/*
 * PCI (core/dev/pci.c): configuration space through ECAM where ACPI's MCFG tells of it, else through
 * ports 0xCF8/0xCFC. Devices are found once at boot; drivers say what they drive.
 */
#ifndef CORE_PCI_H
#define CORE_PCI_H

#include <core/compiler.h>

struct pci_device {
	uint8_t bus, slot, function;
	uint16_t vendor, device, subsystem;
	uint32_t class; /* class, subclass, interface: 0xCCSSII */
	struct pci_device *next;
	const struct pci_driver *driver;
	void *driver_data;
	struct pci_device *bridge; /* the bridge it is behind; NULL on a root bus */
	uint8_t header;		   /* header layout: 0 a function, 1 a bridge */
	/* Filled by the first call that needs them. */
	volatile void *bar[6];
	size_t bar_size[6];
	uint8_t msix_cap;
	uint16_t msix_count;
	volatile void *msix_table;
};

struct pci_driver {
	const char *name;
	bool (*match)(const struct pci_device *d);
	/* 0 or -errno; thread context, boot. */
	int (*probe)(struct pci_device *d);
};

#define PCI_DRIVER(drv)                                                 \
	static const struct pci_driver *const __pci_driver_##drv __used \
		__attribute__((section(".pci_drivers"))) = &drv

uint8_t pci_read8(struct pci_device *d, unsigned reg);
uint16_t pci_read16(struct pci_device *d, unsigned reg);
uint32_t pci_read32(struct pci_device *d, unsigned reg);
void pci_write8(struct pci_device *d, unsigned reg, uint8_t v);
void pci_write16(struct pci_device *d, unsigned reg, uint16_t v);
void pci_write32(struct pci_device *d, unsigned reg, uint32_t v);

/* Offset of the first capability id at or after the one at `from` (0: from the start), or 0. */
unsigned pci_find_capability(struct pci_device *d, uint8_t id, unsigned from);
/* Memory BAR mapped uncached, with its size; NULL if it is an I/O BAR, unset or absurd. */
void volatile *pci_map_bar(struct pci_device *d, unsigned bar, size_t *size);
/* Port base of an I/O BAR, or 0. */
uint16_t pci_io_bar(struct pci_device *d, unsigned bar, size_t *size);
void pci_enable(struct pci_device *d); /* memory, I/O and bus mastering */

/* MSI-X: count of vectors (0 if none); sets up entry to call handler(arg) in interrupt context. */
unsigned pci_msix_count(struct pci_device *d);
int pci_msix_set(struct pci_device *d, unsigned entry, void (*handler)(void *), void *arg);
void pci_msix_enable(struct pci_device *d);
/* Back to INTx, for a device that does not take its vectors. */
void pci_msix_disable(struct pci_device *d);
/* INTx: level-triggered, shared. */
int pci_intx_set(struct pci_device *d, void (*handler)(void *), void *arg);

/* Initcalls: finds all functions (level 3), then offers each to the drivers (level 4). */
void pci_init(void);
void pci_probe_drivers(void);
struct pci_device *pci_first(void);

#endif
