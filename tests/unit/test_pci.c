// SPDX-License-Identifier: MIT
/*
 * core/dev/pci.c and pci_function.c against a machine of functions in software, reached by the
 * address and data ports: the scan, BARs, capabilities, MSI-X, INTx, and functions that lie.
 */
#include "test.h"

#include <abi/errno.h>
#include <arch/irq.h>
#include <core/acpi.h>
#include <core/heap.h>
#include <core/page.h>

static unsigned gsi_slot, gsi_pin;

static int test_gsi(unsigned bus, unsigned slot, unsigned pin, unsigned line)
{
	gsi_slot = slot;
	gsi_pin = pin;
	return bus || line == 255 ? -1 : (int)line;
}

static const struct acpi_table *mcfg;

static const struct acpi_table *test_acpi_find(const char signature[4])
{
	return memcmp(signature, "MCFG", 4) ? NULL : mcfg;
}

/* Included: each test scans anew, and sees which pin the chipset is asked for. */
#define acpi_find test_acpi_find
#include "../../core/dev/pci.c"
#define arch_irq_pci_gsi test_gsi
#include "../../core/dev/pci_function.c"

struct function {
	uint8_t bus, slot, fn;
	uint8_t config[256];
	uint32_t bar_mask[6];
	unsigned probed_while_on; /* all ones written to a BAR while it decodes */
};

static struct function machine[16];
static unsigned functions;
static uint32_t address;

static struct function *at(unsigned bus, unsigned slot, unsigned fn)
{
	for (unsigned i = 0; i < functions; i++)
		if (machine[i].bus == bus && machine[i].slot == slot && machine[i].fn == fn)
			return &machine[i];
	return NULL;
}

static struct function *addressed(void)
{
	return address >> 31 ? at(address >> 16 & 255, address >> 11 & 31, address >> 8 & 7) : NULL;
}

static uint32_t port_in(uint16_t port, unsigned size)
{
	struct function *f = addressed();
	uint32_t v = UINT32_MAX;

	if (port >= 0xcfc && f)
		memcpy(&v, f->config + (address & 0xfc) + (port & 3), size);
	return v;
}

static void bar_write(struct function *f, unsigned bar, uint32_t v)
{
	uint32_t old;

	memcpy(&old, f->config + 0x10 + bar * 4, 4);
	if (v == UINT32_MAX && f->config[4] & 3)
		f->probed_while_on++;
	old = (v & f->bar_mask[bar]) | (old & ~f->bar_mask[bar] & 15);
	memcpy(f->config + 0x10 + bar * 4, &old, 4);
}

static void port_out(uint16_t port, uint32_t v, unsigned size)
{
	struct function *f = addressed();
	unsigned reg = (address & 0xfc) + (port & 3);

	if (port == 0xcf8)
		address = v;
	else if (f && port >= 0xcfc && reg >= 0x10 && reg < 0x28 && size == 4)
		bar_write(f, (reg - 0x10) / 4, v);
	else if (f && port >= 0xcfc)
		memcpy(f->config + reg, &v, size);
}

static void put16(struct function *f, unsigned reg, uint16_t v)
{
	memcpy(f->config + reg, &v, 2);
}

static void put32(struct function *f, unsigned reg, uint32_t v)
{
	memcpy(f->config + reg, &v, 4);
}

static struct function *add(unsigned bus, unsigned slot, unsigned fn, uint16_t device)
{
	struct function *f = &machine[functions++];

	memset(f, 0, sizeof(*f));
	f->bus = bus;
	f->slot = slot;
	f->fn = fn;
	put16(f, 0, 0x1234);
	put16(f, 2, device);
	return f;
}

static struct function *add_bridge(unsigned bus, unsigned slot, unsigned fn, unsigned secondary)
{
	struct function *f = add(bus, slot, fn, 0xb000 + secondary);

	put32(f, 8, 0x06040000);
	f->config[0x0e] = 1;
	f->config[0x19] = secondary;
	return f;
}

/* A MSI-X capability at 0x40: count entries in BAR bar at offset. */
static void add_msix(struct function *f, unsigned count, uint32_t table)
{
	f->config[6] = 1 << 4;
	f->config[0x34] = 0x40;
	f->config[0x40] = 0x11;
	put16(f, 0x42, count - 1);
	put32(f, 0x44, table);
}

static unsigned matched, probed;

static bool driver_match(const struct pci_device *d)
{
	matched++;
	return d->device == 0xd000;
}

static int driver_probe(struct pci_device *d)
{
	(void)d;
	probed++;
	return 0;
}

static const struct pci_driver test_driver = {"test", driver_match, driver_probe};

