/* SPDX-License-Identifier: MIT */
/*
 * Bringing up the application processors: all at once by INIT and start-up IPIs, each with a block of
 * its own (percpu.h), descriptor tables, interrupt stacks, local APIC and an idle thread. A processor
 * that has not answered in time is given up; the machine goes on without it. They are numbered in
 * the MADT's order once they have come, so that ids have no holes. Boot only, on the boot CPU.
 */
#include <arch/clock.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <core/boot.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/madt.h>
#include <x86/paging.h>
#include <x86/percpu.h>
#include <x86/smp.h>

#define INIT_DELAY_NS	(10 * NSEC_PER_MSEC)  /* SDM volume 3, section 8.4.4.1 */
#define SECOND_SIPI_NS	(200 * NSEC_PER_USEC) /* the same */
#define ANSWER_LIMIT_NS NSEC_PER_SEC

struct percpu *percpu_table[ARCH_MAX_CPUS] __ro_after_init = {&percpu_boot};
unsigned smp_cpus __ro_after_init = 1;

/* Where a starting CPU is; percpu.start. Who changes STARTING first decides. */
enum {
	START_WAITED_FOR, /* 0: the boot CPU waits for it */
	START_ARRIVED,	  /* it is set up, and waits for its number */
	START_ONLINE,
	START_GIVEN_UP, /* it came too late: it halts */
};

/* Shared with smp_boot.S: whom a starting CPU finds itself to be. */
struct smp_slot smp_slots[ARCH_MAX_CPUS];
uint32_t smp_slots_used;
uint64_t smp_cr3;

/* At smp_trampoline_words in smp_boot.S. */
struct trampoline_words {
	uint16_t gdt_limit;
	uint32_t gdt, to_32;
	uint16_t cs_32;
	uint32_t to_64;
	uint16_t cs_64;
	uint32_t pml4, efer;
} __packed;

extern const char smp_trampoline[], smp_trampoline_words[], smp_trampoline_end[];
extern char boot_pml4[];

_Noreturn void smp_begin(struct percpu *p);

unsigned arch_cpu_count(void)
{
	return smp_cpus;
}

bool arch_cpu_online(unsigned id)
{
	return id < smp_cpus;
}

/* First C of an application processor: interrupts off, on its idle thread's stack, GS set. */
_Noreturn void smp_begin(struct percpu *p)
{
	uint32_t waited_for = START_WAITED_FOR;

	segments_init(p);
	cpu_enable();
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	wrmsr(MSR_FS_BASE, 0);
	apic_init_cpu();
	if (!__atomic_compare_exchange_n(&p->start, &waited_for, START_ARRIVED, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		arch_halt();
	while (__atomic_load_n(&p->start, __ATOMIC_ACQUIRE) != START_ONLINE)
		arch_cpu_relax();
	sched_start_cpu();
	sched_idle();
}

static struct percpu *block_alloc(void)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < sizeof(struct percpu))
		order++;
	return page_alloc_zeroed(order);
}

/* The block, idle thread and stacks of a CPU to come; NULL without memory. */
static struct percpu *prepare(uint32_t apic_id)
{
	struct percpu *p = block_alloc();
	struct thread *t = p ? kzalloc(sizeof(*t)) : NULL;

	/* What is left behind if memory runs out here, the app will hardly miss: it ends the boot. */
	if (!t || arch_thread_init(t, NULL, NULL))
		return NULL;
	p->self = p;
	p->current = p->idle = t;
	p->apic_id = apic_id;
	p->canary = t->arch.canary;
	percpu_set_stack(p, t->arch.stack_top);
	stack_init_ist(p);
	return p;
}

static void trampoline_write(phys_t page)
{
	char *at = phys_to_virt(page);
	struct trampoline_words *w;

	memcpy(at, smp_trampoline, smp_trampoline_end - smp_trampoline);
	w = (struct trampoline_words *)(at + (smp_trampoline_words - smp_trampoline));
	w->gdt += page;
	w->to_32 += page;
	w->to_64 += page;
	/* The image and so these tables lie below 4 GiB: boot.S runs there with paging off. */
	w->pml4 = image_phys + (boot_pml4 - core_image_start);
	w->efer = EFER_LME | (cpu_features.nx ? EFER_NXE : 0);
	smp_cr3 = virt_to_phys(paging_pml4);
}

static bool all_arrived(void)
{
	for (unsigned i = 0; i < smp_slots_used; i++)
		if (__atomic_load_n(&smp_slots[i].cpu->start, __ATOMIC_ACQUIRE) == START_WAITED_FOR)
			return false;
	return true;
}

