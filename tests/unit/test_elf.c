// SPDX-License-Identifier: MIT
/* The ELF checker: a good program, each way to be bad, symbols, and mutated files. */
#include <core/elf.h>
#include <core/string.h>

#include "fs_archive.h"
#include "test.h"

#define MUTATIONS 100000

struct ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct shdr {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

struct sym {
	uint32_t name;
	uint8_t info, other;
	uint16_t shndx;
	uint64_t value, size;
};

/* A program of three segments, with a symbol table. */
struct program {
	struct ehdr e;
	struct phdr p[5];
	uint8_t text[64], data[32];
	struct shdr s[3];
	struct sym y[4];
	char strings[16];
} __packed;

#define AT(member) offsetof(struct program, member)
#define BASE	   0x400000ul

static void make(struct program *g)
{
	memset(g, 0, sizeof(*g));
	memcpy(g->e.ident, "\177ELF\2\1\1", 7);
	g->e.type = 2;
	g->e.machine = 62;
	g->e.version = 1;
	g->e.entry = BASE + AT(text);
	g->e.phoff = AT(p);
	g->e.shoff = AT(s);
	g->e.ehsize = 64;
	g->e.phentsize = 56;
	g->e.phnum = 5;
	g->e.shentsize = 64;
	g->e.shnum = 3;
	g->p[0] = (struct phdr){1, 5, 0, BASE, 0, AT(data), AT(data), 4096};
	g->p[1] = (struct phdr){1, 6, AT(data), BASE + 0x1000 + AT(data), 0, 32, 5000, 4096};
	g->p[2] = (struct phdr){0x6474e551, 6, 0, 0, 0, 0, 0, 16};
	g->p[3] = (struct phdr){7, 4, AT(data), BASE + 0x1000 + AT(data), 0, 8, 16, 8};
	g->p[4] = (struct phdr){0x6474e552, 4, AT(data), BASE + 0x1000 + AT(data), 0, 32, 32, 1};
	g->s[1] = (struct shdr){
		.type = 2, .offset = AT(y), .size = sizeof(g->y), .link = 2, .entsize = 24};
	g->s[2] = (struct shdr){.type = 3, .offset = AT(strings), .size = sizeof(g->strings)};
	g->y[1] = (struct sym){1, 2, 0, 1, BASE + AT(text), 16};
	g->y[2] = (struct sym){6, 2, 0, 1, BASE + AT(text) + 32, 0};
	g->y[3] = (struct sym){1, 1, 0, 1, BASE + AT(data), 16};
	memcpy(g->strings, "\0main\0asm", 10);
}

static const char *parse(const void *p, size_t n, struct elf_image *out)
{
	const char *why = NULL;

	return elf_parse(p, n, out, &why) ? why : NULL;
}

TEST(elf_good)
{
	struct elf_image i;
	struct program g;

	make(&g);
	CHECK(!parse(&g, sizeof(g), &i));
	CHECK(!i.pie && !i.exec_stack);
	CHECK_EQ(i.segments, 2);
	CHECK_EQ(i.low, BASE);
	CHECK_EQ(i.high, BASE + 0x3000);
	CHECK_EQ(i.phdr, BASE + 64);
	CHECK_EQ(i.phnum, 5);
	CHECK_EQ(i.relro_size, 32);
	CHECK_EQ(i.segment[1].flags, ELF_PF_R | ELF_PF_W);
	g.e.type = 3;
	CHECK(!parse(&g, sizeof(g), &i));
	CHECK(i.pie);
	g.p[2].flags = 7;
	CHECK(!parse(&g, sizeof(g), &i));
	CHECK(i.exec_stack);
}

#define REFUSED(change, words)                              \
	do {                                                \
		make(&g);                                   \
		change;                                     \
		CHECK_STR(parse(&g, sizeof(g), &i), words); \
	} while (0)

TEST(elf_refusals)
{
	struct elf_image i;
	struct program g;

	REFUSED(g.e.ident[0] = 'E', "is not an ELF program");
	REFUSED(g.e.ident[4] = 1, "is a 32-bit program: build it for x86-64");
	REFUSED(g.e.ident[4] = 9, "has a bad ELF header: unknown class");
	REFUSED(g.e.ident[5] = 2, "is a big-endian program: build it for x86-64");
	REFUSED(g.e.machine = 183, "is a program for another processor: build it for x86-64");
	REFUSED(g.e.type = 1, "is an object file, not a program: link it");
	REFUSED(g.e.type = 4, "is a core dump, not a program");
	REFUSED(g.e.type = 77, "has a bad ELF header: unknown type");
	REFUSED(g.e.version = 2, "has a bad ELF header: unknown version or size");
	REFUSED(g.e.phnum = 0, "has no program headers: is it a program?");
	REFUSED(g.e.phentsize = 32, "has a bad ELF header: program headers of a wrong size");
	REFUSED(g.e.phoff = -8ul, "is truncated: the program headers are not in the file");
	REFUSED(g.p[0].filesz = g.p[0].memsz + 1,
		"has a segment with more bytes in the file than in memory");
	REFUSED(g.p[1].offset = sizeof(g), "is truncated: a segment is not in the file");
	REFUSED(g.p[1].vaddr = -1ul, "has a segment outside the address space");
	REFUSED(g.p[1].memsz = 1ul << 47, "has a segment outside the address space");
	REFUSED(g.p[0].flags = 7,
		"has a segment that is writable and executable: link it without -N");
	REFUSED(g.p[1].vaddr = BASE, "has segments that overlap or are not in order");
	REFUSED((g.p[0].type = 0, g.p[1].type = 0), "has nothing to load");
	REFUSED(g.e.entry = BASE + 0x1000, "has an entry point outside its code");
	REFUSED(g.p[3].filesz = 1ul << 60, "has a bad thread-local segment");
	make(&g);
	CHECK_STR(parse(&g, 0, &i), "is empty");
	CHECK_STR(parse(&g, 40, &i), "is truncated: the ELF header is not whole");
}

TEST(elf_interpreter)
{
	static const char interp[] = "/lib64/ld-linux-x86-64.so.2";
	static const char bad[] = "has a bad name of an interpreter";
	struct elf_image i;
	struct program g;

#define INTERP(change)                                                                           \
	do {                                                                                     \
		make(&g);                                                                        \
		memcpy(g.text, interp, sizeof(interp));                                          \
		g.p[2] = (struct phdr){3, 4, AT(text), 0, 0, sizeof(interp), sizeof(interp), 1}; \
		change;                                                                          \
	} while (0)
	INTERP((void)0);
	CHECK(!parse(&g, sizeof(g), &i));
	CHECK_STR(i.interp, interp);
	/* The first counts. */
	INTERP((g.p[3].type = 3, g.p[3].offset = 1, g.p[3].filesz = 1));
	CHECK(!parse(&g, sizeof(g), &i));
	INTERP(g.p[2].filesz = -1ul);
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP(g.p[2].offset = sizeof(g) - 4);
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP(g.p[2].filesz = 1);
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP(g.p[2].filesz--);
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP(g.p[2].filesz++);
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP(g.text[3] = '\n');
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
	INTERP((g.p[2].filesz = 5000, memset(g.text, 'x', sizeof(g.text))));
	CHECK_STR(parse(&g, sizeof(g), &i), bad);
}

TEST(elf_alignment)
{
	static const uint64_t cases[][2] = {{0, 4096},		{16, 4096},	 {4096, 4096},
					    {2 << 20, 2 << 20}, {3 << 20, 4096}, {1ul << 40, 4096}};
	struct elf_image i;
	struct program g;

	for (unsigned k = 0; k < ARRAY_SIZE(cases); k++) {
		make(&g);
		g.p[1].align = cases[k][0];
		CHECK(!parse(&g, sizeof(g), &i));
		CHECK_EQ(i.align, cases[k][1]);
	}
}

TEST(elf_symbols)
{
	struct program g;
	uint64_t off = 0;

	make(&g);
	CHECK_STR(elf_symbol(&g, sizeof(g), BASE + AT(text) + 5, &off), "main");
	CHECK_EQ(off, 5);
	/* A function without a size stands for what follows it, not for ever. */
	CHECK_STR(elf_symbol(&g, sizeof(g), BASE + AT(text) + 40, &off), "asm");
	CHECK_EQ(off, 8);
	CHECK(!elf_symbol(&g, sizeof(g), BASE + AT(text) + 20, &off));
	CHECK(!elf_symbol(&g, sizeof(g), BASE + 0x100000, &off));
	CHECK(!elf_symbol(&g, sizeof(g), 0, &off));
	g.y[1].name = 1000;
	CHECK(!elf_symbol(&g, sizeof(g), BASE + AT(text) + 5, &off));
	make(&g);
	memset(g.strings + 1, 'x', sizeof(g.strings) - 1);
	CHECK(!elf_symbol(&g, sizeof(g), BASE + AT(text) + 5, &off));
	make(&g);
	g.e.shoff = sizeof(g) - 64;
	CHECK(!elf_symbol(&g, sizeof(g), BASE + AT(text) + 5, &off));
}

/* What an accepted image promises. */
static void check_promises(const struct elf_image *e, size_t size)
{
	uint64_t end = 0;

	CHECK(e->segments && e->segments <= ELF_MAX_SEGMENTS);
	for (unsigned i = 0; i < e->segments; i++) {
		const struct elf_segment *s = &e->segment[i];

		CHECK(s->memsz && s->filesz <= s->memsz);
		CHECK(s->offset <= size && s->filesz <= size - s->offset);
		CHECK((s->vaddr & -4096ul) >= end);
		end = (s->vaddr + s->memsz + 4095) & -4096ul;
		CHECK(end <= 1ul << 47 && end > s->vaddr);
		CHECK((s->flags & 3) != 3);
	}
	CHECK_EQ(end, e->high);
}

TEST(elf_mutations)
{
	unsigned accepted = 0;
	uint64_t rng = 99;
	struct program g;

	for (unsigned i = 0; i < MUTATIONS; i++) {
		size_t size = test_random(&rng) % 4 ? sizeof(g) : test_random(&rng) % sizeof(g);
		uint8_t *p = malloc(size ? size : 1);
		struct elf_image e;
		uint64_t off;

		make(&g);
		memcpy(p, &g, size);
		for (unsigned m = 1 + test_random(&rng) % 4; m && size; m--) {
			size_t at = test_random(&rng) % size;

			p[at] = (uint8_t)test_random(&rng);
			if (test_random(&rng) % 8 == 0)
				memset(p + at, 0xff, min(size - at, (size_t)8));
		}
		if (!parse(p, size, &e)) {
			accepted++;
			check_promises(&e, size);
		}
		elf_symbol(p, size, BASE + AT(text) + test_random(&rng) % 64, &off);
		free(p);
	}
	CHECK(accepted > MUTATIONS / 100 && accepted < MUTATIONS);
}
