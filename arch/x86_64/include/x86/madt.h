/* SPDX-License-Identifier: MIT */
/* What the core takes from ACPI's MADT (madt.c). */
#ifndef X86_MADT_H
#define X86_MADT_H

#include <core/compiler.h>

struct madt_override {
	unsigned isa_irq, gsi;
	bool active_low, level;
};

void madt_each_ioapic(void (*found)(phys_t address, unsigned first_gsi));
/* Where an ISA interrupt arrives; its own number, edge, active high, if nothing says otherwise. */
struct madt_override madt_isa_irq(unsigned irq);

#endif
