// SPDX-License-Identifier: MIT
/*
 * Checks and describes ELF executables (core/elf.h), System V ABI (gABI 4.1, AMD64 supplement).
 * Owns nothing but the text of the newest error. Tables are copied out field by field because
 * nothing in the file need be aligned. Called by exec.c and by the host's tools.
 */
#include <core/elf.h>
#include <core/string.h>

#define ELF_PAGE    4096ull
#define ADDRESS_END (1ull << 47)
#define ALIGN_MOST  (1ull << 30) /* of a segment; more is not heeded */
#define INTERP_MOST 4096

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_shdr {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

struct elf_sym {
	uint32_t name;
	uint8_t info, other;
	uint16_t shndx;
	uint64_t value, size;
};

#define IDENT_CLASS 4
#define IDENT_DATA  5
#define CLASS_32    1
#define CLASS_64    2
#define DATA_LITTLE 1
#define ET_REL	    1
#define ET_EXEC	    2
#define ET_DYN	    3
#define ET_CORE	    4
#define EM_X86_64   62
#define PT_LOAD	    1
#define PT_INTERP   3
#define PT_PHDR	    6
#define PT_TLS	    7
#define PT_STACK    0x6474e551
#define PT_RELRO    0x6474e552
#define SHT_SYMTAB  2
#define STT_FUNC    2

struct elf_file {
	const uint8_t *data;
	size_t size;
	struct elf_header h;
	const char **why;
};

static int fail(struct elf_file *f, const char *why)
{
	*f->why = why;
	return -1;
}

/* True if [offset, offset + n) lies in the file. */
static bool inside(const struct elf_file *f, uint64_t offset, uint64_t n)
{
	return offset <= f->size && n <= f->size - offset;
}

static int check_ident(struct elf_file *f)
{
	if (f->size < 16 || memcmp(f->data, "\177ELF", 4))
		return fail(f, f->size ? "is not an ELF program" : "is empty");
	if (f->data[IDENT_CLASS] == CLASS_32)
		return fail(f, "is a 32-bit program: build it for x86-64");
	if (f->data[IDENT_CLASS] != CLASS_64)
		return fail(f, "has a bad ELF header: unknown class");
	if (f->data[IDENT_DATA] != DATA_LITTLE)
		return fail(f, "is a big-endian program: build it for x86-64");
	if (f->size < sizeof(f->h))
		return fail(f, "is truncated: the ELF header is not whole");
	return 0;
}

static int check_header(struct elf_file *f)
{
	struct elf_header *h = &f->h;

	if (check_ident(f))
		return -1;
	memcpy(h, f->data, sizeof(*h));
	if (h->machine != EM_X86_64)
		return fail(f, "is a program for another processor: build it for x86-64");
	if (h->type == ET_REL)
		return fail(f, "is an object file, not a program: link it");
	if (h->type == ET_CORE)
		return fail(f, "is a core dump, not a program");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return fail(f, "has a bad ELF header: unknown type");
	if (h->version != 1 || h->ehsize != sizeof(*h))
		return fail(f, "has a bad ELF header: unknown version or size");
	if (!h->phnum)
		return fail(f, "has no program headers: is it a program?");
	if (h->phentsize != sizeof(struct elf_phdr))
		return fail(f, "has a bad ELF header: program headers of a wrong size");
	if (!inside(f, h->phoff, (uint64_t)h->phnum * sizeof(struct elf_phdr)))
		return fail(f, "is truncated: the program headers are not in the file");
	return 0;
}

static void get_phdr(const struct elf_file *f, unsigned i, struct elf_phdr *p)
{
	memcpy(p, f->data + f->h.phoff + i * sizeof(*p), sizeof(*p));
}

/* The first one counts, as for Linux. Its name is told to people, so it must be one that can be. */
static int take_interp(struct elf_file *f, const struct elf_phdr *p, struct elf_image *out)
{
	const uint8_t *name = f->data + p->offset;

	if (out->interp)
		return 0;
	if (p->filesz < 2 || p->filesz > INTERP_MOST || !inside(f, p->offset, p->filesz) ||
	    memchr(name, 0, p->filesz) != name + p->filesz - 1)
		return fail(f, "has a bad name of an interpreter");
	for (uint64_t i = 0; i < p->filesz - 1; i++)
		if (name[i] < 0x20 || name[i] == 0x7f)
			return fail(f, "has a bad name of an interpreter");
	out->interp = (const char *)name;
	return 0;
}

static int check_segment(struct elf_file *f, const struct elf_phdr *p)
{
	if (p->filesz > p->memsz)
		return fail(f, "has a segment with more bytes in the file than in memory");
	if (!inside(f, p->offset, p->filesz))
		return fail(f, "is truncated: a segment is not in the file");
	if (p->vaddr >= ADDRESS_END || p->memsz > ADDRESS_END - p->vaddr)
		return fail(f, "has a segment outside the address space");
	if ((p->flags & ELF_PF_W) && (p->flags & ELF_PF_X))
		return fail(f, "has a segment that is writable and executable: link it without -N");
	return 0;
}

/* Adds a PT_LOAD of some length; they must ascend and have no page in common. */
static int add_segment(struct elf_file *f, const struct elf_phdr *p, struct elf_image *out)
{
	uint64_t first = p->vaddr & ~(ELF_PAGE - 1);
	uint64_t end = (p->vaddr + p->memsz + ELF_PAGE - 1) & ~(ELF_PAGE - 1);
	struct elf_segment *s;

	if (check_segment(f, p))
		return -1;
	if (out->segments && first < out->high)
		return fail(f, "has segments that overlap or are not in order");
	if (out->segments == ELF_MAX_SEGMENTS)
		return fail(f, "has more than 16 segments");
	if (!out->segments)
		out->low = first;
	out->high = end;
	if (p->align > out->align && p->align <= ALIGN_MOST && !(p->align & (p->align - 1)))
		out->align = p->align;
	s = &out->segment[out->segments++];
	s->vaddr = p->vaddr;
	s->memsz = p->memsz;
	s->offset = p->offset;
	s->filesz = p->filesz;
	s->flags = p->flags & (ELF_PF_R | ELF_PF_W | ELF_PF_X);
	return 0;
}

static int take_phdr(struct elf_file *f, const struct elf_phdr *p, struct elf_image *out)
{
	switch (p->type) {
	case PT_LOAD:
		return p->memsz ? add_segment(f, p, out) : 0;
	case PT_INTERP:
		return take_interp(f, p, out);
	case PT_STACK:
		out->exec_stack = p->flags & ELF_PF_X;
		return 0;
	case PT_RELRO:
		out->relro = p->vaddr;
		out->relro_size = p->memsz;
		return 0;
	case PT_TLS:
		if (p->filesz > p->memsz || !inside(f, p->offset, p->filesz))
			return fail(f, "has a bad thread-local segment");
		return 0;
	}
	return 0;
}

/* True if [addr, addr + n) lies in one segment that has all the flags. */
static bool in_segment(const struct elf_image *e, uint64_t addr, uint64_t n, unsigned flags)
{
	for (unsigned i = 0; i < e->segments; i++) {
		const struct elf_segment *s = &e->segment[i];

		if ((s->flags & flags) == flags && addr >= s->vaddr &&
		    addr - s->vaddr <= s->memsz && n <= s->memsz - (addr - s->vaddr))
			return true;
	}
	return false;
}

/* Where the program headers are in memory, if a segment loads them. */
static uint64_t phdr_address(const struct elf_file *f, const struct elf_image *e)
{
	uint64_t n = (uint64_t)f->h.phnum * sizeof(struct elf_phdr);

	for (unsigned i = 0; i < e->segments; i++) {
		const struct elf_segment *s = &e->segment[i];

		if (f->h.phoff >= s->offset && f->h.phoff - s->offset <= s->filesz &&
		    n <= s->filesz - (f->h.phoff - s->offset))
			return s->vaddr + (f->h.phoff - s->offset);
	}
	return 0;
}

int elf_parse(const void *data, size_t size, struct elf_image *out, const char **why)
{
	struct elf_file f = {.data = data, .size = size, .why = why};
	struct elf_phdr p;

	memset(out, 0, sizeof(*out));
	out->align = ELF_PAGE;
	if (check_header(&f))
		return -1;
	for (unsigned i = 0; i < f.h.phnum; i++) {
		get_phdr(&f, i, &p);
		if (take_phdr(&f, &p, out))
			return -1;
	}
	if (!out->segments)
		return fail(&f, "has nothing to load");
	if (!in_segment(out, f.h.entry, 1, ELF_PF_X))
		return fail(&f, "has an entry point outside its code");
	if (out->relro_size && !in_segment(out, out->relro, out->relro_size, 0))
		out->relro_size = 0;
	out->pie = f.h.type == ET_DYN;
	out->entry = f.h.entry;
	out->phdr = phdr_address(&f, out);
	out->phnum = f.h.phnum;
	out->phentsize = f.h.phentsize;
	return 0;
}

static bool get_shdr(const struct elf_file *f, unsigned i, struct elf_shdr *s)
{
	if (i >= f->h.shnum || f->h.shentsize != sizeof(*s) ||
	    !inside(f, f->h.shoff, (uint64_t)f->h.shnum * sizeof(*s)))
		return false;
	memcpy(s, f->data + f->h.shoff + i * sizeof(*s), sizeof(*s));
	return true;
}

/* The symbol table and its strings, both inside the file. */
static bool find_symtab(const struct elf_file *f, struct elf_shdr *sym, struct elf_shdr *str)
{
	for (unsigned i = 0; get_shdr(f, i, sym); i++)
		if (sym->type == SHT_SYMTAB)
			return sym->entsize == sizeof(struct elf_sym) &&
			       inside(f, sym->offset, sym->size) && get_shdr(f, sym->link, str) &&
			       inside(f, str->offset, str->size);
	return false;
}

static const char *string_at(const struct elf_file *f, const struct elf_shdr *str, uint64_t at)
{
	const char *s = (const char *)f->data + str->offset + at;

	if (at >= str->size || !memchr(s, 0, str->size - at))
		return NULL;
	return *s ? s : NULL;
}

/* True if s, without a size of its own (assembly), may stand for addr and is nearer than best. */
static bool nearer(const struct elf_sym *s, uint64_t addr, uint64_t best)
{
	return !s->size && s->shndx && s->value <= addr && addr - s->value < best;
}

const char *elf_symbol(const void *data, size_t size, uint64_t addr, uint64_t *offset)
{
	const char *unused, *name = NULL, *n;
	struct elf_file f = {.data = data, .size = size, .why = &unused};
	struct elf_shdr sym, str;
	uint64_t best = 4096;

	if (check_header(&f) || !find_symtab(&f, &sym, &str))
		return NULL;
	for (uint64_t i = 0; i < sym.size / sizeof(struct elf_sym); i++) {
		struct elf_sym s;

		memcpy(&s, f.data + sym.offset + i * sizeof(s), sizeof(s));
		if ((s.info & 0xf) != STT_FUNC || !(n = string_at(&f, &str, s.name)))
			continue;
		if (addr - s.value < s.size) {
			*offset = addr - s.value;
			return n;
		}
		if (nearer(&s, addr, best)) {
			best = addr - s.value;
			name = n;
		}
	}
	*offset = best;
	return name;
}
