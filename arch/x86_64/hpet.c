/* SPDX-License-Identifier: MIT */
/*
 * The HPET's main counter, as a clock where the TSC is none. Its comparators are not used. IA-PC HPET
 * specification 1.0a. Boot finds it; whoever reads the clock reads it, without a lock.
 */
#include <arch/mmu.h>
#include <core/acpi.h>
#include <x86/clock.h>

#define FS_PER_SEC 1000000000000000ull
#define PERIOD_MAX 0x05f5e100 /* fs: section 2.3.4 allows no longer one */

#define REG_CAPABILITIES_PERIOD 0x004
#define REG_CONFIGURATION	0x010
#define REG_COUNTER		0x0f0
#define ENABLE			1
#define ROUTE_LEGACY		2

/* The table, section 3.2.4. */
struct hpet_table {
	struct acpi_table header;
	uint32_t block;
	uint8_t address_space, bits, offset, access;
	uint64_t address;
} __packed;

static volatile uint32_t *hpet __ro_after_init;

static uint32_t reg(unsigned at)
{
	return hpet[at / sizeof(*hpet)];
}

/* 32 bits in one access: the whole counter may have no more, nor be read at once by all machines. */
uint64_t hpet_read(void)
{
	return reg(REG_COUNTER);
}

uint64_t hpet_init(void)
{
	const struct hpet_table *t = (const struct hpet_table *)acpi_find("HPET");
	uint32_t period;

	if (!t || t->header.length < sizeof(*t) || t->address_space || !t->address ||
	    t->address % 1024)
		return 0;
	hpet = (volatile uint32_t *)arch_mmio_map(ALIGN_DOWN(t->address, PAGE_SIZE), PAGE_SIZE);
	if (!hpet)
		return 0;
	hpet += t->address % PAGE_SIZE / sizeof(*hpet);
	period = reg(REG_CAPABILITIES_PERIOD);
	if (!period || period > PERIOD_MAX)
		return 0;
	hpet[REG_CONFIGURATION / sizeof(*hpet)] = (reg(REG_CONFIGURATION) & ~ROUTE_LEGACY) | ENABLE;
	return FS_PER_SEC / period;
}
