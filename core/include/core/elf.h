/* SPDX-License-Identifier: MIT */
/*
 * Checks and describes an ELF executable in memory (core/elf.c). Portable and without allocation:
 * shared with the host's tools, so an image they accept is one the core boots. Every offset and
 * size in the file is distrusted.
 */
#ifndef CORE_ELF_H
#define CORE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 16
#define ELF_PF_X	 1
#define ELF_PF_W	 2
#define ELF_PF_R	 4

struct elf_segment {
	uint64_t vaddr, memsz;	 /* memsz > 0; segments sorted, disjoint in pages of 4 KiB */
	uint64_t offset, filesz; /* filesz <= memsz, inside the file */
	unsigned flags;		 /* ELF_PF_*; never W and X together */
};

struct elf_image {
	bool pie;	    /* ET_DYN: add a base of your choice to every address */
	uint64_t entry;	    /* inside an executable segment */
	uint64_t low, high; /* page-aligned span of all segments */
	uint64_t phdr;	    /* address of the program headers in memory; 0 if not loaded */
	unsigned phnum, phentsize;
	bool exec_stack; /* PT_GNU_STACK asks for one; refused unless allowed */
	uint64_t relro, relro_size;
	/* PT_INTERP: the path of the program that loads this one, in the file; NULL: none. */
	const char *interp;
	uint64_t
		align; /* the largest alignment a segment asks for: a power of two, a page or more */
	unsigned segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];
};

/*
 * 0, or -1 with *why set to one line for the user ("is a 32-bit program", "is truncated: ...").
 */
int elf_parse(const void *data, size_t size, struct elf_image *out, const char **why);

/*
 * The name of the function symbol that covers addr (link-time address), from .symtab if the file
 * has one: NULL if not; *offset is the distance from its start. Distrusts the file as well.
 */
const char *elf_symbol(const void *data, size_t size, uint64_t addr, uint64_t *offset);

#endif
