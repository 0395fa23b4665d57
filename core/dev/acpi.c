// SPDX-License-Identifier: MIT
/*
 * ACPI's static tables: finds the root pointer, then any table by its signature, and the little the
 * core does with the fixed hardware: PM timer, soft off, reset. Tables are mapped when they are
 * asked for and stay so; lengths and checksums are verified, what fails is passed over with a line
 * in the log. The list is filled by the first call, on one CPU during boot; no lock. Called by the
 * architecture's boot, pci.c, and whoever ends the machine. ACPI 6.5, sections 4.8 and 5.2.
 */
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <core/acpi.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/string.h>
#include <core/time.h>

#define MAX_TABLES 64
#define MAX_LENGTH (4u << 20) /* far above any real table; a length beyond it is damage */

#define BIOS_START    0xe0000
#define BIOS_END      0x100000
#define EBDA_POINTER  0x40e /* real-mode segment of the extended BIOS data area */
#define EBDA_SEARCHED 1024

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	/* from revision 2 on */
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __packed;
#define RSDP_V1_SIZE 20

/* Generic address structure. */
struct gas {
	uint8_t space, width, offset, access;
	uint64_t address;
} __packed;
#define GAS_MEMORY 0
#define GAS_IO	   1

struct fadt {
	struct acpi_table header;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
	uint32_t gpe0, gpe1;
	uint8_t pm1_event_len, pm1_control_len, pm2_control_len, pm_timer_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cstate;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_arch;
	uint8_t reserved1;
	uint32_t flags;
	struct gas reset;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control;
	struct gas x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
} __packed;
#define FADT_TIMER_32	(1u << 8)
#define FADT_RESET	(1u << 10)
#define FADT_HW_REDUCED (1u << 20)

#define PM1_SCI_ENABLE	 (1 << 0)
#define PM1_SLEEP_SHIFT	 10
#define PM1_SLEEP_TYPE	 (7 << PM1_SLEEP_SHIFT)
#define PM1_SLEEP	 (1 << 13)
#define SLEEP_TYPE_SHIFT 2 /* of the sleep control register of reduced hardware */
#define SLEEP_ENABLE	 (1 << 5)

#define AML_ZERO    0x00
#define AML_ONE	    0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_WORD    0x0b
#define AML_DWORD   0x0c
#define AML_PACKAGE 0x12
#define AML_ONES    0xff

struct known_table {
	phys_t pa;
	char signature[4];
	const struct acpi_table *mapped; /* checked; NULL until asked for */
	bool bad;
};

static struct known_table tables[MAX_TABLES];
static unsigned table_count;
static bool searched;

static uint8_t sum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t s = 0;

	while (n--)
		s += *b++;
	return s;
}

static const void *map(phys_t pa, size_t size)
{
	return (const void *)(uintptr_t)arch_mmio_map(pa, size);
}

static bool rsdp_ok(const struct rsdp *r)
{
	return !memcmp(r->signature, "RSD PTR ", 8) && !sum(r, RSDP_V1_SIZE);
}

static const struct rsdp *rsdp_scan(phys_t start, size_t size)
{
	const char *area = map(start, size);

	for (size_t off = 0; area && off + sizeof(struct rsdp) <= size; off += 16)
		if (rsdp_ok((const void *)(area + off)))
			return (const void *)(area + off);
	return NULL;
}

/* Told by the loader, or where a BIOS keeps it (section 5.2.5.1). */
static const struct rsdp *rsdp_find(void)
{
	const struct rsdp *r = boot_info.rsdp ? map(boot_info.rsdp, sizeof(*r)) : NULL;
	const uint16_t *segment;

	if (r && rsdp_ok(r))
		return r;
	r = rsdp_scan(BIOS_START, BIOS_END - BIOS_START);
	if (r)
		return r;
	segment = map(EBDA_POINTER, sizeof(*segment));
	if (!segment || *segment < 0x8000 || *segment > 0x9fc0)
		return NULL;
	return rsdp_scan((phys_t)*segment << 4, EBDA_SEARCHED);
}

