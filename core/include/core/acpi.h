/* SPDX-License-Identifier: MIT */
/* ACPI's static tables (core/dev/acpi.c); no AML. ACPI 6.5, section 5.2. */
#ifndef CORE_ACPI_H
#define CORE_ACPI_H

#include <core/compiler.h>

struct acpi_table {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision, creator_id, creator_revision;
} __packed;

/* The table with this signature, checksum verified, mapped for good; NULL if there is none. */
const struct acpi_table *acpi_find(const char signature[4]);

/* I/O port of the PM timer (24 or 32 bits at 3.579545 MHz), or 0. *wide, if not NULL: 32 bits. */
uint16_t acpi_pm_timer_port(bool *wide);
/*
 * Soft off (S5), and the reset register. True cannot be seen by the caller on a machine that obeys;
 * false: the tables tell no way, or the machine did not obey within 100 ms. Thread context.
 */
bool acpi_power_off(void);
bool acpi_reset(void);

#endif