/* What the linker script gives: the array's start and end. */
extern const struct pci_driver *const pci_drivers_start[];
const struct pci_driver *const pci_drivers_start[] = {&test_driver};
__asm__(".globl pci_drivers_end\n.set pci_drivers_end, pci_drivers_start + 8");

static struct pci_device *find(uint16_t device)
{
	for (struct pci_device *d = pci_first(); d; d = d->next)
		if (d->device == device)
			return d;
	return NULL;
}

static unsigned listed(void)
{
	unsigned n = 0;

	for (struct pci_device *d = pci_first(); d; d = d->next)
		n++;
	return n;
}

/* An empty machine but for its host bridge. */
static void test_begin(void)
{
	struct pci_device *next;

	for (struct pci_device *d = first; d; d = next) {
		next = d->next;
		kfree(d);
	}
	first = NULL;
	last = &first;
	functions = 0;
	matched = probed = 0;
	mcfg = NULL;
	memset(ecam, 0, sizeof(ecam));
	fake_port_in = port_in;
	fake_port_out = port_out;
	put32(add(0, 0, 0, 0x1237), 8, 0x06000000);
}

TEST(finds_what_is_there)
{
	test_begin();
	add(0, 3, 0, 0x1000);
	add(0, 5, 0, 0x2000)->config[0x0e] = 0x80;
	add(0, 5, 1, 0x2001);
	add(0, 5, 7, 0x2007);
	add(0, 6, 0, 0x3000);
	add(0, 6, 1, 0x3001); /* not there: function 0 is not multi-function */
	add_bridge(0, 31, 0, 4);
	add(4, 2, 0, 0x4000);
	add_bridge(4, 7, 0, 9);
	add(9, 31, 0, 0x9000);
	add(10, 0, 0, 0xa000); /* behind no bridge */
	pci_init();
	CHECK_EQ(listed(), 10);
	CHECK(find(0x2007) && find(0x9000));
	CHECK(!find(0x3001) && !find(0xa000));
	REQUIRE(find(0x9000) && find(0x9000)->bridge);
	CHECK_EQ(find(0x9000)->bridge->device, 0xb009);
	CHECK_EQ(find(0x9000)->bridge->bridge->device, 0xb004);
	CHECK(strstr(fake_log_last, "10 functions"));
}

TEST(bridges_in_a_circle_end)
{
	test_begin();
	add_bridge(0, 1, 0, 20);
	add_bridge(20, 0, 0, 21);
	add_bridge(21, 0, 0, 20);
	add_bridge(21, 1, 0, 0);
	pci_init();
	CHECK_EQ(listed(), 5);
}

TEST(behind_an_express_port_is_one_slot)
{
	struct function *port;

	test_begin();
	port = add_bridge(0, 1, 0, 30);
	port->config[6] = 1 << 4;
	port->config[0x34] = 0x40;
	port->config[0x40] = 0x10;
	put16(port, 0x42, 4 << 4);
	add(30, 0, 0, 0x5000);
	add(30, 1, 0, 0x5001);
	pci_init();
	CHECK(find(0x5000));
	CHECK(!find(0x5001));
}

TEST(no_bus)
{
	test_begin();
	functions = 0;
	pci_init();
	CHECK(strstr(fake_log_last, "no PCI bus"));
}

TEST(drivers_are_offered_functions)
{
	test_begin();
	add(0, 1, 0, 0xd000);
	add(0, 2, 0, 0xd001);
	add(0, 3, 0, 0xd000);
	pci_init();
	pci_probe_drivers();
	CHECK_EQ(matched, 4);
	CHECK_EQ(probed, 2);
	CHECK(find(0xd000)->driver == &test_driver);
	CHECK(!find(0xd001)->driver);
}

TEST(widths_and_neighbours)
{
	struct pci_device d = {.slot = 1};
	struct function *f;

	test_begin();
	f = add(0, 1, 0, 0x1000);
	put32(f, 0x40, 0x44332211);
	CHECK_EQ(pci_read8(&d, 0x42), 0x33);
	CHECK_EQ(pci_read16(&d, 0x42), 0x4433);
	CHECK_EQ(pci_read32(&d, 0x40), 0x44332211);
	pci_write8(&d, 0x41, 0xaa);
	pci_write16(&d, 0x42, 0xbbcc);
	CHECK_EQ(pci_read32(&d, 0x40), 0xbbccaa11);
}

