// SPDX-License-Identifier: MIT
/* Loading an app into the address space (core/vm.c over the fake page table), and its stack. */
#include <arch/thread.h>

static _Noreturn void enter_user(uintptr_t pc, uintptr_t sp);

#define arch_enter_user enter_user
#include "../../core/exec.c"
#include "../../core/exec_stack.c"

#include <abi/fcntl.h>
#include <core/heap.h>

#include "fs_archive.h"
#include "test.h"

#define BASE	0x400000ul
#define TEXT	0x1000ul
#define RODATA	0x3000ul
#define DATA	0x4000ul
#define FILE_SZ 0x4800ul

static jmp_buf entered;
static uintptr_t start_pc, start_sp;

static _Noreturn void enter_user(uintptr_t pc, uintptr_t sp)
{
	start_pc = pc;
	start_sp = sp;
	longjmp(entered, 1);
}

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static uint8_t program[FILE_SZ], interpreter[FILE_SZ];
static const char *interpreter_name; /* in the archive; NULL: none is */

/* A header page, two pages of code less a bit, read-only data, data with bss behind it. */
static void make(uint16_t type)
{
	struct phdr p[] = {
		{1, 4, 0, BASE, 0, 0x200, 0x200, 4096},
		{1, 5, TEXT, BASE + TEXT, 0, 0x1f00, 0x1f00, 4096},
		{1, 4, RODATA, BASE + RODATA, 0, 0x100, 0x180, 4096},
		{1, 6, DATA + 0x10, BASE + DATA + 0x10, 0, 0x7f0, 0x3000, 4096},
		{0x6474e551, 6, 0, 0, 0, 0, 0, 16},
	};
	uint64_t entry = BASE + TEXT + 8, phoff = 64;
	uint16_t tail[] = {64, 56, ARRAY_SIZE(p), 64, 0, 0};

	for (size_t i = 0; i < sizeof(program); i++)
		program[i] = (uint8_t)(1 + i % 255);
	memset(program, 0, 64);
	memcpy(program, "\177ELF\2\1\1", 7);
	memcpy(program + 16, &type, 2);
	memcpy(program + 18, "\x3e\0\1\0\0\0", 6);
	memcpy(program + 24, &entry, 8);
	memcpy(program + 32, &phoff, 8);
	memcpy(program + 52, tail, sizeof(tail));
	memcpy(program + 64, p, sizeof(p));
}

/* Runs the program out of an archive with data so aligned: NULL once ring 3 was reached, or why. */
static const char *run(size_t align, const char *cmdline, char **argv)
{
	static struct test_archive a;
	const char *why = NULL;
	static uint8_t *image;
	struct file *f;

	memset(&boot_info.cmdline, 0, sizeof(boot_info.cmdline));
	REQUIRE(!cmdline_add(&boot_info.cmdline, cmdline, &why));
	archive_begin(&a, align);
	archive_file(&a, "app", 0100755, program, sizeof(program));
	if (interpreter_name)
		archive_file(&a, interpreter_name, 0100755, interpreter, sizeof(interpreter));
	archive_end(&a);
	image = fake_ram(a.size);
	memcpy(image, a.data, a.size);
	REQUIRE(!fs_mount_archive(image, a.size, &why));
	archive_free(&a);
	fd_close_all();
	vm_init();
	fake_fault_handler = vm_fault;
	REQUIRE(!fs_open("/app", O_RDONLY, 0, &f));
	why = NULL;
	if (!setjmp(entered))
		CHECK(exec_app(f, "/app", argv, NULL, &why) < 0);
	else
		why = NULL;
	file_put(f);
	return why;
}

static void done(void)
{
	fd_close_all();
	vm_unmap_all();
}

static void peek(uintptr_t va, void *out, size_t n)
{
	if (copy_from_user(out, (void *)va, n))
		test_abort(__FILE__, __LINE__, "nothing at %#lx", va);
}

static uint64_t word(uintptr_t va)
{
	uint64_t v;

	peek(va, &v, 8);
	return v;
}

static const char *string(uintptr_t va)
{
	static char s[8][256];
	static unsigned n;
	char *p = s[n++ % 8];

	CHECK(strncpy_from_user(p, (void *)va, 256) >= 0);
	return p;
}

