/* SPDX-License-Identifier: MIT */
/*
 * What the calls of tests/core/syscall.tbl take, for them and for the tests: the first argument is
 * an operation, a and b are its operands. Results are never negative but for errors.
 */
#ifndef TESTS_CORE_OPS_H
#define TESTS_CORE_OPS_H

#define CALL_DEBUG   1010
#define CALL_NMI     1011
#define CALL_IRQ     1012
#define CALL_FAULT   1013
#define CALL_VECTORS 1014
#define CALL_MCE     1015

/* debug.c: breakpoints and watchpoints, what they hit in the core. */
enum {
	DEBUG_SET,    /* breakpoint of kind b at a; EPERM where the core says it must not be */
	DEBUG_CLEAR,  /* all of them away */
	DEBUG_HITS,   /* #DBs of the core since DEBUG_CLEAR */
	DEBUG_NESTED, /* how many of them came inside an NMI */
	DEBUG_SYMBOL, /* address of number a of the DEBUG_AT_* below */
	DEBUG_FLAGS,  /* flags of what the last #DB of the core interrupted */
	DEBUG_DIE,    /* the next #DB of the core faults */
	DEBUG_NMI,    /* the next #DB of the core sends an NMI to its own CPU */
};
/* DR7's R/W and LEN fields: an instruction; an I/O port; a write, a read or write of 8 bytes. */
#define DEBUG_EXECUTE 0x0
#define DEBUG_PORT    0x2
#define DEBUG_WRITE   0x9
#define DEBUG_ACCESS  0xb
enum {
	DEBUG_AT_ENTRY,	     /* the first instruction after SYSCALL */
	DEBUG_AT_ENTRY_END,  /* behind the last one before IRET */
	DEBUG_AT_EXCEPTION,  /* C of an exception from ring 3 */
	DEBUG_AT_INTERRUPT,  /* C of interrupts */
	DEBUG_AT_STUBS,	     /* the first of the IDT's stubs */
	DEBUG_AT_STUBS_END,  /* behind all that follows them */
	DEBUG_AT_NMI,	     /* the entry of NMI */
	DEBUG_AT_NMI_END,    /* behind it */
	DEBUG_AT_PERCPU,     /* this CPU's block */
	DEBUG_AT_PERCPU_END, /* behind what its entries read of it */
	DEBUG_AT_COUNTERS,   /* its counters of interrupts */
	DEBUG_AT_FSGSBASE,   /* the byte that the paranoid entries read */
	DEBUG_AT_THREAD,     /* the running thread's block: its work word */
};

/* nmi.c: NMIs of the CPU's own making. */
enum {
	NMI_SEND,   /* one to this CPU; it has come when the call returns */
	NMI_COUNT,  /* runs of the handler on this CPU */
	NMI_ARM,    /* a (NMI_DO_*) is what the next run does, once */
	NMI_RESULT, /* what it found, NMI_WAS_*, since NMI_ARM */
	NMI_RATE,   /* a NMIs a second from now on; 0: none */
	NMI_WINDOW, /* one between the last instruction but one of NMI's way back and its IRET */
	NMI_WATCH,  /* the address that NMI_DO_TOUCH reads */
};
#define NMI_DO_SEND    1  /* sends another NMI: it stays pending */
#define NMI_DO_FAULT   2  /* takes a page fault, which the exception table resolves */
#define NMI_DO_WAIT    4  /* waits until another NMI has come in, a second at most */
#define NMI_DO_TOUCH   8  /* reads what NMI_WATCH tells */
#define NMI_DO_RECURSE 16 /* until the stack is full */
#define NMI_WAS_USER   1  /* it came from ring 3 */
#define NMI_WAS_HELD   2  /* the NMI it sent did not come before the fault */
#define NMI_WAS_NESTED 4  /* another NMI came in before it ended */
#define NMI_WAS_DF     8  /* flags DF, AC were set in C */
#define NMI_WAS_AC     16
#define NMI_WAS_LOST   32 /* GS was not this CPU's block */

/* irq.c: interrupts of the CPU's own making. */
enum {
	IRQ_SELF,	/* interrupt vector a by the APIC, to this CPU */
	IRQ_INT,	/* INT a in the core */
	IRQ_IN_SERVICE, /* 1 if the APIC takes vector a as in service */
	IRQ_EOI,	/* tells it that the highest one is done */
	IRQ_COUNT,	/* vector a came so often on this CPU */
	IRQ_SPURIOUS,	/* counted as spurious, as unexpected */
	IRQ_UNEXPECTED,
	IRQ_TIMER,   /* a timer in a milliseconds; IRQ_SEEN tells of it */
	IRQ_SEEN,    /* IRQ_WAS_*, 0 while it has not come */
	IRQ_SPINNER, /* a thread of the core's that counts and gives way, without end */
	IRQ_SPINS,   /* what it has counted */
};
#define IRQ_WAS_HERE 1
#define IRQ_WAS_DF   2 /* flags DF, AC were set in C */
#define IRQ_WAS_AC   4

/* vectors.c: exceptions of ring 3 that are noted and not acted on. */
enum {
	VECTORS_CATCH, /* the next exception of ring 3; a bytes of instruction are skipped */
	VECTORS_TAKEN, /* its vector, plus its error code << 8; -1: none came */
	VECTORS_FLAGS, /* DF and AC as C saw them */
	VECTORS_STUB, /* runs stub a as the CPU would, error code b pushed if b < 65536: same result */
};
#define VECTORS_NO_ERROR 65536

/* mce.c */
enum {
	MCE_PHYSICAL, /* of the app's address a */
	MCE_STAY,     /* in the core for a milliseconds */
	MCE_STATUS,   /* 1 if bank a holds an error */
	MCE_POLL,     /* as the timer has it done */
};

#endif
