/* SPDX-License-Identifier: MIT */
/*
 * The app's address space (core/vm.c): areas in an ordered tree, pages on demand. One address
 * space, one lock (the memory-map lock, a mutex, outermost). A fault takes it; so no other lock is
 * ever held over an access to the app's memory.
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include <abi/mman.h>
#include <core/compiler.h>

void vm_init(void);

/*
 * Maps len bytes (rounded up to pages) of zero pages on demand. addr is a wish unless flags has
 * MAP_FIXED. The address, or -errno (as a negative long).
 */
long vm_map_anonymous(uintptr_t addr, size_t len, unsigned prot, unsigned flags);
/*
 * Maps physical pages that are not the allocator's (the archive) at a fixed, page-aligned addr;
 * never writable, never freed. 0 or -errno.
 */
int vm_map_physical(uintptr_t addr, size_t len, unsigned prot, phys_t pa);
/*
 * The same for a place that is chosen, or given and cleared, as by vm_map_anonymous(). PROT_WRITE
 * is allowed: a page written to becomes a private copy. The address, or -errno.
 */
long vm_map_pages(uintptr_t addr, size_t len, unsigned prot, unsigned flags, phys_t pa);
/*
 * A regular file's pages from a page boundary on, as MAP_SHARED or MAP_PRIVATE says; writable: the
 * app may write to the file. Holds a reference of its own. The address, or -errno.
 */
struct inode;
long vm_map_file(uintptr_t addr, size_t len, unsigned prot, unsigned flags, struct inode *i,
		 uint64_t offset, bool writable);
/* The same of zero pages that no file has. */
long vm_map_shared(uintptr_t addr, size_t len, unsigned prot, unsigned flags);
/* True if addr is in a shared mapping: of which file, to be compared only, and where in it. */
bool vm_shared(uintptr_t addr, const void **object, uintptr_t *offset);
/*
 * Bytes [from, to) of a file, whole pages, are to go: no mapping has them any more, and none gets them
 * back before vm_file_end(). No lock held.
 */
void vm_file_begin(struct inode *i, uint64_t from, uint64_t to);
/* The same, but private copies of the pages stay. */
void vm_hole_begin(struct inode *i, uint64_t from, uint64_t to);
void vm_file_end(void);
/* Bytes [from, to) of a file are no longer what the archive has: mappings see it. No lock held. */
void vm_file_changed(struct inode *i, uint64_t from, uint64_t to);
int vm_unmap(uintptr_t addr, size_t len);
int vm_protect(uintptr_t addr, size_t len, unsigned prot);
/* Sets where brk starts: the end of the app's data, page-aligned upwards by the callee. */
void vm_set_brk(uintptr_t start);
/* Moves the end of the data to addr if that can be done; where it is now, 0 before vm_set_brk(). */
uintptr_t vm_brk(uintptr_t addr);
/* A stack of at most limit bytes that grows down from the returned top, with a guard below. */
long vm_map_stack(size_t limit);
/* A random, free, page-aligned base for len bytes of a PIE or for mmap. 0 if there is none. */
uintptr_t vm_random_base(size_t len);
/* Unmaps everything; the app is gone. */
void vm_unmap_all(void);

#define VM_FAULT_WRITE 1
#define VM_FAULT_EXEC  2
/*
 * Handles a page fault of the app's or of a copy on its behalf at addr. 0: resolved, retry.
 * -EFAULT: nothing is mapped there; -EACCES: it is, but not for this access; -ENXIO: the file has no
 * such page, nor room for it; -ENOMEM.
 * Thread context, interrupts on.
 */
int vm_fault(uintptr_t addr, unsigned access);

/* Where the app has the page pa; 0 if nowhere. Thread context, interrupts on. */
uintptr_t vm_find_page(phys_t pa);

/* A part of the app's address space that is mapped in one way. */
struct vm_region {
	uintptr_t start, end;
	unsigned prot;
	enum vm_region_kind {
		VM_REGION_ANONYMOUS,
		VM_REGION_HEAP, /* brk's, or with some of brk's in it */
		VM_REGION_STACK,
		VM_REGION_ARCHIVE,
		VM_REGION_FILE,
		VM_REGION_SHARED, /* anonymous memory */
	} kind;
	bool shared;
	const void *data; /* VM_REGION_ARCHIVE: the bytes at start, in the direct map; else NULL */
	struct inode *inode; /* VM_REGION_FILE: what is at start, with a reference: inode_put() */
	uint64_t offset;
};
/* The first that ends above addr; false if there is none. Thread context. */
bool vm_region(uintptr_t addr, struct vm_region *out);

/* What page faults came to, since the start. */
struct vm_fault_counts {
	uint64_t zeroed, copied; /* an own page: of zeros, of the archive's bytes */
	uint64_t large;		 /* large pages of zeros */
	uint64_t mapped;	 /* pages of the archive, one or more at a time */
	uint64_t late;		 /* nothing was to be done any more, or only rights */
	uint64_t refused;	 /* nothing is there, or not for this access */
	uint64_t no_memory;
};
struct vm_fault_counts vm_fault_counts(void);

/* Pages now mapped for the app, and promised to it. */
size_t vm_resident(void);
size_t vm_committed(void);
/* So many pages can be had without breaking what the app has been promised. Any context. */
bool vm_can_commit(size_t pages);
/* vm_fault() said -ENOMEM: tells the log who has the memory. The caller ends the app. */
void vm_out_of_memory(uintptr_t addr);

#endif