static void check_memory(uintptr_t base)
{
	static uint8_t got[0x3000], want[0x3000];

	peek(base, got, 0x200);
	CHECK_MEM(got, program, 0x200);
	peek(base + TEXT, got, 0x1f00);
	CHECK_MEM(got, program + TEXT, 0x1f00);
	memset(want, 0, sizeof(want));
	memcpy(want, program + RODATA, 0x100);
	peek(base + RODATA, got, 0x180);
	CHECK_MEM(got, want, 0x180);
	memset(want, 0, sizeof(want));
	memcpy(want, program + DATA + 0x10, 0x7f0);
	peek(base + DATA + 0x10, got, 0x2ff0);
	CHECK_MEM(got, want, 0x2ff0);
	CHECK_EQ(copy_to_user((void *)(base + DATA + 0x20), "w", 1), 0);
	CHECK_EQ(copy_to_user((void *)(base + DATA + 0x2000), "w", 1), 0);
	CHECK_EQ(copy_to_user((void *)(base + TEXT), "w", 1), -EFAULT);
	CHECK_EQ(copy_to_user((void *)(base + RODATA), "w", 1), -EFAULT);
	CHECK_EQ(vm_fault(base + TEXT, VM_FAULT_EXEC), 0);
	CHECK_EQ(vm_fault(base + DATA, VM_FAULT_EXEC), -EACCES);
	CHECK_EQ(vm_fault(base + RODATA, VM_FAULT_EXEC), -EACCES);
}

TEST(exec_segments)
{
	static const size_t aligns[] = {4096, 4};
	static char *argv[] = {(char *)"/app", NULL};

	for (unsigned i = 0; i < ARRAY_SIZE(aligns); i++) {
		make(2);
		CHECK(!run(aligns[i], "", argv));
		CHECK_EQ(start_pc, BASE + TEXT + 8);
		check_memory(BASE);
		CHECK(vm_brk(0) >= BASE + DATA + 0x3010);
		done();
		make(3);
		CHECK(!run(aligns[i], "", argv));
		CHECK(start_pc != BASE + TEXT + 8);
		CHECK_EQ(start_pc % PAGE_SIZE, 8);
		check_memory(start_pc - TEXT - 8);
		done();
	}
}

/* What is whole pages of the archive is not copied. */
TEST(exec_maps_in_place)
{
	static char *argv[] = {(char *)"/app", NULL};
	size_t before, resident;

	make(2);
	CHECK(!run(4096, "", argv));
	before = page_free_count();
	resident = vm_resident();
	CHECK_EQ(vm_fault(BASE + TEXT, VM_FAULT_EXEC), 0);
	CHECK_EQ(vm_fault(BASE + TEXT + PAGE_SIZE, VM_FAULT_EXEC), 0);
	CHECK_EQ(vm_resident(), resident + 2);
	CHECK(page_free_count() + 1 >= before); /* one is kept for the next */
	done();
}

TEST(exec_start_state)
{
	static char *argv[] = {(char *)"/app", (char *)"-v", (char *)"two words", (char *)"", NULL};
	uint64_t aux[64] = {0}, type;
	unsigned env = 0;
	bool path = false, mine = false;
	uintptr_t at;

	make(2);
	CHECK(!run(4096, "env.A=1 env.HOME=/root env.A=2 env.broken stack=1M", argv));
	at = start_sp;
	CHECK_EQ(at % 16, 0);
	CHECK_EQ(word(at), 4);
	CHECK_STR(string(word(at + 8)), "/app");
	CHECK_STR(string(word(at + 24)), "two words");
	CHECK_STR(string(word(at + 32)), "");
	CHECK_EQ(word(at + 40), 0);
	for (at += 48; word(at); at += 8, env++) {
		const char *s = string(word(at));

		path |= !strncmp(s, "PATH=", 5);
		mine |= !strcmp(s, "A=2");
		CHECK(strcmp(s, "A=1"));
		if (!strncmp(s, "HOME=", 5))
			CHECK_STR(s, "HOME=/root");
	}
	CHECK(path && mine);
	CHECK_EQ(env, 4);
	for (at += 8; (type = word(at)); at += 16) {
		REQUIRE(type < ARRAY_SIZE(aux));
		aux[type] = word(at + 8);
	}
	CHECK_EQ(aux[AT_PHDR], BASE + 64);
	CHECK_EQ(aux[AT_PHNUM], 5);
	CHECK_EQ(aux[AT_PHENT], 56);
	CHECK_EQ(aux[AT_PAGESZ], 4096);
	CHECK_EQ(aux[AT_ENTRY], start_pc);
	CHECK_EQ(aux[AT_BASE], 0);
	CHECK_EQ(aux[AT_HWCAP], 0x123);
	CHECK_EQ(aux[AT_HWCAP2], 2);
	CHECK_EQ(aux[AT_MINSIGSTKSZ], 2048);
	CHECK_EQ(aux[AT_CLKTCK], 100);
	CHECK_STR(string(aux[AT_EXECFN]), "/app");
	CHECK_STR(string(aux[AT_PLATFORM]), "x86_64");
	CHECK(word(aux[AT_RANDOM]) != word(aux[AT_RANDOM] + 8));
	/* The stack grows down as far as its limit and not much further. */
	CHECK_EQ(copy_to_user((void *)(start_sp - (900ul << 10)), "x", 1), 0);
	CHECK_EQ(copy_to_user((void *)(start_sp - (1ul << 20)), "x", 1), -EFAULT);
	CHECK(fd_cloexec(0) == 0 && fd_cloexec(1) == 0 && fd_cloexec(2) == 0);
	CHECK(fd_cloexec(3) < 0);
	done();
}