TEST(a_capability_list_in_a_circle_ends)
{
	struct pci_device d = {.slot = 1};
	struct function *f;

	test_begin();
	f = add(0, 1, 0, 0x1000);
	CHECK_EQ(pci_find_capability(&d, 9, 0), 0);
	f->config[6] = 1 << 4;
	f->config[0x34] = 0x51; /* the low bits mean nothing */
	memcpy(f->config + 0x50, "\x05\x60", 2);
	memcpy(f->config + 0x60, "\x09\x70", 2);
	memcpy(f->config + 0x70, "\x09\x50", 2);
	CHECK_EQ(pci_find_capability(&d, 9, 0), 0x60);
	CHECK_EQ(pci_find_capability(&d, 9, 0x70), 0x70);
	CHECK_EQ(pci_find_capability(&d, 0x11, 0), 0);
	f->config[0x34] = 0x10;
	CHECK_EQ(pci_find_capability(&d, 5, 0), 0);
}

/* Memory the size of a page, for a BAR: its "physical" address. */
static uint64_t ram_bar(void **host)
{
	*host = page_alloc_zeroed(0);
	return virt_to_phys(*host);
}

TEST(bars)
{
	struct pci_device d = {.slot = 1};
	struct function *f;
	uint64_t base;
	size_t size = 0;
	void *host;

	test_begin();
	f = add(0, 1, 0, 0x1000);
	put16(f, 4, 3);
	put32(f, 0x10, 0xc001); /* I/O, 32 ports, upper half not writable */
	f->bar_mask[0] = 0xffe0;
	put32(f, 0x14, 0xfe000000); /* 32 bits, 4 KiB */
	f->bar_mask[1] = 0xfffff000;
	base = ram_bar(&host); /* 64 bits, prefetchable, 4 KiB */
	put32(f, 0x18, (uint32_t)base | 12);
	put32(f, 0x1c, base >> 32);
	f->bar_mask[2] = 0xfffff000;
	f->bar_mask[3] = 0xffffffff;
	put32(f, 0x20, 0xfd000000); /* 512 MiB: absurd */
	f->bar_mask[4] = 0xe0000000;
	put32(f, 0x24, 4); /* 64 bits without an upper half */
	f->bar_mask[5] = 0xfffff000;

	CHECK_EQ(pci_io_bar(&d, 0, &size), 0xc000);
	CHECK_EQ(size, 32);
	CHECK(!pci_map_bar(&d, 0, &size));
	CHECK_EQ(pci_io_bar(&d, 1, &size), 0);
	CHECK(pci_map_bar(&d, 1, &size) == phys_to_virt(0xfe000000));
	CHECK_EQ(size, 4096);
	size = 0;
	CHECK(pci_map_bar(&d, 2, &size) == host);
	CHECK_EQ(size, 4096);
	CHECK(pci_map_bar(&d, 2, &size) == host);
	CHECK(!pci_map_bar(&d, 4, &size));
	CHECK(!pci_map_bar(&d, 5, &size));
	CHECK(!pci_map_bar(&d, 6, &size));
	CHECK_EQ(f->probed_while_on, 0);
	CHECK_EQ(pci_read16(&d, 4), 3);
	CHECK_EQ(pci_read32(&d, 0x1c), base >> 32);
}

TEST(a_bar_without_address_or_size_is_none)
{
	struct pci_device d = {.slot = 1};
	struct function *f;
	size_t size;

	test_begin();
	f = add(0, 1, 0, 0x1000);
	f->bar_mask[0] = 0xfffff000;
	put32(f, 0x14, 0xfe000000);
	CHECK(!pci_map_bar(&d, 0, &size));
	CHECK(!pci_map_bar(&d, 1, &size));
}

static unsigned fired;

static void on_fire(void *arg)
{
	fired += *(unsigned *)arg;
}

TEST(msix)
{
	struct pci_device d = {.slot = 1};
	unsigned seven = 7;
	struct function *f;
	uint32_t *table;
	uint64_t base;
	void *host;

	test_begin();
	f = add(0, 1, 0, 0x1000);
	CHECK_EQ(pci_msix_count(&d), 0);
	CHECK_EQ(pci_msix_set(&d, 0, on_fire, &seven), -ENODEV);
	base = ram_bar(&host);
	put32(f, 0x10, (uint32_t)base | 4);
	put32(f, 0x14, base >> 32);
	f->bar_mask[0] = 0xfffff000;
	f->bar_mask[1] = 0xffffffff;
	add_msix(f, 3, 0x800);
	table = (void *)((char *)host + 0x800);
	CHECK_EQ(pci_msix_count(&d), 3);
	CHECK_EQ(pci_msix_set(&d, 3, on_fire, &seven), -EINVAL);
	CHECK_EQ(pci_msix_set(&d, 1, on_fire, &seven), 0);
	CHECK_EQ(pci_read16(&d, 0x42) & 0xc000, 0xc000); /* on, but all masked */
	CHECK_EQ(table[3], 1);
	CHECK_EQ(table[4], 0xfee00000);
	CHECK_EQ(table[7], 0);
	CHECK_EQ(table[11], 1);
	pci_msix_enable(&d);
	CHECK_EQ(pci_read16(&d, 0x42) & 0xc000, 0x8000);
	CHECK(pci_read16(&d, 4) & 1 << 10);
	fired = 0;
	fake_irq_msi(table[6]);
	CHECK_EQ(fired, 7);
	pci_msix_disable(&d);
	CHECK_EQ(pci_read16(&d, 0x42) & 0x8000, 0);
}

