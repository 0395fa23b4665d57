/* SPDX-License-Identifier: MIT */
/* What x86-64 keeps of a thread. */
#ifndef ARCH_IMPL_THREAD_H
#define ARCH_IMPL_THREAD_H

struct arch_thread {
	uint64_t sp;	    /* of its core stack while it is not running */
	uint64_t stack_top; /* where an entry from ring 3 begins to push */
	uint64_t canary;
	void *fpu;	  /* XSAVE area, 64-aligned; NULL for a thread that never enters ring 3 */
	uint32_t fpu_cpu; /* the CPU whose registers last took it, plus 1 */
	/* The app's, while it is not running: FS, GS; DS, ES, FS, GS from bit 0 up, 16 bits each. */
	uint64_t fs_base, gs_base;
	uint64_t selectors;
	uint64_t tls[3]; /* its descriptors in the GDT, always up to date */
	bool tls_used;	 /* one of them was set */
	/* I/O ports it may use (ioports.c): the bitmap, NULL if none was asked for; iopl's level;
	 * which bitmap its CPU must have, 0 for none. */
	struct ioports *ports;
	uint8_t iopl;
	uint64_t ports_version;
	/* Of its last exception, as signal frames tell: vector, error code; address of a page fault. */
	uint64_t trap_nr, error_code, cr2;
};

#endif
