/* SPDX-License-Identifier: MIT */
/*
 * Machine checks, SDM volume 3, chapter 15. What cannot be gone on from (the processor's context is
 * corrupt, the instruction cannot be restarted, the core itself needed what is lost) is reported
 * once, by the first CPU that says so, and the machine stops. What only the app needed is a signal
 * of the app's. What needs no action is logged and cleared: at once from ring 3, else by the poll,
 * for the core may have been interrupted with the log's lock held; the poll also finds what the
 * hardware corrected without telling. Banks are read and written by their own CPU only.
 */
#include <abi/signal.h>
#include <arch/cpu.h>
#include <core/log.h>
#include <core/time.h>
#include <core/vm.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>

#define CAP_BANKS 0xff
#define CAP_CTL	  (1 << 8) /* there is MCG_CTL */

#define STATUS_VALID	     (1ull << 63)
#define STATUS_OVERFLOW	     (1ull << 62)
#define STATUS_UNCORRECTED   (1ull << 61)
#define STATUS_ENABLED	     (1ull << 60)
#define STATUS_MISC_VALID    (1ull << 59)
#define STATUS_ADDRESS_VALID (1ull << 58)
#define STATUS_CORRUPT	     (1ull << 57) /* of the processor's context */
#define STATUS_SIGNALLED     (1ull << 56)
#define STATUS_ACTION	     (1ull << 55) /* required */

#define MISC_LSB(m)   ((m)&0x3f)     /* lowest bit of the address that means something */
#define MISC_MODE(m)  ((m) >> 6 & 7) /* of the address */
#define MODE_PHYSICAL 2

#define BANK_MSR(bank, which) (MSR_MC0_CTL + 4 * (bank) + (which))
enum {
	CTL,
	STATUS,
	ADDRESS,
	MISC
};

#define POLL_NS	     (300 * NSEC_PER_SEC)
#define OTHERS_TICKS (1ull << 28) /* TSC ticks that another CPU may take to own up: some 100 ms */

/* In rising order of gravity. */
enum severity {
	NOTHING,   /* the bank is empty */
	CORRECTED, /* or uncorrected, but not what was signalled: log it */
	OPTIONAL,  /* signalled; something was lost that nobody has asked for yet: log it */
	ACTION,	   /* what is running needs what was lost */
	FATAL,
};

struct error {
	enum severity severity;
	unsigned bank;
	uint64_t status, address, misc;
};

static unsigned banks __ro_after_init;
/* CPUs that had a reason for their machine check of their own, and what each CPU has seen of that. */
static uint32_t explained, seen[ARCH_MAX_CPUS];
static struct timer poll_timer;

static enum severity severity_of(uint64_t status)
{
	if (!(status & STATUS_VALID))
		return NOTHING;
	if (!(status & STATUS_UNCORRECTED))
		return CORRECTED;
	if (status & STATUS_CORRUPT)
		return FATAL;
	if (!(status & STATUS_ENABLED))
		return CORRECTED;
	if ((status & (STATUS_SIGNALLED | STATUS_ACTION)) == STATUS_SIGNALLED)
		return OPTIONAL;
	/* Of two errors that each needed action only one is known. */
	return status & STATUS_OVERFLOW ? FATAL : ACTION;
}

static struct error error_read(unsigned bank)
{
	struct error e = {.bank = bank, .status = rdmsr(BANK_MSR(bank, STATUS))};

	e.severity = severity_of(e.status);
	if (e.severity && e.status & STATUS_ADDRESS_VALID)
		e.address = rdmsr(BANK_MSR(bank, ADDRESS));
	if (e.severity && e.status & STATUS_MISC_VALID)
		e.misc = rdmsr(BANK_MSR(bank, MISC));
	return e;
}

/* The gravest of this CPU's errors. */
static struct error error_worst(void)
{
	struct error worst = {0}, e;

	for (unsigned i = 0; i < banks; i++) {
		e = error_read(i);
		if (e.severity > worst.severity)
			worst = e;
	}
	return worst;
}

static void error_log(const struct error *e)
{
	log_warn("cpu %u: machine check: %s error: bank %u status %#llx address %#llx misc %#llx",
		 arch_cpu_id(), e->status & STATUS_UNCORRECTED ? "uncorrected" : "corrected",
		 e->bank, (unsigned long long)e->status, (unsigned long long)e->address,
		 (unsigned long long)e->misc);
}

/* Logs and clears every error of this CPU's. Interrupts off, no lock of the log's held. */
static void errors_take(void)
{
	for (unsigned i = 0; i < banks; i++) {
		struct error e = error_read(i);

		if (!e.severity)
			continue;
		error_log(&e);
		wrmsr(BANK_MSR(i, STATUS), 0);
	}
}