/* Makes a program that asks for /ld, and a position-independent /ld of the same kind. */
static void make_dynamic(uint16_t type)
{
	struct phdr interp = {3, 4, 0x1f0, BASE + 0x1f0, 0, 4, 4, 1};

	make(3);
	memcpy(interpreter, program, sizeof(program));
	make(type);
	memcpy(program + 64 + 4 * 56, &interp, sizeof(interp));
	memcpy(program + 0x1f0, "/ld", 4);
	interpreter_name = "ld";
}

TEST(exec_interpreter)
{
	static char *argv[] = {(char *)"/app", NULL};
	uint64_t aux[64], type;
	uintptr_t at, brk;

	for (uint16_t kind = 2; kind <= 3; kind++) {
		make_dynamic(kind);
		CHECK(!run(4096, "", argv));
		for (at = start_sp + 24; word(at); at += 8)
			;
		memset(aux, 0, sizeof(aux));
		for (at += 8; (type = word(at)); at += 16)
			aux[type] = word(at + 8);
		CHECK_EQ(aux[AT_BASE] % PAGE_SIZE, 0);
		CHECK_EQ(start_pc, aux[AT_BASE] + BASE + TEXT + 8);
		CHECK(aux[AT_ENTRY] != start_pc);
		CHECK_EQ(aux[AT_PHDR], aux[AT_ENTRY] - TEXT - 8 + 64);
		if (kind == 2)
			CHECK_EQ(aux[AT_ENTRY], BASE + TEXT + 8);
		check_memory(aux[AT_ENTRY] - TEXT - 8);
		/* The heap is behind the program, with room to grow. */
		brk = vm_brk(0);
		CHECK(brk > aux[AT_ENTRY] && brk < aux[AT_ENTRY] + (1ul << 30));
		CHECK_EQ(vm_brk(brk + (1ul << 20)), brk + (1ul << 20));
		memcpy(program, interpreter, sizeof(program));
		check_memory(start_pc - TEXT - 8);
		done();
	}
	interpreter_name = NULL;
}

TEST(exec_interpreter_refusals)
{
	static char *argv[] = {(char *)"/app", NULL};

	make_dynamic(3);
	interpreter_name = NULL;
	program[0x1f2] = '1'; /* earlier archives are still there */
	CHECK_STR(run(4096, "", argv), "needs the interpreter /l1, which is not in the image");
	done();
	make_dynamic(3);
	interpreter[4] = 1;
	CHECK_STR(run(4096, "", argv), "needs the interpreter /ld, which is a 32-bit program: "
				       "build it for x86-64");
	done();
	make_dynamic(3);
	program[0x1f2] = '2';
	interpreter_name = "l2/file";
	CHECK_STR(run(4096, "", argv), "needs the interpreter /l2, which is not a program in the "
				       "image's archive, or is empty");
	done();
	make_dynamic(2);
	interpreter[16] = 2; /* at the program's own place */
	CHECK_STR(run(4096, "", argv),
		  "needs the interpreter /ld, which would lie where the program does");
	done();
	interpreter_name = NULL;
}

TEST(exec_alignment)
{
	static char *argv[] = {(char *)"/app", NULL};

	make(3);
	((struct phdr *)(program + 64))[1].align = 8ul << 20;
	CHECK(!run(4096, "", argv));
	CHECK_EQ((start_pc - TEXT - 8 - BASE) % (8ul << 20), 0);
	check_memory(start_pc - TEXT - 8);
	done();
}

TEST(exec_refusals)
{
	static char *argv[] = {(char *)"/app", NULL, NULL};
	char *arg = malloc(40000);

	make(2);
	program[64 + 4 * 56 + 4] = 7;
	CHECK_STR(run(4096, "", argv),
		  "wants an executable stack, which is refused: link it with -z noexecstack");
	done();
	make(1);
	CHECK_STR(run(4096, "", argv), "is an object file, not a program: link it");
	done();
	make(2);
	memset(arg, 'x', 39999);
	arg[39999] = '\0';
	argv[1] = arg;
	CHECK_STR(run(4096, "stack=64K", argv),
		  "has more arguments and environment than its stack (option stack=) can hold");
	done();
	argv[1] = NULL;
	CHECK_STR(run(4096, "stack=1000G", argv),
		  "cannot have a stack of this size (option stack=)");
	done();
	make(2);
	((struct phdr *)(program + 64))[3].memsz = 1ul << 36;
	CHECK_STR(run(4096, "", argv), "does not fit in memory: give the machine more (-m)");
	done();
	free(arg);
}
