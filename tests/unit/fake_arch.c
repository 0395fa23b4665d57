// SPDX-License-Identifier: MIT
/*
 * The architecture contract for unit tests: page table, copies to and from the app, clock, ports,
 * interrupts. Strict where the real one is lenient: what the contract forbids fails the test.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/signal.h>
#include <arch/smp.h>
#include <arch/thread.h>
#include <arch/uaccess.h>
#include <arch/vdso.h>
#include <core/page.h>
#include <core/vm.h>

#include "fake_internal.h"
#include "test.h"

#define WRONG(...) test_abort(__FILE__, __LINE__, __VA_ARGS__)

/* ---- physical memory ---- */
/* Kept, so that the leak checker finds what the core keeps in its pages. */
static void *rams[32];

void *fake_ram(size_t n)
{
	static unsigned used;
	size_t align = PAGE_SIZE << PAGE_MAX_ORDER;
	void *p = aligned_alloc(align, ALIGN_UP(n, align));

	if (!p || used == ARRAY_SIZE(rams))
		abort();
	rams[used++] = p;
	return p;
}

void fake_boot(void)
{
	phys_t pa = virt_to_phys(fake_ram(FAKE_RAM));

	page_add_range(pa, pa + FAKE_RAM);
}

void arch_zero_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void arch_zero_large(void *block)
{
	memset(block, 0, LARGE_SIZE);
}

