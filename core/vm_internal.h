/* SPDX-License-Identifier: MIT */
/* What core/vm.c shares with the other files of the address space. All under the memory-map lock. */
#ifndef VM_INTERNAL_H
#define VM_INTERNAL_H

#include <arch/mmu.h>
#include <core/sched.h>
#include <core/vm.h>

#include "vm_area.h"

extern struct mutex vm_lock;

/* Adds *a, len bytes (a multiple of the page size) long, where it says or at a place of the core's
 * choice; flags are mmap's. Where it is, or -errno. */
long vm_place(struct area *a, size_t len, unsigned flags);
int vm_unmap_locked(uintptr_t start, uintptr_t end);
/* What the page table says for a page of a; `own`: not one of the archive's. */
unsigned vm_page_prot(const struct area *a, bool own);
void vm_fault_init(void);
/* The app is gone: nothing is kept for its next fault. */
void vm_fault_end(void);
/* Takes the pages of [start, end), a part of a, out and frees those that are the app's own. */
void vm_drop_pages(struct area *a, uintptr_t start, uintptr_t end);
/* Maps what of [start, start + len) is not; not under the lock. Stops at the first failure: -errno. */
int vm_populate(uintptr_t start, size_t len, bool write);
/* A single mapping that all memory could not hold is a mistake; the sum of all may exceed it. */
bool vm_too_much(const struct area *a, size_t len);
/* New mappings get their pages at once from now on, or no more (mlockall). */
void vm_lock_future(bool on);

#endif