/* Maps a whole table and checks it, or NULL after a line in the log. */
static const struct acpi_table *table_map(phys_t pa)
{
	/* One mapping where header and table end in the same page, which is the rule. */
	size_t first = PAGE_SIZE - (pa & (PAGE_SIZE - 1));
	const struct acpi_table *t = map(pa, max(first, sizeof(*t)));

	if (!t)
		return NULL;
	if (t->length < sizeof(*t) || t->length > MAX_LENGTH) {
		log_warn("acpi: table at %#llx has a length of %u bytes: ignored",
			 (unsigned long long)pa, t->length);
		return NULL;
	}
	if (t->length > first)
		t = map(pa, t->length);
	if (t && sum(t, t->length)) {
		log_warn("acpi: table %.4s has a wrong checksum: ignored", t->signature);
		return NULL;
	}
	return t;
}

static void table_add(phys_t pa)
{
	const struct acpi_table *t = pa ? map(pa, sizeof(*t)) : NULL;
	struct known_table *k = &tables[table_count];

	if (!t)
		return;
	if (table_count == MAX_TABLES) {
		log_warn("acpi: more than %u tables: the rest is ignored", MAX_TABLES);
		return;
	}
	k->pa = pa;
	memcpy(k->signature, t->signature, sizeof(k->signature));
	table_count++;
}

/* Lists the tables of the XSDT (entries of 8 bytes) or RSDT (of 4). */
static void tables_search(void)
{
	const struct rsdp *r = rsdp_find();
	bool wide = r && r->revision >= 2 && r->xsdt;
	const struct acpi_table *root = NULL;
	const char *entry;
	size_t n;

	searched = true;
	if (wide)
		root = table_map(r->xsdt);
	if (r && !root) {
		wide = false;
		root = r->rsdt ? table_map(r->rsdt) : NULL;
	}
	if (!root) {
		log_warn("acpi: no tables found");
		return;
	}
	entry = (const char *)root + sizeof(*root);
	n = (root->length - sizeof(*root)) / (wide ? 8 : 4);
	for (; n-- && table_count < MAX_TABLES; entry += wide ? 8 : 4) {
		uint64_t pa = 0;

		memcpy(&pa, entry, wide ? 8 : 4);
		table_add(pa);
	}
}

static const struct acpi_table *table_get(struct known_table *k)
{
	if (!k->mapped && !k->bad) {
		k->mapped = table_map(k->pa);
		k->bad = !k->mapped;
	}
	return k->mapped;
}

const struct acpi_table *acpi_find(const char signature[4])
{
	if (!searched)
		tables_search();
	for (unsigned i = 0; i < table_count; i++) {
		if (memcmp(tables[i].signature, signature, 4))
			continue;
		if (table_get(&tables[i]))
			return tables[i].mapped;
	}
	return NULL;
}

static const struct fadt *fadt_get(void)
{
	return (const struct fadt *)acpi_find("FACP");
}

/* True if this FADT, whose length is its version, has the field. */
#define FADT_HAS(f, field) ((f)->header.length >= offsetof(struct fadt, field) + sizeof((f)->field))

/* A fixed register's port: the old 32-bit field, else the extended one if it is a port. */
static uint16_t fixed_port(uint32_t old, const struct gas *x)
{
	if (old)
		return old <= UINT16_MAX ? old : 0;
	return x && x->space == GAS_IO && x->address <= UINT16_MAX ? x->address : 0;
}

uint16_t acpi_pm_timer_port(bool *wide)
{
	const struct fadt *f = fadt_get();

	if (!f || !FADT_HAS(f, flags) || (f->pm_timer_len && f->pm_timer_len != 4))
		return 0;
	if (wide)
		*wide = f->flags & FADT_TIMER_32;
	return fixed_port(f->pm_timer, FADT_HAS(f, x_pm_timer) ? &f->x_pm_timer : NULL);
}

/* Reads an AML integer constant at p; false if it is none or runs past end. */
static bool aml_integer(const uint8_t **p, const uint8_t *end, unsigned *out)
{
	unsigned bytes;
	uint8_t op;

	if (*p >= end)
		return false;
	op = *(*p)++;
	if (op == AML_ZERO || op == AML_ONE || op == AML_ONES) {
		*out = op == AML_ONES ? 0xff : op;
		return true;
	}
	bytes = op == AML_BYTE ? 1 : op == AML_WORD ? 2 : op == AML_DWORD ? 4 : 0;
	if (!bytes || (size_t)(end - *p) < bytes)
		return false;
	*out = **p;
	*p += bytes;
	return true;
}