static _Noreturn void fatal(struct regs *r, const struct error *e, const char *why)
{
	if (!log_emergency())
		panic_stop();
	/* Another one now shall come here too, and not reset the machine in the middle of the report. */
	wrmsr(MSR_MCG_STATUS, 0);
	log_err("cpu %u: machine check: %s", arch_cpu_id(), why);
	if (e->severity)
		error_log(e);
	report_registers(r);
	if (regs_from_user(r))
		report_app_backtrace(r->ip, r->sp, r->bp);
	else
		report_backtrace(r->ip, r->bp);
	panic_reported("machine check");
}

/*
 * A machine check may be told to all CPUs though only one is hit. True if another CPU had a reason
 * for the one at hand, within reasonable time.
 */
static bool explained_elsewhere(void)
{
	uint64_t start = arch_cycles();
	uint32_t *mine = &seen[arch_cpu_id()], now;

	do {
		now = __atomic_load_n(&explained, __ATOMIC_ACQUIRE);
		if (now != *mine) {
			*mine = now;
			return true;
		}
		arch_cpu_relax();
	} while (arch_cycles() - start < OTHERS_TICKS);
	return false;
}

/* Returns if what was running can go on, once what e demands is done. Interrupts off. */
static void judge(struct regs *r, const struct error *e)
{
	if (!(rdmsr(MSR_MCG_STATUS) & MCG_RESTART_IP))
		fatal(r, e, "the program cannot be restarted");
	if (e->severity == FATAL)
		fatal(r, e, "the processor's state is corrupt, or errors were lost");
	if (e->severity == ACTION && !regs_from_user(r))
		fatal(r, e, "the core needs what was lost");
	if (e->severity >= OPTIONAL)
		seen[arch_cpu_id()] = __atomic_add_fetch(&explained, 1, __ATOMIC_RELEASE);
	else if (!explained_elsewhere())
		fatal(r, e, "no CPU tells a reason");
}

void machine_check_core(struct regs *r)
{
	struct error worst = error_worst();

	judge(r, &worst);
	wrmsr(MSR_MCG_STATUS, 0);
	apic_send_self(VECTOR_MC_POLL);
}

/* Where the app has the memory that was lost; 0 if that is not told. The app's thread, interrupts on. */
static uintptr_t app_address(struct regs *r, const struct error *e)
{
	unsigned lsb = e->status & STATUS_MISC_VALID ? MISC_LSB(e->misc) : 0;
	uintptr_t page;

	if (!(e->status & STATUS_ADDRESS_VALID) ||
	    (e->status & STATUS_MISC_VALID && MISC_MODE(e->misc) != MODE_PHYSICAL))
		return 0;
	page = vm_find_page(e->address & PAGE_MASK);
	if (!page)
		fatal(r, e, "memory of the core's was lost");
	return page + (lsb < PAGE_SHIFT ? (e->address & ~PAGE_MASK) >> lsb << lsb : 0);
}

bool machine_check_user(struct regs *r, struct abi_siginfo *info)
{
	struct error worst = error_worst();
	bool mine;

	judge(r, &worst);
	mine = worst.severity == ACTION;
	errors_take();
	wrmsr(MSR_MCG_STATUS, 0);
	if (!mine)
		return false;
	arch_irq_enable();
	*info = (struct abi_siginfo){
		.signo = SIGBUS,
		.code = ABI_BUS_MCEERR_AR,
		.fault = {.address = app_address(r, &worst), .address_lsb = PAGE_SHIFT},
	};
	arch_irq_disable();
	return true;
}

void machine_check_poll(void)
{
	errors_take();
}

static void poll_all(struct timer *t)
{
	apic_send_others(APIC_FIXED | VECTOR_MC_POLL);
	errors_take();
	timer_start(t, time_now() + POLL_NS);
}

/* SDM volume 3, section 15.8. What the banks have is from before the boot. */
void machine_check_init(void)
{
	uint64_t cap;

	if (!cpu_features.mca)
		return;
	cap = rdmsr(MSR_MCG_CAP);
	banks = cap & CAP_BANKS;
	if (cap & CAP_CTL)
		wrmsr(MSR_MCG_CTL, ~0ull);
	errors_take();
	for (unsigned i = 0; i < banks; i++) {
		wrmsr(BANK_MSR(i, CTL), ~0ull);
		wrmsr(BANK_MSR(i, STATUS), 0);
	}
	wrmsr(MSR_MCG_STATUS, 0);
	write_cr4(read_cr4() | CR4_MCE);
}

static void poll_begin(void)
{
	poll_timer.fire = poll_all;
	if (banks)
		timer_start(&poll_timer, time_now() + POLL_NS);
}
INITCALL(6, poll_begin);