TEST(a_msix_table_outside_its_bar_is_refused)
{
	static const uint32_t tables[] = {0xff8, 0x1000, 0xfffffff8, 0x5, 0x7};

	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		struct pci_device d = {.slot = 1};
		struct function *f;
		uint64_t base;
		void *host;

		test_begin();
		f = add(0, 1, 0, 0x1000);
		base = ram_bar(&host);
		put32(f, 0x10, (uint32_t)base | 4);
		put32(f, 0x14, base >> 32);
		f->bar_mask[0] = 0xfffff000;
		f->bar_mask[1] = 0xffffffff;
		add_msix(f, 2, tables[i]);
		CHECK_EQ(pci_msix_set(&d, 0, on_fire, NULL), -ENODEV);
		CHECK(!(pci_read16(&d, 0x42) & 0x8000));
	}
}

TEST(wired_pins_turn_at_each_bridge)
{
	struct pci_device outer = {.slot = 2}, inner = {.bus = 40, .slot = 5, .bridge = &outer};
	struct pci_device d = {.bus = 41, .slot = 7, .bridge = &inner};
	unsigned one = 1;
	struct function *f;

	test_begin();
	f = add(41, 7, 0, 0x1000);
	CHECK_EQ(pci_intx_set(&d, on_fire, &one), -ENODEV); /* no pin */
	f->config[0x3d] = 2;
	f->config[0x3c] = 11;
	put16(f, 4, 1 << 10);
	CHECK_EQ(pci_intx_set(&d, on_fire, &one), 0);
	CHECK_EQ(gsi_slot, 2);
	CHECK_EQ(gsi_pin, (1 + 7 + 5) % 4 + 1);
	CHECK(!(pci_read16(&d, 4) & 1 << 10));
	fired = 0;
	fake_irq_wired(11);
	CHECK_EQ(fired, 1);
	f->config[0x3c] = 255;
	CHECK_EQ(pci_intx_set(&d, on_fire, &one), -ENODEV);
	f->config[0x3d] = 5;
	CHECK_EQ(pci_intx_set(&d, on_fire, &one), -ENODEV);
}

/* An MCFG whose one window, buses 0 to last, is host memory with a function in slot 3 of bus 0. */
static uint8_t *put_mcfg(unsigned host_id)
{
	static struct {
		struct acpi_table header;
		uint64_t reserved;
		struct mcfg_entry entry[2];
	} __packed table;
	static uint8_t *window;

	if (!window)
		window = aligned_alloc(PAGE_SIZE, BUS_ECAM_SIZE);
	memset(window, 0xff, BUS_ECAM_SIZE);
	memset(window + (3 << SLOT_OFFSET), 0, 256);
	memcpy(window, &host_id, 4);
	memcpy(window + (3 << SLOT_OFFSET), "\x34\x12\x77\x77", 4);
	table.header.length = sizeof(table);
	table.entry[0] = (struct mcfg_entry){.base = 1, .segment = 1, .last_bus = 255};
	table.entry[1] = (struct mcfg_entry){.base = virt_to_phys(window), .last_bus = 0};
	mcfg = &table.header;
	return window;
}

TEST(ecam_is_used)
{
	struct pci_device *d;
	uint8_t *window;

	test_begin();
	window = put_mcfg(0x12371234);
	pci_init();
	d = find(0x7777);
	REQUIRE(d);
	CHECK(strstr(fake_log_last, "ECAM"));
	pci_write16(d, 0x104, 0xabcd);
	CHECK_EQ(window[(3 << SLOT_OFFSET) + 0x105], 0xab);
	CHECK_EQ(pci_read8(d, 0x104), 0xcd);
}

TEST(ecam_that_shows_another_machine_is_not)
{
	test_begin();
	add(0, 4, 0, 0x8888);
	put_mcfg(0x99991234);
	pci_init();
	CHECK(!find(0x7777));
	CHECK(find(0x8888));
	CHECK(strstr(fake_log_last, "ports"));
}