void arch_copy_page(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

struct arch_vdso arch_vdso(void)
{
	return (struct arch_vdso){0, 0, 0};
}

void volatile *arch_mmio_map(phys_t pa, size_t size)
{
	(void)size;
	return phys_to_virt(pa);
}

/* ---- the app's page table: four levels of 512 ---- */

struct pte {
	phys_t pa;
	unsigned prot;
	bool present, large; /* large: one of a whole large page's entries */
};

struct level {
	void *entry[512];
};

static struct level *root;
size_t fake_mmu_mapped, fake_mmu_flushes;
unsigned fake_mmu_fail;

static struct pte *pte_of(uintptr_t va, bool create)
{
	void **slot = (void **)&root;

	for (int shift = 39; shift >= 12; shift -= 9) {
		if (!*slot && !create)
			return NULL;
		if (!*slot)
			*slot = calloc(1, shift > 12 ? sizeof(struct level)
						     : 512 * sizeof(struct pte));
		if (shift == 12)
			break;
		slot = &((struct level *)*slot)->entry[va >> shift & 511];
	}
	return &((struct pte *)*slot)[va >> 12 & 511];
}

/* The next present page at or after va and below end, skipping what has no table. */
static struct pte *pte_next(uintptr_t *va, uintptr_t end)
{
	while (*va < end) {
		struct pte *p = pte_of(*va, false);

		if (p && p->present)
			return p;
		*va = p ? *va + PAGE_SIZE : ALIGN_DOWN(*va, 1UL << 21) + (1UL << 21);
		if (!p && root) /* whole missing branches at once */
			for (int shift = 39; shift > 21; shift -= 9) {
				struct level *l = root;

				for (int s = 39; l && s > shift; s -= 9)
					l = l->entry[*va >> s & 511];
				if (l && !l->entry[*va >> shift & 511]) {
					*va = ALIGN_UP(*va, 1UL << shift);
					break;
				}
			}
		if (!root)
			break;
	}
	return NULL;
}

static void check_range(uintptr_t start, uintptr_t end)
{
	if (start < ARCH_USER_START || end > ARCH_USER_END || start > end ||
	    !IS_ALIGNED(start | end, PAGE_SIZE))
		WRONG("page table: bad range %#lx-%#lx", start, end);
}

int arch_mmu_map(uintptr_t va, phys_t pa, unsigned prot)
{
	struct pte *p;

	check_range(va, va + PAGE_SIZE);
	if (!IS_ALIGNED(pa, PAGE_SIZE))
		WRONG("page table: physical address %#lx is not a page's", (unsigned long)pa);
	if (fake_mmu_fail && !--fake_mmu_fail)
		return -ENOMEM;
	p = pte_of(va, true);
	if (p->present)
		return -EEXIST;
	*p = (struct pte){pa, prot, true, false};
	fake_mmu_mapped++;
	return 0;
}

static size_t large_count;

int arch_mmu_map_large(uintptr_t va, phys_t pa, unsigned prot)
{
	check_range(va, va + LARGE_SIZE);
	if (!IS_ALIGNED(va | pa, LARGE_SIZE))
		WRONG("page table: a large page at %#lx is %#lx", va, (unsigned long)pa);
	if (fake_mmu_fail && !--fake_mmu_fail)
		return -ENOMEM;
	if (arch_mmu_next(va, va + LARGE_SIZE) < va + LARGE_SIZE)
		return -EEXIST;
	for (uintptr_t i = 0; i < LARGE_SIZE; i += PAGE_SIZE)
		*pte_of(va + i, true) = (struct pte){pa + i, prot & ~MMU_LARGE, true, true};
	fake_mmu_mapped += LARGE_SIZE / PAGE_SIZE;
	large_count++;
	return 0;
}

void arch_mmu_split(uintptr_t va)
{
	uintptr_t start = ALIGN_DOWN(va, LARGE_SIZE);
	struct pte *p = pte_of(start, false);

	if (!p || !p->present || !p->large)
		return;
	page_split(phys_to_virt(p->pa), ARCH_LARGE_ORDER);
	for (uintptr_t i = 0; i < LARGE_SIZE; i += PAGE_SIZE)
		pte_of(start + i, false)->large = false;
	large_count--;
}

size_t arch_mmu_large_count(void)
{
	return large_count;
}

/* What of [start, end) is a part of a large page only. */
static void split_ends(uintptr_t start, uintptr_t end)
{
	if (!IS_ALIGNED(start, LARGE_SIZE))
		arch_mmu_split(start);
	if (!IS_ALIGNED(end, LARGE_SIZE))
		arch_mmu_split(end);
}

struct taken {
	uintptr_t va;
	phys_t pa;
	unsigned order;
};

void arch_mmu_unmap(uintptr_t start, uintptr_t end, mmu_each each, void *arg)
{
	struct taken *t = malloc((fake_mmu_mapped + 1) * sizeof(*t));
	struct pte *p;
	size_t n = 0;

	check_range(start, end);
	split_ends(start, end);
	while ((p = pte_next(&start, end))) {
		if (!p->large || IS_ALIGNED(start, LARGE_SIZE))
			t[n++] = (struct taken){start, p->pa, p->large ? ARCH_LARGE_ORDER : 0};
		large_count -= p->large && IS_ALIGNED(start, LARGE_SIZE);
		p->present = false;
		fake_mmu_mapped--;
	}
	fake_mmu_flushes += n > 0;
	for (size_t i = 0; i < n && each; i++)
		each(arg, t[i].va, t[i].pa, t[i].order);
	free(t);
}

void arch_mmu_protect(uintptr_t start, uintptr_t end, unsigned prot)
{
	struct pte *p;

	check_range(start, end);
	split_ends(start, end);
	fake_mmu_flushes++;
	for (; (p = pte_next(&start, end)); start += PAGE_SIZE)
		p->prot = prot;
}

phys_t arch_mmu_lookup(uintptr_t va, unsigned *prot)
{
	struct pte *p = pte_of(va & 0x7fffffffffff, false);

	if (!p || !p->present)
		return PHYS_NONE;
	if (prot)
		*prot = p->prot | (p->large ? MMU_LARGE : 0);
	return p->pa;
}

uintptr_t arch_mmu_find(phys_t pa)
{
	uintptr_t va = ARCH_USER_START;
	struct pte *p;

	for (; (p = pte_next(&va, ARCH_USER_END)); va += PAGE_SIZE)
		if (p->pa == pa)
			return va;
	return 0;
}

uintptr_t arch_mmu_next(uintptr_t va, uintptr_t end)
{
	return pte_next(&va, end) ? va : end;
}

static void mmu_reset(void **slot, int shift)
{
	if (!*slot)
		return;
	if (shift > 12)
		for (int i = 0; i < 512; i++)
			mmu_reset(&((struct level *)*slot)->entry[i], shift - 9);
	free(*slot);
	*slot = NULL;
}

/* ---- copies to and from the app ---- */

uintptr_t fake_user_fault;
int (*fake_fault_handler)(uintptr_t addr, unsigned access);

static bool one_word; /* the access may be with interrupts off: arch/uaccess.h */

/* Host address of an app byte that may be accessed so, or NULL after an unresolved fault. */
static char *user_byte(uintptr_t va, bool write)
{
	unsigned prot = 0, need = MMU_USER | (write ? MMU_WRITE : MMU_READ);

	if (fake_mutexes_held || !(fake_irq_on || one_word))
		WRONG("access to the app's memory with a mutex held or interrupts off");
	if (va < ARCH_USER_START || va >= ARCH_USER_END)
		return NULL;
	for (int tries = 0; tries < 3; tries++) {
		phys_t pa = arch_mmu_lookup(va, &prot);

		if (pa != PHYS_NONE && (prot & need) == need)
			return (char *)phys_to_virt(pa) + va % PAGE_SIZE;
		if (!fake_irq_on || !fake_fault_handler ||
		    fake_fault_handler(va, write ? VM_FAULT_WRITE : 0))
			return NULL;
	}
	WRONG("fault at %#lx was called resolved, but is not", va);
}

/* Calls op for each piece within a page; the bytes not reached. */
static size_t user_walk(uintptr_t va, size_t n, bool write, char *core,
			void (*op)(char *user, char *core, size_t n))
{
	while (n) {
		size_t k = min(n, PAGE_SIZE - va % PAGE_SIZE);
		char *p;

		if (fake_user_fault && va >= fake_user_fault)
			break;
		if (fake_user_fault && va + k > fake_user_fault)
			k = fake_user_fault - va;
		p = user_byte(va, write);
		if (!p)
			break;
		op(p, core, k);
		va += k;
		n -= k;
		core += core ? k : 0;
	}
	return n;
}

static void op_from(char *user, char *core, size_t n)
{
	memcpy(core, user, n);
}

static void op_to(char *user, char *core, size_t n)
{
	memcpy(user, core, n);
}

static void op_clear(char *user, char *core, size_t n)
{
	(void)core;
	memset(user, 0, n);
}

size_t arch_copy_from_user(void *dst, const void *src, size_t n)
{
	return user_walk((uintptr_t)src, n, false, dst, op_from);
}

size_t arch_copy_to_user(void *dst, const void *src, size_t n)
{
	return user_walk((uintptr_t)dst, n, true, (char *)(uintptr_t)src, op_to);
}

size_t arch_clear_user(void *dst, size_t n)
{
	return user_walk((uintptr_t)dst, n, true, NULL, op_clear);
}

int arch_get_user32(uint32_t *dst, const uint32_t *src)
{
	size_t left;

	one_word = true;
	left = arch_copy_from_user(dst, src, sizeof(*dst));
	one_word = false;
	return left ? -EFAULT : 0;
}

int arch_put_user32(uint32_t *dst, uint32_t value)
{
	size_t left;

	one_word = true;
	left = arch_copy_to_user(dst, &value, sizeof(value));
	one_word = false;
	return left ? -EFAULT : 0;
}

int arch_cmpxchg_user32(uint32_t *at, uint32_t *expected, uint32_t new)
{
	uint32_t now;
	int err = arch_get_user32(&now, at);

	if (!err && now == *expected)
		err = arch_put_user32(at, new);
	*expected = now;
	return err;
}

int arch_put_user_pair(void *at, uint64_t first, uint64_t second)
{
	const uint64_t pair[2] = {first, second};

	return arch_copy_to_user(at, pair, sizeof(pair)) ? -EFAULT : 0;
}

long arch_strncpy_from_user(char *dst, const char *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (arch_copy_from_user(dst + i, src + i, 1))
			return -1;
		if (!dst[i])
			return (long)i + 1;
	}
	return (long)n;
}

