/* SPDX-License-Identifier: MIT */
/* What the core takes from ACPI's MADT (madt.c). */
#ifndef X86_MADT_H
#define X86_MADT_H

#include <core/compiler.h>

struct madt_override {
	unsigned isa_irq, gsi;
	bool active_low, level;
};

/* Every CPU that is enabled, by its local APIC id; one may be told twice. */
void madt_each_cpu(void (*found)(uint32_t apic_id, void *arg), void *arg);
void madt_each_ioapic(void (*found)(phys_t address, unsigned first_gsi));
/* Where an ISA interrupt arrives; its own number, edge, active high, if nothing says otherwise. */
struct madt_override madt_isa_irq(unsigned irq);

#endif
