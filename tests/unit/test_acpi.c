// SPDX-License-Identifier: MIT
/* core/dev/acpi.c over tables made by hand in a fake first MiB: found, checked, obeyed. */
#include "test.h"

#include <arch/mmu.h>

#define LOW_SIZE 0x100000

/* The fake first MiB stands where physical address 0 is; nothing else may be mapped. */
static uint8_t low[LOW_SIZE] __aligned(16);

static volatile void *low_map(phys_t pa, size_t size)
{
	return pa <= LOW_SIZE && size <= LOW_SIZE - pa ? low + pa : NULL;
}

/* Included: each test begins before the first search. */
#define arch_mmio_map low_map
#include "../../core/dev/acpi.c"

#define PM1A	   0x604
#define PM1B	   0x704
#define SMI	   0xb2
#define RESET_PORT 0xcf9

static void test_begin(void)
{
	memset(low, 0, LOW_SIZE);
	memset(tables, 0, sizeof(tables));
	table_count = 0;
	searched = false;
	boot_info.rsdp = 0;
}

static void fix_sum(void *p, size_t n, uint8_t *field)
{
	*field = 0;
	*field = -sum(p, n);
}

static struct acpi_table *put_table(phys_t at, const char *signature, const void *body, size_t n)
{
	struct acpi_table *t = (void *)(low + at);

	memset(t, 0, sizeof(*t));
	memcpy(t->signature, signature, 4);
	t->length = sizeof(*t) + n;
	if (body)
		memcpy(t + 1, body, n);
	fix_sum(t, t->length, &t->checksum);
	return t;
}

static void put_rsdp(phys_t at, unsigned revision, phys_t rsdt, phys_t xsdt)
{
	struct rsdp *r = (void *)(low + at);

	*r = (struct rsdp){.revision = revision, .rsdt = rsdt, .xsdt = xsdt, .length = sizeof(*r)};
	memcpy(r->signature, "RSD PTR ", 8);
	fix_sum(r, RSDP_V1_SIZE, &r->checksum);
}

/* A machine with an RSDT at 0x1000 of these tables. */
static void put_rsdt(const uint32_t *at, unsigned n)
{
	put_table(0x1000, "RSDT", at, n * 4);
	put_rsdp(0xf1230, 0, 0x1000, 0);
}

TEST(finds_a_table_through_the_rsdt)
{
	uint32_t at[] = {0x2000, 0x3000};

	test_begin();
	put_table(0x2000, "AAAA", "xyz", 3);
	put_table(0x3000, "APIC", "abcdef", 6);
	put_rsdt(at, 2);
	CHECK(acpi_find("APIC") == (void *)(low + 0x3000));
	CHECK(acpi_find("APIC") == (void *)(low + 0x3000));
	CHECK(!acpi_find("MCFG"));
	CHECK_EQ(fake_log_lines, 0);
}

TEST(prefers_the_xsdt)
{
	uint64_t wide[] = {0x5000};
	uint32_t narrow[] = {0x3000};

	test_begin();
	put_table(0x3000, "APIC", "old", 3);
	put_table(0x5000, "APIC", "new", 3);
	put_table(0x1000, "RSDT", narrow, 4);
	put_table(0x2000, "XSDT", wide, 8);
	put_rsdp(0xe0000, 2, 0x1000, 0x2000);
	CHECK(acpi_find("APIC") == (void *)(low + 0x5000));
}

TEST(falls_back_when_the_xsdt_is_damaged)
{
	uint32_t narrow[] = {0x3000};

	test_begin();
	put_table(0x3000, "APIC", "old", 3);
	put_table(0x1000, "RSDT", narrow, 4);
	put_table(0x2000, "XSDT", "12345678", 8)->checksum ^= 1;
	put_rsdp(0xe0000, 2, 0x1000, 0x2000);
	CHECK(acpi_find("APIC") == (void *)(low + 0x3000));
	CHECK(strstr(fake_log_last, "XSDT"));
}

TEST(the_loader_s_root_pointer_comes_first)
{
	uint32_t here[] = {0x3000}, there[] = {0x4000};

	test_begin();
	put_table(0x3000, "APIC", "a", 1);
	put_table(0x4000, "APIC", "b", 1);
	put_rsdt(there, 1);
	put_table(0x6000, "RSDT", here, 4);
	put_rsdp(0x8004, 0, 0x6000, 0);
	boot_info.rsdp = 0x8004;
	CHECK(acpi_find("APIC") == (void *)(low + 0x3000));
}

