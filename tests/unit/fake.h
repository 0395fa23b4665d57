/* SPDX-License-Identifier: MIT */
/*
 * What unit tests control of the fake architecture (fake_arch.c, arch_impl/) and of the stand-ins
 * for the scheduler, the log, time and the heap (fake_core.c, fake_heap.c).
 *
 * Physical memory is the host's: "physical address" = host address - ARCH_DIRECT_MAP, so every host
 * buffer has a physical address and mixing up the two kinds crashes. App memory is reached through
 * a fake page table only: an app pointer dereferenced by the core crashes.
 */
#ifndef FAKE_H
#define FAKE_H

#include <core/compiler.h>
#include <setjmp.h>

/* FAKE_RAM bytes of RAM for the page allocator, as test_setup() does by default. */
#define FAKE_RAM (64UL << 20)
void fake_boot(void);
/* n bytes of fresh, 4 MiB-aligned host memory that stands for RAM; never freed. */
void *fake_ram(size_t n);
/* Back to the state a test starts in; called before each. */
void fake_reset(void);

/* App memory: n bytes that end (rounded to 16) at the end of a page, an unmapped one behind. */
void *fake_user_alloc(size_t n);
/* A copy of n bytes of data, and of a string, in app memory. */
void *fake_user_dup(const void *data, size_t n);
char *fake_user_str(const char *s);
/* Where app memory is in the host; NULL if it is not mapped. Contiguous in one fake_user_alloc(). */
void *fake_user_host(const void *p);
/* Copies to and from the app stop at this address as if it were not mapped; 0: no such address. */
extern uintptr_t fake_user_fault;
/* Resolves a copy's fault as vm_fault() does; NULL: every fault stands. */
extern int (*fake_fault_handler)(uintptr_t addr, unsigned access);

/* The page table: pages mapped, calls that flushed; the next `fail`th arch_mmu_map() fails (1 = next). */
extern size_t fake_mmu_mapped, fake_mmu_flushes;
extern unsigned fake_mmu_fail;

/* Time stands still unless moved. Moving fires what is due, in order. */
extern uint64_t fake_clock;
void fake_clock_advance(uint64_t ns);
/* What the hardware timer is armed for (only if core/time.c itself is under test). */
extern uint64_t fake_timer_deadline;
extern bool fake_irq_on;
extern uint64_t fake_wall_clock;

/* Ports: plain memory unless hooks are set. size is 1, 2 or 4. */
extern uint8_t fake_port[65536 + 4];
extern uint32_t (*fake_port_in)(uint16_t port, unsigned size);
extern void (*fake_port_out)(uint16_t port, uint32_t v, unsigned size);

/* Runs the handler that arch_irq_msi() gave this data, or arch_irq_wired() this GSI. */
void fake_irq_msi(uint32_t data);
void fake_irq_wired(unsigned gsi);

/* What arch_random() gives; false: no generator. Deterministic. */
extern bool fake_has_random;

/*
 * Sleeping: nobody else runs, so sched_sleep() calls this hook, which may make happen what is waited
 * for; if the thread still sleeps, the clock jumps to the next timer; with no timer the test fails.
 */
extern void (*fake_on_sleep)(void);
extern bool fake_ending; /* what process_ending() says; sleeps end as for a signal */
/* What arch_user_sp() says, and how often arch_report_user() was called. */
extern uintptr_t fake_user_sp;
extern unsigned fake_user_reports;

/* The text of the newest log line, without time or newline, and the count of lines. */
extern char fake_log_last[512];
extern unsigned fake_log_lines;
/* What log_raw() was given since the test began, as far as it fits. */
extern char fake_raw[4096];
extern size_t fake_raw_len;
/* Where panic(), boot_fail(), process_exit/kill and power-off jump; NULL: they fail the test. */
void fake_expect_end(jmp_buf *env);
/* The status or signal of the last process_exit(), process_kill() or arch_power_off(). */
extern int fake_end_status;
/* How many mutexes are held; copies to and from the app insist on none. */
extern int fake_mutexes_held;

/* kmalloc: the nth call from now fails (1 = the next); 0: none. Freed and overrun blocks: ASan. */
extern unsigned fake_kmalloc_fail;

#endif
