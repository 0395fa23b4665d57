/* SPDX-License-Identifier: MIT */
/* The fake architecture has one thread and never switches. */
#ifndef ARCH_IMPL_THREAD_H
#define ARCH_IMPL_THREAD_H

struct arch_thread {
	void *stack;
};

#endif