TEST(looks_into_the_extended_bios_data_area)
{
	uint32_t at[] = {0x3000};

	test_begin();
	put_table(0x3000, "APIC", "a", 1);
	put_table(0x1000, "RSDT", at, 4);
	memcpy(low + EBDA_POINTER, &(uint16_t){0x9fc0}, 2);
	put_rsdp(0x9fc00 + 0x120, 0, 0x1000, 0);
	CHECK(acpi_find("APIC"));
}

TEST(no_acpi_at_all)
{
	test_begin();
	CHECK(!acpi_find("APIC"));
	CHECK(!acpi_find("APIC"));
	CHECK_EQ(fake_log_lines, 1);
	CHECK_EQ(acpi_pm_timer_port(NULL), 0);
	CHECK(!acpi_power_off());
	CHECK(!acpi_reset());
}

TEST(a_root_pointer_with_a_wrong_sum_is_none)
{
	uint32_t at[] = {0x3000};

	test_begin();
	put_table(0x3000, "APIC", "a", 1);
	put_rsdt(at, 1);
	low[0xf1230 + 9] ^= 1;
	CHECK(!acpi_find("APIC"));
}

TEST(damaged_tables_are_passed_over)
{
	uint32_t at[] = {0x2000, 0x3000, 0x4000, 0, 0x5000};

	test_begin();
	put_table(0x2000, "APIC", "a", 1)->checksum++;
	put_table(0x3000, "APIC", "b", 1)->length = 35;
	put_table(0x4000, "APIC", "c", 1)->length = 0xffffffff;
	put_table(0x5000, "APIC", "d", 1);
	put_rsdt(at, 5);
	CHECK(acpi_find("APIC") == (void *)(low + 0x5000));
	CHECK_EQ(fake_log_lines, 3);
}

TEST(more_tables_than_room)
{
	uint32_t at[100];

	test_begin();
	for (int i = 0; i < 100; i++)
		put_table(at[i] = 0x2000 + i * 64, i == 99 ? "LAST" : "SOME", NULL, 0);
	put_rsdt(at, 100);
	CHECK(acpi_find("SOME"));
	CHECK(!acpi_find("LAST"));
}

/* ---- the fixed hardware ---- */

static uint16_t pm1a, pm1b;
static unsigned off_a, off_b, enabled, resets;

static uint32_t port_in(uint16_t port, unsigned size)
{
	(void)size;
	fake_clock += NSEC_PER_USEC;
	return port == PM1A ? pm1a : port == PM1B ? pm1b : 0;
}

static void port_out(uint16_t port, uint32_t v, unsigned size)
{
	(void)size;
	if (port == SMI && v == 0xf1) {
		enabled++;
		pm1a |= PM1_SCI_ENABLE;
	} else if (port == PM1A) {
		pm1a = v & ~PM1_SLEEP;
		off_a += v == (PM1_SCI_ENABLE | PM1_SLEEP | 5 << PM1_SLEEP_SHIFT);
	} else if (port == PM1B) {
		pm1b = v & ~PM1_SLEEP;
		off_b += v == (PM1_SLEEP | 6 << PM1_SLEEP_SHIFT);
	} else if (port == RESET_PORT) {
		resets += v == 0x0f;
	}
}

static struct fadt make_fadt(void)
{
	struct fadt f = {
		.dsdt = 0x5000, .pm1a_control = PM1A, .pm_timer = 0x608, .pm_timer_len = 4};

	f.flags = FADT_RESET | FADT_TIMER_32;
	f.smi_command = SMI;
	f.acpi_enable = 0xf1;
	f.reset = (struct gas){.space = GAS_IO, .width = 8, .address = RESET_PORT};
	f.reset_value = 0x0f;
	return f;
}

static void put_fadt(const struct fadt *f, size_t length)
{
	uint32_t at[] = {0x3000};

	fake_port_in = port_in;
	fake_port_out = port_out;
	pm1a = pm1b = 0;
	off_a = off_b = enabled = resets = 0;
	put_table(0x3000, "FACP", (const char *)f + sizeof(f->header), length - sizeof(f->header));
	put_rsdt(at, 1);
}

/* Name (_S5, Package (4) {5, 6, 0, 0}) among other code, as QEMU's iasl writes it. */
static const uint8_t dsdt[] = {0x10, 0x08, '_',	 'S',  '5',  '_',  0x08, '_',  'S',
			       '5',  '_',  0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x06,
			       0x00, 0x00, 0xa4, 0x00, 0,    0,	   0,	 0};

