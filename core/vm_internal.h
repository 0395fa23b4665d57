/* SPDX-License-Identifier: MIT */
/* What core/vm.c shares with the other files of the address space. All under the memory-map lock. */
#ifndef VM_INTERNAL_H
#define VM_INTERNAL_H

#include <arch/mmu.h>
#include <core/sched.h>
#include <core/vm.h>

#include "vm_area.h"

extern struct mutex vm_lock;
/* What the stack, or an area that grows, can come to: bytes. */
extern size_t vm_stack_limit;

/* Adds *a, len bytes (a multiple of the page size) long, where it says or at a place of the core's
 * choice; flags are mmap's. Where it is, or -errno. */
long vm_place(struct area *a, size_t len, unsigned flags);
/* Does that for what *a describes, with what mmap's flags and mlockall ask for. */
long vm_map_area(struct area *a, size_t len, unsigned flags);
int vm_unmap_locked(uintptr_t start, uintptr_t end);
/* What the page table says for a page of a; `own`: not one of the archive's or of a file. */
unsigned vm_page_prot(const struct area *a, bool own);
void vm_fault_init(void);
/* The app is gone: nothing is kept for its next fault. */
void vm_fault_end(void);
/* Takes the pages of [start, end), a part of a, out and frees those that are the app's own. */
void vm_drop_pages(struct area *a, uintptr_t start, uintptr_t end);
/*
 * Maps what of [start, start + len) is not; not under the lock. Stops at the first failure: -errno.
 * What is no promise gets -ENOMEM while there is something left for others.
 */
int vm_populate(uintptr_t start, size_t len, bool write);
/* The page pa of a at va is the app's own, not one of the archive's or of a file. */
bool vm_page_own(const struct area *a, uintptr_t va, phys_t pa);
/* It is mapped, or the file has it. */
bool vm_page_resident(const struct area *a, uintptr_t va);
/* Free pages, but for those only the core may have. */
size_t vm_available(void);
const char *vm_region_name(const struct area *a);
/* New mappings are locked from now on, or no more (mlockall), and get their pages at once. */
void vm_lock_future(bool on, bool now);

/* ---- vm_file.c ---- */

/* Makes a hole of [start, end), a part of a, in the file. 0 or madvise's -errno. */
int vm_file_remove(struct area *a, uintptr_t start, uintptr_t end);

/* ---- vm_commit.c ---- */

void vm_commit_init(void);
/* With rights to write, a would become a promise that it is not yet. */
bool vm_accountable(const struct area *a, unsigned prot);
/* Makes it one; vm_can_commit() has been asked. */
void vm_account(struct area *a);
/* So many bytes more (or less) of a are mapped; so many pages of a are there. */
void vm_commit(const struct area *a, ssize_t bytes);
void vm_back(const struct area *a, ssize_t pages);
/* The pages of a that are there, and in *own those that what is promised of a has come to. */
size_t vm_count_pages(const struct area *a, size_t *own);
/* Memory is gone: true if something was found. Not under the lock. */
bool vm_reclaim(void);

#endif
