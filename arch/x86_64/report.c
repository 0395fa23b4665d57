/* SPDX-License-Identifier: MIT */
/*
 * Registers and backtraces for the log, of the core and of the app. Nothing here may fault: stacks
 * are walked within their bounds, the app's memory through the tables.
 */
#include <arch/mmu.h>
#include <core/log.h>
#include <core/page.h>
#include <core/process.h>
#include <core/sched.h>
#include <x86/arch.h>
#include <x86/percpu.h>

#define FRAMES_MAX 32
#define STACK_SIZE 16384

#define NAME_MAX 64

/* The core's symbols as tools/symbols.awk packs them. */
extern const uint8_t core_symbols[], core_symbols_end[];

/* Reads the function at *p: how far it is from the one before, and its name over that one's. */
static uint64_t next_symbol(const uint8_t **p, char name[NAME_MAX])
{
	unsigned shift = 0, at;
	uint64_t distance = 0;

	do {
		distance |= (**p & 0x7full) << shift;
		shift += 7;
	} while (*(*p)++ & 0x80);
	at = *(*p)++;
	do {
		name[at < NAME_MAX ? at : NAME_MAX - 1] = (char)**p;
		at++;
	} while (*(*p)++);
	name[NAME_MAX - 1] = 0;
	return distance;
}

/* The name of the core's function around addr, which is left in the buffer; NULL: there is none. */
static const char *core_symbol(uintptr_t addr, uint64_t *offset, char name[NAME_MAX])
{
	const uint8_t *p = core_symbols, *found = NULL;
	uintptr_t at = (uintptr_t)core_image_start;

	if (addr < (uintptr_t)core_text_start || addr >= (uintptr_t)core_text_end)
		return NULL;
	while (p < core_symbols_end) {
		at += next_symbol(&p, name);
		if (at > addr)
			break;
		*offset = addr - at;
		found = p;
	}
	if (!found)
		return NULL;
	for (p = core_symbols; p < found;)
		(void)next_symbol(&p, name);
	return name;
}

static void report_frame(unsigned n, uintptr_t ip, const char *name, uint64_t offset)
{
	if (name)
		log_err("  #%u %#lx %s+%#llx", n, (unsigned long)ip, name,
			(unsigned long long)offset);
	else
		log_err("  #%u %#lx", n, (unsigned long)ip);
}

void report_registers(const struct regs *r)
{
	log_err("  rip %016llx rsp %016llx flags %08llx cs %02llx ss %02llx",
		(unsigned long long)r->ip, (unsigned long long)r->sp, (unsigned long long)r->flags,
		(unsigned long long)r->cs, (unsigned long long)r->ss);
	log_err("  rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)r->ax,
		(unsigned long long)r->bx, (unsigned long long)r->cx, (unsigned long long)r->dx);
	log_err("  rsi %016llx rdi %016llx rbp %016llx r8  %016llx", (unsigned long long)r->si,
		(unsigned long long)r->di, (unsigned long long)r->bp, (unsigned long long)r->r8);
	log_err("  r9  %016llx r10 %016llx r11 %016llx r12 %016llx", (unsigned long long)r->r9,
		(unsigned long long)r->r10, (unsigned long long)r->r11, (unsigned long long)r->r12);
	log_err("  r13 %016llx r14 %016llx r15 %016llx", (unsigned long long)r->r13,
		(unsigned long long)r->r14, (unsigned long long)r->r15);
}

static bool on_stack(uintptr_t bp, uintptr_t top)
{
	return IS_ALIGNED(bp, 8) && bp >= top - STACK_SIZE && bp <= top - 16;
}

void report_backtrace(uintptr_t ip, uintptr_t bp)
{
	uintptr_t top = percpu()->stack_top;
	uint64_t offset = 0;
	char name[NAME_MAX];

	for (unsigned n = 0; n < FRAMES_MAX; n++) {
		const char *found = core_symbol(ip, &offset, name);

		report_frame(n, ip, found, offset);
		if (!on_stack(bp, top))
			return;
		ip = ((const uintptr_t *)bp)[1];
		bp = ((const uintptr_t *)bp)[0];
		if (!ip)
			return;
	}
}

void arch_backtrace(void)
{
	const uintptr_t *bp = __builtin_frame_address(0);

	report_backtrace(bp[1], bp[0]);
}

/* Two words of the app's memory at addr, read through the direct map. */
static bool read_pair(uintptr_t addr, uintptr_t out[2])
{
	phys_t pa;

	if (!IS_ALIGNED(addr, 8) || addr < ARCH_USER_START || addr >= ARCH_USER_END)
		return false;
	for (int i = 0; i < 2; i++, addr += 8) {
		pa = arch_mmu_lookup(addr, NULL);
		if (pa == PHYS_NONE)
			return false;
		out[i] = *(const uintptr_t *)phys_to_virt(pa + (addr & ~PAGE_MASK));
	}
	return true;
}

void report_app_backtrace(uintptr_t ip, uintptr_t sp, uintptr_t bp)
{
	uintptr_t pair[2];
	uint64_t offset = 0;

	for (unsigned n = 0; n < FRAMES_MAX; n++) {
		const char *name = exec_symbol(ip, &offset);

		report_frame(n, ip, name, offset);
		/* Frames lie one above the other; anything else is the end or damage. */
		if (bp < sp || !read_pair(bp, pair) || !pair[1])
			return;
		sp = bp + 16;
		bp = pair[0];
		ip = pair[1];
	}
}
