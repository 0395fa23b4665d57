/* SPDX-License-Identifier: MIT */
/* What the files of arch/x86_64 offer each other. */
#ifndef X86_ARCH_H
#define X86_ARCH_H

#include <core/compiler.h>
#include <x86/regs.h>

struct abi_siginfo;
struct percpu;
struct thread;

/* The image, from core.lds. */
extern char core_image_start[], core_text_start[], core_text_end[], core_rodata_start[],
	core_rodata_end[], core_data_start[], core_ro_after_init_end[], core_image_end[];
extern char boot_stack_guard[], boot_stack_top[];
extern uint64_t boot_tsc;
/* Physical minus virtual address of the image; set by boot_main(). */
extern phys_t image_phys;

/* boot_multiboot2.c, boot_pvh.c: fill boot_info from the loader's structure at phys. */
void boot_multiboot2_parse(phys_t phys);
void boot_pvh_parse(phys_t phys);
/* boot_memory.c: RAM minus what must not be handed out. Ranges may come in any order, overlap. */
void boot_memory_add(phys_t start, phys_t end);
void boot_memory_reserve(phys_t start, phys_t end);
void boot_memory_finish(void);
/* The i-th usable range, in-use parts included; false behind the last. */
struct boot_range;
bool boot_memory_range(unsigned i, struct boot_range *out);
/* A page below 640 KiB that is nobody's, for the CPUs' trampoline; 0 if there is none. */
phys_t boot_memory_low_page(void);

/* Physical memory below 4 GiB as the provisional tables show it. */
static inline void *boot_ptr(phys_t pa)
{
	return (void *)(uintptr_t)(0xffff800000000000UL + pa);
}

void segments_use_ist(void);

/* ldt.c: this CPU's LDTR as the LDT is now; with DS and ES, where they name it; on every CPU. */
void ldt_load(struct percpu *p);
void ldt_reload(void);
void ldt_reload_all(void);

/*
 * espfix.c: a #DF from the core. True: it was the fault of an IRET to an LDT stack; r now returns to
 * the #GP vector, with the app's frame at the thread's stack top as if #GP had come from ring 3.
 */
bool espfix_double_fault(struct regs *r);

/* tls_areas.c: INT 0x80, the app's registers in r; what EAX gets. Interrupts off on both ends. */
long int80_call(struct regs *r);

/* paging.c */
void paging_init(void);
/* Maps one page of the core's half; 0 or -ENOMEM. flags are PTE_* of paging.h. */
int paging_map_core(uintptr_t va, phys_t pa, uint64_t flags);

/* stack.c: a stack of 2^order pages with an unmapped page below; its top, or 0. */
uintptr_t stack_alloc(unsigned order);
void stack_free(uintptr_t top, unsigned order);
/* Gives p its IST stacks. */
void stack_init_ist(struct percpu *p);
/* True if sp points into a stack's guard page. */
bool stack_is_guard(uintptr_t addr);

/* apic.c */
void apic_init(void);
/* On each other CPU, after apic_init() on the boot CPU. */
void apic_init_cpu(void);
void apic_eoi(void);
bool apic_in_service(unsigned vector);
uint32_t apic_id(void);
/* One-shot in TSC ticks (deadline mode) or after so many timer ticks. */
void apic_timer_arm(uint64_t tsc_deadline, uint64_t tsc_now);
void apic_timer_disarm(void);
/* Measuring its rate: start, ticks since then, the ratio found. No-ops in deadline mode. */
void apic_timer_count(void);
uint32_t apic_timer_read(void);
void apic_timer_calibrated(uint64_t ticks, uint64_t tsc_elapsed);
/*
 * Interrupt command to the CPU with that id, to all CPUs but this one, to this CPU. Any context; the
 * last two also in NMI and machine check. What was written before is seen by who is interrupted. SDM
 * volume 3, section 11.6.
 */
void apic_send(uint32_t id, uint32_t command);
void apic_send_others(uint32_t command);
void apic_send_self(unsigned vector);
/* The highest id that can be addressed. */
uint32_t apic_id_max(void);
#define APIC_FIXED   (1 << 14) /* and a vector */
#define APIC_NMI     (1 << 14 | 4 << 8)
#define APIC_INIT    (1 << 14 | 5 << 8)
#define APIC_STARTUP (1 << 14 | 6 << 8) /* and a page number below 256 */

/* ioapic.c */
void ioapic_init(void);
int ioapic_route(unsigned gsi, unsigned vector, bool level_low);

/* irq.c: interrupts that nobody waits for, since boot, on all CPUs. */
extern uint64_t irq_spurious, irq_unexpected;

/* machine_check.c */
/* On each CPU: clears the banks, logs what was left there, turns the exception on. */
void machine_check_init(void);
/* #MC while the core ran; returns if it can go on. Interrupts off, any lock may be held. */
void machine_check_core(struct regs *r);
/*
 * #MC while the app ran. True: the app gets the signal of info, which is filled. On the thread's
 * stack, interrupts off on entry and return, meanwhile perhaps on.
 */
bool machine_check_user(struct regs *r, struct abi_siginfo *info);
/* Interrupt context: logs and clears this CPU's errors that needed nothing else. */
void machine_check_poll(void);

/* unknown.c: the result of a system call whose number is outside the table. */
long syscall_outside(const struct regs *r);

/* clock.c */
void clock_init(void);
/* Once all CPUs are up: are their counters in step, and what is to be done if not. Boot. */
void clock_check_cpus(void);

/* uart.c */
void uart_init(void);
void uart_enable_input(void);

/* exit.c */
/* The running thread's register file of its entry from ring 3. */
struct regs *user_regs(void);
/* A system call leaves to ring 3 with every register from user_regs(), work first; what the stack held
 * is gone. */
_Noreturn void exit_to_user(void);

/* signal.c: the exit found WORK_SIGNAL: a frame for a handler, or the call is made again. Interrupts on. */
void signal_deliver(struct regs *r);

/* traps.c: a fault of the core, which is our bug: the report, then the machine stops. */
_Noreturn void core_fault(struct regs *r, unsigned vector, uint64_t error, uintptr_t addr);

/* cpu.c: names and protection to the log. */
void arch_describe_cpu(void);

/* report.c: registers, backtrace. */
void report_registers(const struct regs *r);
void report_backtrace(uintptr_t ip, uintptr_t bp);
void report_app_backtrace(uintptr_t ip, uintptr_t sp, uintptr_t bp);

#endif