#define USER_BASE 0x10000000UL /* where nothing of the host lies */

static struct user_block {
	struct user_block *next;
	void *host;
} * user_blocks;
static uintptr_t user_top = USER_BASE;

void *fake_user_alloc(size_t n)
{
	size_t size = ALIGN_UP(n ? n : 1, PAGE_SIZE);
	struct user_block *b = malloc(sizeof(*b));
	uintptr_t va = user_top;

	b->next = user_blocks;
	b->host = aligned_alloc(PAGE_SIZE, size);
	user_blocks = b;
	memset(b->host, 0xa5, size);
	for (size_t off = 0; off < size; off += PAGE_SIZE)
		if (arch_mmu_map(va + off, virt_to_phys((char *)b->host + off),
				 MMU_READ | MMU_WRITE | MMU_USER))
			WRONG("fake_user_alloc: no memory");
	user_top = va + size + PAGE_SIZE;
	return (void *)(va + size - ALIGN_UP(n, 16UL));
}

void *fake_user_dup(const void *data, size_t n)
{
	void *p = fake_user_alloc(n);

	if (n)
		memcpy(fake_user_host(p), data, n);
	return p;
}

char *fake_user_str(const char *s)
{
	return fake_user_dup(s, strlen(s) + 1);
}

void *fake_user_host(const void *p)
{
	phys_t pa = arch_mmu_lookup((uintptr_t)p, NULL);

	return pa == PHYS_NONE ? NULL : (char *)phys_to_virt(pa) + (uintptr_t)p % PAGE_SIZE;
}

/* ---- CPU, threads ---- */

bool fake_irq_on = true, fake_has_random = true;
static uint64_t random_state;

bool arch_random(uint64_t *out)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	*out = z ^ z >> 31;
	return fake_has_random;
}

void arch_idle(void)
{
	WRONG("arch_idle: nothing will ever happen here");
}

void arch_seal(void)
{
}

void arch_backtrace(void)
{
}

void arch_power_off(unsigned status)
{
	fake_end("power off", (int)status);
}

void arch_reboot(void)
{
	fake_end("reboot", -1);
}

void arch_halt(void)
{
	fake_end("halt", -1);
}

