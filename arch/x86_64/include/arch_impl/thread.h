/* SPDX-License-Identifier: MIT */
/* What x86-64 keeps of a thread. */
#ifndef ARCH_IMPL_THREAD_H
#define ARCH_IMPL_THREAD_H

struct arch_thread {
	uint64_t sp;	    /* of its core stack while it is not running */
	uint64_t stack_top; /* where an entry from ring 3 begins to push */
	uint64_t canary;
	void *fpu; /* XSAVE area, 64-aligned; NULL for a thread that never enters ring 3 */
	uint64_t fs_base, gs_base; /* the app's, while it is not running */
};

#endif
