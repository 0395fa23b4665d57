/* SPDX-License-Identifier: MIT */
/* I/O ports of the app's threads, and the bitmap of each CPU's TSS (ioports.c). */
#ifndef X86_IOPORTS_H
#define X86_IOPORTS_H

struct arch_thread;
struct percpu;

/* No port is the app's on a CPU that begins. */
void ioports_init(struct percpu *p);
/* A thread of the app's comes to this CPU: its ports are granted there. Interrupts off. */
void ioports_load(struct percpu *p, const struct arch_thread *t);
/* A new thread has its maker's ports. 0 or -ENOMEM. */
int ioports_copy(struct arch_thread *t, const struct arch_thread *from);
/* The thread has ended. */
void ioports_free(struct arch_thread *t);

#endif
