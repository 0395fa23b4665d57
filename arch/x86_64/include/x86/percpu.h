/* SPDX-License-Identifier: MIT */
/*
 * One CPU's block: GS points at it while the CPU is in ring 0. Written by its own CPU only, but for
 * counters that others read. The head's layout is shared with entry.S and the compiler (canary).
 */
#ifndef X86_PERCPU_H
#define X86_PERCPU_H

#include <arch/cpu.h>
#include <core/compiler.h>
#include <generated/syscall_numbers.h>
#include <x86/asm.h>

struct thread;

#define IO_PORTS 65536

/*
 * Task state segment, SDM volume 3, section 8.7; then the bitmap of ports that ring 3 may not use,
 * and the byte of ones that must follow it (section 19.5.2).
 */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_bitmap;
	uint8_t ports[IO_PORTS / 8 + 1];
} __packed;

/* One CPU's call to others (smp_call.c): one at a time, so one slot will do. */
struct call {
	void (*fn)(void *);
	void *arg;
	uint32_t left; /* CPUs that have not taken it, or with wait: not done it */
	bool wait;
};

struct percpu {
	struct percpu *self;	  /* 0 */
	uint64_t scratch_sp;	  /* 8: the app's RSP between SYSCALL and the stack switch */
	uint64_t stack_top;	  /* 16: of the current thread; equals tss.rsp[0] */
	struct thread *current;	  /* 24 */
	uint32_t id;		  /* 32 */
	uint32_t apic_id;	  /* 36 */
	uint64_t canary;	  /* 40: fixed by the compiler (-mcmodel=kernel) */
	struct thread *fpu_owner; /* whose FPU state is in the registers */
	struct thread *idle;
	uint64_t returns_sysret, returns_iret; /* of system calls' slow paths */
	uint64_t irets;			       /* all to ring 3, counted before each */
	uint64_t interrupts[256];
	uint64_t syscalls[SYSCALL_COUNT];
	uint64_t syscalls_outside; /* with a number outside the table */
	uint64_t gdt[GDT_ENTRIES] __aligned(16);
	struct tss tss __aligned(64);
	/* ports_version of the thread whose ports the TSS grants, 0: none; whose bitmap it holds. */
	uint64_t ports_active, ports_filled;
	uint64_t ist_top[IST_COUNT + 1];
	struct call call __aligned(64); /* its own; the others count it down */
	/* Written by other CPUs. */
	uint64_t calls __aligned(64); /* bit n: CPU n has a call for this one */
	uint32_t tlb;		      /* tlb.c */
	uint32_t start;		      /* smp.c */
};

static inline struct percpu *percpu(void)
{
	struct percpu *p;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(p));
	return p;
}

extern struct percpu percpu_boot;

/* Fills p and loads GDT, TSS, IDT, SYSCALL MSRs on this CPU (segments.c). */
void segments_init(struct percpu *p);
/* The CPU's number, in the block and for ring 3. Before it runs threads. */
void percpu_set_id(struct percpu *p, uint32_t id);
void percpu_set_stack(struct percpu *p, uint64_t top);

#endif
