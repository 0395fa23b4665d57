/* SPDX-License-Identifier: MIT */
/* FPU and vector state: its form in memory, switching (fpu.c), signal frames (fpu_frame.c). */
#ifndef X86_FPU_H
#define X86_FPU_H

#include <core/compiler.h>

struct thread;

#define FXSAVE_SIZE	  512
#define XSAVE_HEADER_SIZE 64
#define FCW_DEFAULT	  0x37f
#define MXCSR_DEFAULT	  0x1f80

/* Components of the state, bits of XCR0: SDM volume 1, section 13.1. */
#define XSTATE_X87 1ull
#define XSTATE_SSE 2ull
#define XSTATE_AVX 4ull

#define XCOMP_COMPACTED (1ull << 63)

/* Legacy region and header: SDM volume 1, sections 13.4.1, 13.4.2. The rest follows. */
struct xsave_area {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[128], xmm[256];
	uint8_t unused[48]; /* of the FXSAVE area, left to software */
	uint8_t software[48];
	uint64_t xstate_bv, xcomp_bv, header_reserved[6];
} __aligned(64);

_Static_assert(sizeof(struct xsave_area) == 576, "SDM volume 1, section 13.4");

/* What this machine has; fixed after fpu_init() on the boot CPU. */
struct fpu_features {
	enum {
		FPU_FXSAVE,
		FPU_XSAVE,
		FPU_XSAVEOPT,
		FPU_XSAVEC,
		FPU_XSAVES,
	} save;		     /* how threads' states are saved */
	uint32_t area_size;  /* of a thread's state */
	uint32_t frame_size; /* of a state in the standard form, as signal frames have it */
	uint32_t mxcsr_mask; /* bits that MXCSR may have */
	uint64_t compacted;  /* XCOMP_BV of a thread's state */
};
extern struct fpu_features fpu;

void fpu_init(void);
/* A fresh state, 64-aligned. NULL without memory. */
void *fpu_alloc(void);
/* A copy of the running thread's state, which is in the registers. NULL without memory. */
void *fpu_copy(void);
void fpu_free(void *area);
/* Interrupts off; on the CPU where prev ran and next will. A thread without an area is the core's. */
void fpu_switch(struct thread *prev, struct thread *next);
/* Puts these components of the registers into their initial state. The app's thread. */
void fpu_reset(uint64_t components);

/* Bytes of a signal frame's FPU area, which is 64-aligned. */
size_t fpu_frame_bytes(void);
/* Writes the registers to a frame's FPU area in the app's memory; false: it cannot be written. */
bool fpu_frame_save(uintptr_t area);
/*
 * Takes the registers from there; 0: all initial. False: it cannot be read or is corrupt; all
 * registers are initial then. Thread context, interrupts on: both may sleep.
 */
bool fpu_frame_restore(uintptr_t area);

/* si_code of a #MF or #XM by what the registers say; 0: there is nothing (any more). */
int fpu_exception_code(unsigned vector);

#endif