static bool wait_arrived(uint64_t ns)
{
	uint64_t end = arch_clock_now() + ns;

	while (!all_arrived()) {
		if (arch_clock_now() >= end)
			return false;
		arch_cpu_relax();
	}
	return true;
}

static void wait(uint64_t ns)
{
	uint64_t end = arch_clock_now() + ns;

	while (arch_clock_now() < end)
		arch_cpu_relax();
}

static void send_to_all(uint32_t command, bool late_only)
{
	for (unsigned i = 0; i < smp_slots_used; i++) {
		uint32_t start = __atomic_load_n(&smp_slots[i].cpu->start, __ATOMIC_ACQUIRE);

		if (!late_only || start == START_WAITED_FOR)
			apic_send(smp_slots[i].apic_id, command);
	}
}

/* Gives p the next number and lets it go; false if it has not come. */
static bool admit(struct percpu *p)
{
	uint32_t start = START_WAITED_FOR;

	if (__atomic_compare_exchange_n(&p->start, &start, START_GIVEN_UP, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		log_warn("smp: the CPU with APIC id %u does not answer: it is left out",
			 p->apic_id);
		return false;
	}
	percpu_set_id(p, smp_cpus);
	ksnprintf(p->idle->name, sizeof(p->idle->name), "idle/%u", p->id);
	percpu_table[smp_cpus++] = p;
	__atomic_store_n(&p->start, START_ONLINE, __ATOMIC_RELEASE);
	return true;
}

unsigned smp_start(const uint32_t *apic_ids, unsigned n)
{
	phys_t page = boot_memory_low_page();
	unsigned came = 0;

	if (!page) {
		log_warn("smp: no memory below 1 MiB to start CPUs from: only one is used");
		return 0;
	}
	smp_slots_used = 0;
	for (unsigned i = 0; i < n; i++) {
		struct percpu *p = prepare(apic_ids[i]);

		if (!p) {
			log_warn("smp: too little memory for more than %u CPUs", i + 1);
			break;
		}
		smp_slots[smp_slots_used++] = (struct smp_slot){.apic_id = apic_ids[i], .cpu = p};
	}
	trampoline_write(page);
	send_to_all(APIC_INIT, false);
	/* Old machines want it; a hypervisor's CPUs are ready at once. */
	if (!cpu_features.hypervisor)
		wait(INIT_DELAY_NS);
	send_to_all(APIC_STARTUP | page >> PAGE_SHIFT, false);
	if (!wait_arrived(SECOND_SIPI_NS)) {
		send_to_all(APIC_STARTUP | page >> PAGE_SHIFT, true);
		wait_arrived(ANSWER_LIMIT_NS);
	}
	for (unsigned i = 0; i < smp_slots_used; i++)
		came += admit(smp_slots[i].cpu);
	return came;
}

/* What the option cpus=N allows, the boot CPU included. */
static unsigned cpus_wanted(void)
{
	const char *v = cmdline_get(&boot_info.cmdline, "cpus");
	uint64_t n = 0;

	if (!v)
		return ARCH_MAX_CPUS;
	if (kstrtou64(v, &n) || !n) {
		log_warn("option cpus=%s is not a number of CPUs: ignored", v);
		return ARCH_MAX_CPUS;
	}
	return min(n, (uint64_t)ARCH_MAX_CPUS);
}

struct found {
	uint32_t id[ARCH_MAX_CPUS - 1];
	unsigned n, more, wanted;
};

/* The MADT may name a CPU twice, as local APIC and x2APIC. */
static void found_cpu(uint32_t apic_id, void *arg)
{
	struct found *f = arg;

	if (apic_id == percpu_boot.apic_id)
		return;
	for (unsigned i = 0; i < f->n; i++)
		if (f->id[i] == apic_id)
			return;
	if (apic_id > apic_id_max() || f->n + 1 >= f->wanted)
		f->more++;
	else
		f->id[f->n++] = apic_id;
}

/* After the random generator (level 45), which the idle threads' canaries come from. */
static void smp_init(void)
{
	struct found f = {.wanted = cpus_wanted()};
	uint64_t began = arch_clock_now();

	madt_each_cpu(found_cpu, &f);
	if (f.n)
		smp_start(f.id, f.n);
	if (f.n || f.more)
		log_info("smp: %u CPU%s of %u, after %llu us", smp_cpus, smp_cpus == 1 ? "" : "s",
			 f.n + f.more + 1,
			 (unsigned long long)((arch_clock_now() - began) / NSEC_PER_USEC));
	if (smp_cpus > 1)
		clock_check_cpus();
}
INITCALL(46, smp_init);