TEST(power_off_by_pm1)
{
	struct fadt f = make_fadt();

	test_begin();
	f.pm1b_control = PM1B;
	put_fadt(&f, sizeof(f));
	put_table(0x5000, "DSDT", dsdt, sizeof(dsdt));
	CHECK(!acpi_power_off()); /* the fake obeys, but goes on */
	CHECK_EQ(enabled, 1);
	CHECK_EQ(off_a, 1);
	CHECK_EQ(off_b, 1);
}

TEST(power_off_by_reduced_hardware)
{
	struct fadt f = make_fadt();

	test_begin();
	f.flags |= FADT_HW_REDUCED;
	f.sleep_control = (struct gas){.space = GAS_MEMORY, .width = 8, .address = 0x7000};
	put_fadt(&f, sizeof(f));
	put_table(0x5000, "DSDT", dsdt, sizeof(dsdt));
	acpi_power_off();
	CHECK_EQ(low[0x7000], 5 << 2 | 1 << 5);
	CHECK_EQ(off_a, 0);
}

TEST(power_off_needs_an_s5_that_makes_sense)
{
	struct fadt f = make_fadt();

	for (size_t n = 0; n < sizeof(dsdt); n++) {
		test_begin();
		put_fadt(&f, sizeof(f));
		put_table(0x5000, "DSDT", dsdt, n);
		acpi_power_off();
		CHECK_EQ(off_a, n >= 16);
	}
	test_begin();
	put_fadt(&f, sizeof(f));
	CHECK(!acpi_power_off());
	CHECK_EQ(off_a, 0);
}

TEST(integers_of_every_kind)
{
	static const struct {
		uint8_t aml[8];
		unsigned type[2];
		bool ok;
	} cases[] = {
		{{0x12, 0x04, 2, 0x00, 0x01}, {0, 1}, true},
		{{0x12, 0x05, 1, 0x0a, 0x07}, {7, 7}, true},
		{{0x12, 0x07, 2, 0x0b, 0x05, 0x00, 0x01}, {5, 1}, true},
		{{0x12, 0x07, 2, 0x0c, 0x05, 0, 0, 0}, {5, 5}, true},
		{{0x12, 0x44, 0x01, 2, 0x0a, 5, 0x01}, {5, 1}, true},
		{{0x12, 0xc4, 0x01, 0, 0, 2, 0x01, 0}, {1, 0}, true},
		{{0x12, 0x04, 0, 0x00, 0x01}, {0}, false},
		{{0x12, 0x05, 1, 0x70, 0x07}, {0}, false},
		{{0x11, 0x05, 1, 0x0a, 0x07}, {0}, false},
		{{0x12, 0xc4, 0, 0, 0, 1, 0x0c, 5}, {0}, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned type[2] = {99, 99};
		bool ok = aml_s5(cases[i].aml, cases[i].aml + 8, type);

		CHECK_EQ(ok, cases[i].ok);
		if (!ok)
			continue;
		CHECK_EQ(type[0], cases[i].type[0]);
		CHECK_EQ(type[1], cases[i].type[1]);
	}
}

TEST(reset_register)
{
	struct fadt f = make_fadt();

	test_begin();
	f.flags &= ~FADT_RESET;
	put_fadt(&f, sizeof(f));
	CHECK(!acpi_reset());
	CHECK_EQ(resets, 0);
	test_begin();
	f = make_fadt();
	put_fadt(&f, 116); /* a FADT of ACPI 1.0 ends before the register */
	memcpy(low + 0x3000 + 116, (char *)&f + 116, sizeof(f) - 116);
	CHECK(!acpi_reset());
	CHECK_EQ(resets, 0);
}

TEST(pm_timer_port)
{
	struct fadt f = make_fadt();
	bool wide = false;

	test_begin();
	put_fadt(&f, sizeof(f));
	CHECK_EQ(acpi_pm_timer_port(&wide), 0x608);
	CHECK(wide);
	test_begin();
	f.pm_timer = 0;
	f.flags &= ~FADT_TIMER_32;
	f.x_pm_timer = (struct gas){.space = GAS_IO, .address = 0x1008};
	put_fadt(&f, sizeof(f));
	CHECK_EQ(acpi_pm_timer_port(&wide), 0x1008);
	CHECK(!wide);
	test_begin();
	put_fadt(&f, 116); /* the extended field is not there */
	CHECK_EQ(acpi_pm_timer_port(&wide), 0);
}
