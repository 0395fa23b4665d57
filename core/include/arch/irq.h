/* SPDX-License-Identifier: MIT */
/* Contract: device interrupts. Handlers run in interrupt context with interrupts off. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <core/compiler.h>

/* A message-signalled interrupt: fills what the device must write where. 0 or -ENOSPC. */
int arch_irq_msi(void (*handler)(void *), void *arg, uint64_t *address, uint32_t *data);
/* A wired one, by its global system interrupt; PCI's are level-triggered, active low, shared. */
int arch_irq_wired(unsigned gsi, bool level_low, void (*handler)(void *), void *arg);
/*
 * The GSI behind a PCI function's interrupt line register when ACPI's AML is not read: what the
 * chipset is known to do, or -1.
 */
int arch_irq_pci_gsi(unsigned bus, unsigned slot, unsigned pin, unsigned line);

#endif
