/* SPDX-License-Identifier: MIT */
/* ACPI's multiple APIC description table: CPUs, IOAPICs, overrides. ACPI 6.5, section 5.2.12. */
#include <core/acpi.h>
#include <core/log.h>
#include <x86/arch.h>
#include <x86/madt.h>

#define ENTRY_LOCAL_APIC   0
#define ENTRY_IOAPIC	   1
#define ENTRY_OVERRIDE	   2
#define ENTRY_LOCAL_X2APIC 9
#define CPU_ENABLED	   1

struct madt {
	struct acpi_table header;
	uint32_t local_apic, flags;
	uint8_t entries[];
} __packed;

static bool walk(bool (*fn)(const uint8_t *e, void *arg), void *arg)
{
	const struct madt *m = (const void *)acpi_find("APIC");
	const uint8_t *e, *end;

	if (!m || m->header.length < sizeof(*m))
		return false;
	end = (const uint8_t *)m + m->header.length;
	for (e = m->entries; end - e >= 2 && e[1] >= 2 && e[1] <= end - e; e += e[1])
		if (!fn(e, arg))
			break;
	return true;
}

static uint32_t word(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

struct cpu_search {
	void (*found)(uint32_t apic_id, void *arg);
	void *arg;
};

static bool find_cpu(const uint8_t *e, void *arg)
{
	struct cpu_search *s = arg;

	if (e[0] == ENTRY_LOCAL_APIC && e[1] >= 8 && word(e + 4) & CPU_ENABLED)
		s->found(e[3], s->arg);
	if (e[0] == ENTRY_LOCAL_X2APIC && e[1] >= 16 && word(e + 8) & CPU_ENABLED)
		s->found(word(e + 4), s->arg);
	return true;
}

void madt_each_cpu(void (*found)(uint32_t apic_id, void *arg), void *arg)
{
	struct cpu_search s = {found, arg};

	walk(find_cpu, &s);
}

struct ioapic_search {
	void (*found)(phys_t address, unsigned first_gsi);
};

static bool find_ioapic(const uint8_t *e, void *arg)
{
	struct ioapic_search *s = arg;

	if (e[0] == ENTRY_IOAPIC && e[1] >= 12)
		s->found(word(e + 4), word(e + 8));
	return true;
}

void madt_each_ioapic(void (*found)(phys_t address, unsigned first_gsi))
{
	struct ioapic_search s = {found};

	walk(find_ioapic, &s);
}

static bool find_override(const uint8_t *e, void *arg)
{
	struct madt_override *o = arg;

	if (e[0] != ENTRY_OVERRIDE || e[1] < 10 || e[3] != o->isa_irq)
		return true;
	o->gsi = word(e + 4);
	/* MPS INTI flags: polarity in bits 1:0, trigger in bits 3:2; 3 is active low, or level. */
	o->active_low = (e[8] & 3) == 3;
	o->level = (e[8] >> 2 & 3) == 3;
	return false;
}

struct madt_override madt_isa_irq(unsigned irq)
{
	struct madt_override o = {.isa_irq = irq, .gsi = irq};

	walk(find_override, &o);
	return o;
}