/* Name (_S5, Package () { a, b, ... }) at p, behind the name: the sleep types for PM1a and PM1b. */
static bool aml_s5(const uint8_t *p, const uint8_t *end, unsigned type[2])
{
	unsigned elements;

	if (end - p < 3 || *p++ != AML_PACKAGE)
		return false;
	p += (*p >> 6) + 1; /* the package length takes one to four bytes */
	if (p >= end)
		return false;
	elements = *p++;
	if (!elements || !aml_integer(&p, end, &type[0]))
		return false;
	if (elements < 2 || !aml_integer(&p, end, &type[1]))
		type[1] = type[0];
	return true;
}

static bool scan_s5(const struct acpi_table *t, unsigned type[2])
{
	const uint8_t *p = (const uint8_t *)t + sizeof(*t), *end = (const uint8_t *)t + t->length;

	for (; end - p > 8; p++) {
		if (*p != AML_NAME)
			continue;
		/* The name may be given from the root on: a backslash before it. */
		if (!memcmp(p + 1, "_S5_", 4) && aml_s5(p + 5, end, type))
			return true;
		if (!memcmp(p + 1, "\\_S5_", 5) && aml_s5(p + 6, end, type))
			return true;
	}
	return false;
}

/* The DSDT and the secondary tables are searched; no AML is run. */
static bool find_s5(const struct fadt *f, unsigned type[2])
{
	phys_t pa = FADT_HAS(f, x_dsdt) && f->x_dsdt ? f->x_dsdt : f->dsdt;
	const struct acpi_table *dsdt = pa ? table_map(pa) : NULL;

	if (dsdt && scan_s5(dsdt, type))
		return true;
	for (unsigned i = 0; i < table_count; i++)
		if (!memcmp(tables[i].signature, "SSDT", 4) && table_get(&tables[i]) &&
		    scan_s5(tables[i].mapped, type))
			return true;
	return false;
}

static bool gas_write8(const struct gas *g, uint8_t v)
{
	volatile void *p;

	if (g->space == GAS_IO && g->address && g->address <= UINT16_MAX) {
		arch_out8(g->address, v);
		return true;
	}
	p = g->space == GAS_MEMORY && g->address ? arch_mmio_map(g->address, 1) : NULL;
	if (p)
		mmio_write8(p, v);
	return p;
}

/* Reads port until a bit of mask is set or 100 ms are over; 0: only waits. */
static void wait_port(uint16_t port, uint16_t mask)
{
	uint64_t end = arch_clock_now() + 100 * NSEC_PER_MSEC;

	while (!(arch_in16(port) & mask) && arch_clock_now() < end)
		;
}

static void pm1_sleep(uint16_t port, unsigned type)
{
	uint16_t v = arch_in16(port) & ~(PM1_SLEEP_TYPE | PM1_SLEEP);

	v |= type << PM1_SLEEP_SHIFT & PM1_SLEEP_TYPE;
	arch_out16(port, v);
	arch_out16(port, v | PM1_SLEEP);
}

bool acpi_power_off(void)
{
	const struct fadt *f = fadt_get();
	uint16_t pm1a, pm1b;
	unsigned type[2];

	if (!f || !FADT_HAS(f, flags) || !find_s5(f, type))
		return false;
	if (f->flags & FADT_HW_REDUCED && FADT_HAS(f, sleep_control))
		return gas_write8(&f->sleep_control, type[0] << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);
	pm1a = fixed_port(f->pm1a_control, FADT_HAS(f, x_pm1a_control) ? &f->x_pm1a_control : NULL);
	pm1b = fixed_port(f->pm1b_control, FADT_HAS(f, x_pm1b_control) ? &f->x_pm1b_control : NULL);
	if (!pm1a)
		return false;
	/* Firmware may own the registers until it is told to hand them over. */
	if (!(arch_in16(pm1a) & PM1_SCI_ENABLE) && f->smi_command && f->acpi_enable) {
		arch_out8(f->smi_command, f->acpi_enable);
		wait_port(pm1a, PM1_SCI_ENABLE);
	}
	pm1_sleep(pm1a, type[0]);
	if (pm1b)
		pm1_sleep(pm1b, type[1]);
	wait_port(pm1a, 0);
	return false;
}

bool acpi_reset(void)
{
	const struct fadt *f = fadt_get();
	uint64_t end;

	if (!f || !FADT_HAS(f, reset_value) || !(f->flags & FADT_RESET))
		return false;
	if (!gas_write8(&f->reset, f->reset_value))
		return false;
	for (end = arch_clock_now() + 100 * NSEC_PER_MSEC; arch_clock_now() < end;)
		arch_cpu_relax();
	return false;
}