int arch_thread_init(struct thread *t, void (*fn)(void *), void *arg)
{
	(void)t;
	(void)fn;
	(void)arg;
	return -ENOMEM;
}

void arch_thread_destroy(struct thread *t)
{
	(void)t;
}

void arch_thread_switch(struct thread *prev, struct thread *next)
{
	(void)prev;
	(void)next;
	WRONG("arch_thread_switch: there is one thread only");
}

void arch_enter_user(uintptr_t pc, uintptr_t sp)
{
	WRONG("arch_enter_user(%#lx, %#lx)", pc, sp);
}

unsigned long arch_hwcap(unsigned word)
{
	return word ? 2 : 0x123;
}

unsigned long arch_minsigstksz(void)
{
	return 2048;
}

uintptr_t fake_user_sp;
unsigned fake_user_reports;

uintptr_t arch_user_sp(void)
{
	return fake_user_sp;
}

uintptr_t arch_user_pc(void)
{
	return 0;
}

void arch_report_user(void)
{
	fake_user_reports++;
}

void arch_send_resched(unsigned id)
{
	(void)id;
}

unsigned arch_cpu_count(void)
{
	return 1;
}

/* ---- clock ---- */

uint64_t fake_clock, fake_timer_deadline, fake_wall_clock = 1700000000;

uint64_t arch_clock_now(void)
{
	return fake_clock;
}

void arch_clock_set_rate(int64_t rate)
{
	(void)rate;
}

void arch_timer_set(uint64_t deadline)
{
	fake_timer_deadline = deadline;
}

void arch_timer_stop(void)
{
	fake_timer_deadline = UINT64_MAX;
}

uint64_t arch_wall_clock(void)
{
	return fake_wall_clock;
}

/* ---- ports and interrupts ---- */

uint8_t fake_port[65536 + 4];
uint32_t (*fake_port_in)(uint16_t port, unsigned size);
void (*fake_port_out)(uint16_t port, uint32_t v, unsigned size);

uint32_t fake_in(uint16_t port, unsigned size)
{
	uint32_t v = 0;

	if (fake_port_in)
		return fake_port_in(port, size);
	memcpy(&v, fake_port + port, size);
	return v;
}

void fake_out(uint16_t port, uint32_t v, unsigned size)
{
	if (fake_port_out)
		fake_port_out(port, v, size);
	else
		memcpy(fake_port + port, &v, size);
}

struct irq {
	void (*handler)(void *);
	void *arg;
};
static struct irq msi[64], wired[64];
static unsigned msis;

int arch_irq_msi(void (*handler)(void *), void *arg, uint64_t *address, uint32_t *data)
{
	if (msis == ARRAY_SIZE(msi))
		return -ENOSPC;
	msi[msis] = (struct irq){handler, arg};
	*address = 0xfee00000;
	*data = msis++;
	return 0;
}

int arch_irq_wired(unsigned gsi, bool level_low, void (*handler)(void *), void *arg)
{
	(void)level_low;
	if (gsi >= ARRAY_SIZE(wired))
		return -EINVAL;
	wired[gsi] = (struct irq){handler, arg};
	return 0;
}

int arch_irq_pci_gsi(unsigned bus, unsigned slot, unsigned pin, unsigned line)
{
	(void)bus;
	(void)slot;
	(void)pin;
	return line < ARRAY_SIZE(wired) ? (int)line : -1;
}

static void irq_run(const struct irq *i)
{
	bool was = fake_irq_on;

	if (!i->handler)
		WRONG("an interrupt nobody asked for");
	fake_irq_on = false;
	i->handler(i->arg);
	fake_irq_on = was;
}

void fake_irq_msi(uint32_t data)
{
	irq_run(&msi[data % ARRAY_SIZE(msi)]);
}

void fake_irq_wired(unsigned gsi)
{
	irq_run(&wired[gsi % ARRAY_SIZE(wired)]);
}

/* ---- reset ---- */

void fake_arch_reset(void)
{
	while (user_blocks) {
		struct user_block *b = user_blocks;

		user_blocks = b->next;
		free(b->host);
		free(b);
	}
	mmu_reset((void **)&root, 39);
	user_top = USER_BASE;
	fake_mmu_mapped = fake_mmu_flushes = large_count = 0;
	fake_mmu_fail = 0;
	fake_user_fault = 0;
	fake_user_sp = 0;
	fake_user_reports = 0;
	fake_fault_handler = NULL;
	fake_irq_on = fake_has_random = true;
	random_state = 0;
	fake_clock = 0;
	fake_wall_clock = 1700000000;
	fake_timer_deadline = UINT64_MAX;
	memset(fake_port, 0, sizeof(fake_port));
	fake_port_in = NULL;
	fake_port_out = NULL;
	memset(msi, 0, sizeof(msi));
	memset(wired, 0, sizeof(wired));
	msis = 0;
}
