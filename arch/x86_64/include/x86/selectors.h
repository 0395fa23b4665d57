/* SPDX-License-Identifier: MIT */
/*
 * The app's segment registers DS, ES, FS, GS (selectors.c, selectors.S). The core uses none of the
 * selectors, so the app's stay loaded while it runs; the app's GS base waits in the register that
 * SWAPGS exchanges.
 */
#ifndef X86_SELECTORS_H
#define X86_SELECTORS_H

#include <core/compiler.h>

struct arch_thread;

/*
 * Load a selector the app had; a null one if its descriptor is no longer good for that (the fault
 * is foreseen: exception table). FS and GS get the descriptor's base. segment_load_gs() loads the
 * app's GS: interrupts off.
 */
void segment_load_ds(unsigned selector);
void segment_load_es(unsigned selector);
void segment_load_fs(unsigned selector);
void segment_load_gs(unsigned selector);
/* Where segment_load_gs() may fault with the app's GS, which exceptions.S must know. */
extern const char segment_gs_change[];

/* Of a thread of the app's that leaves this CPU or comes to it. Interrupts off. */
void selectors_save(struct arch_thread *t);
void selectors_load(const struct arch_thread *t);
/* Both in one. */
void selectors_switch(struct arch_thread *prev, const struct arch_thread *next);

/* Another FS base for a thread that is not running, as arch_prctl gives it: by a null selector. */
void selectors_set_fs_base(struct arch_thread *t, uintptr_t base);

/* A descriptor has changed: DS and ES of this CPU if they name the LDT; whichever is selector.
 * Interrupts off. */
void selectors_reload_ldt(void);
void selectors_reload(unsigned selector);

#endif
