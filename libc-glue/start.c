/* SPDX-License-Identifier: MIT */
/*
 * From the core's start state to main(): relocates a static PIE, makes the main thread's TLS block
 * and stack-protector canary, seals what was relocated, runs constructors. Called once, by crt0.S.
 * Nothing here may use errno, and nothing before relocate() may use a pointer stored in data: so
 * these functions run without a canary and call the core directly.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include "syscall.h"
#include "tls.h"

#define EARLY __attribute__((no_stack_protector))

#define ARCH_SET_FS 0x1002
#define PAGE_SIZE   4096UL

/* Packed relative relocations, younger than newlib's elf.h. */
#define DT_RELRSZ 35
#define DT_RELR	  36

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern void (*__init_array_start[])(int, char **, char **) __attribute__((visibility("hidden")));
extern void (*__init_array_end[])(int, char **, char **) __attribute__((visibility("hidden")));
extern void (*__fini_array_start[])(void) __attribute__((visibility("hidden")));
extern void (*__fini_array_end[])(void) __attribute__((visibility("hidden")));

int main(int argc, char **argv, char **envp);
_Noreturn void __ringlet_start(unsigned long *sp);

char *program_invocation_name = (char *)"";
char *program_invocation_short_name = (char *)"";
struct tls_image __ringlet_tls;
/* Where the first thread's stack begins, for pthread_getattr_np(). */
extern uintptr_t __ringlet_stack_top __attribute__((visibility("hidden")));
uintptr_t __ringlet_stack_top;
static const unsigned long *auxv;

EARLY static _Noreturn void start_failed(void)
{
	for (;;)
		syscall1(SYS_exit_group, 127);
}

EARLY static const Elf64_Phdr *find_phdr(unsigned type)
{
	const Elf64_Phdr *ph = (const void *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);

	for (unsigned i = 0; i < __ehdr_start.e_phnum; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	return NULL;
}

/* What to add to the file's addresses: a PIE is linked at 0, where its ELF header is. */
EARLY static uintptr_t load_bias(void)
{
	return __ehdr_start.e_type == ET_DYN ? (uintptr_t)&__ehdr_start : 0;
}

/*
 * Packed relative relocations: an even word is the address of one place, an odd word a bitmap of the
 * 63 words that follow the last one.
 */
EARLY static void relocate_packed(uintptr_t bias, const uint64_t *word, size_t count)
{
	uint64_t *where = NULL;

	for (; count--; word++) {
		if (!(*word & 1)) {
			where = (uint64_t *)(bias + *word);
			*where++ += bias;
			continue;
		}
		for (int i = 0; i < 63; i++)
			if (*word >> (i + 1) & 1)
				where[i] += bias;
		where += 63;
	}
}

/* A static PIE has no dynamic linker: it adds its base to its own pointers. */
EARLY static void relocate(uintptr_t bias)
{
	const Elf64_Phdr *ph = find_phdr(PT_DYNAMIC);
	const Elf64_Rela *rela = NULL;
	const uint64_t *relr = NULL;
	size_t relasz = 0, relrsz = 0;

	if (!ph || !bias)
		return;
	for (const Elf64_Dyn *d = (const void *)(bias + ph->p_vaddr); d->d_tag; d++) {
		if (d->d_tag == DT_RELA)
			rela = (const void *)(bias + d->d_un.d_ptr);
		else if (d->d_tag == DT_RELASZ)
			relasz = d->d_un.d_val;
		else if (d->d_tag == DT_RELR)
			relr = (const void *)(bias + d->d_un.d_ptr);
		else if (d->d_tag == DT_RELRSZ)
			relrsz = d->d_un.d_val;
	}
	relocate_packed(bias, relr, relrsz / sizeof(*relr));
	for (size_t i = 0; i < relasz / sizeof(*rela); i++) {
		if (ELF64_R_TYPE(rela[i].r_info) != R_X86_64_RELATIVE)
			start_failed();
		*(uint64_t *)(bias + rela[i].r_offset) = bias + rela[i].r_addend;
	}
}

EARLY static void seal_relro(uintptr_t bias)
{
	const Elf64_Phdr *ph = find_phdr(PT_GNU_RELRO);
	uintptr_t from, to;

	if (!ph)
		return;
	from = (bias + ph->p_vaddr) & -PAGE_SIZE;
	to = (bias + ph->p_vaddr + ph->p_memsz) & -PAGE_SIZE;
	if (from < to && syscall3(SYS_mprotect, (long)from, (long)(to - from), PROT_READ))
		start_failed();
}

EARLY static unsigned long start_auxval(unsigned long type)
{
	for (const unsigned long *a = auxv; a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return a[1];
	return 0;
}

/* The kernel's 16 random bytes: the first eight, with a zero byte that stops string overflows. */
EARLY static uintptr_t make_canary(void)
{
	const uintptr_t *random = (const void *)start_auxval(AT_RANDOM);
	uintptr_t canary;

	if (random)
		return *random & ~0xffUL;
	if (syscall3(SYS_getrandom, (long)&canary, sizeof(canary), 0) != sizeof(canary))
		start_failed();
	return canary & ~0xffUL;
}

EARLY static void init_tls(uintptr_t bias)
{
	static char small[2048] __attribute__((aligned(64)));
	const Elf64_Phdr *ph = find_phdr(PT_TLS);
	struct tls_image *image = &__ringlet_tls;
	struct thread_control *tcb;
	void *block = small;

	image->align = 1;
	if (ph) {
		image->data = (const void *)(bias + ph->p_vaddr);
		image->filesz = ph->p_filesz;
		image->memsz = ph->p_memsz;
		image->align = ph->p_align ? ph->p_align : 1;
	}
	if (tls_block_size(image) > sizeof(small) || tls_block_align(image) > 64) {
		block = (void *)syscall6(SYS_mmap, 0, (long)tls_block_size(image),
					 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					 0);
		if ((unsigned long)block > -PAGE_SIZE)
			start_failed();
	}
	tcb = tls_block_init(image, block);
	tcb->canary = make_canary();
	tcb->tid = (uint32_t)syscall1(SYS_set_tid_address, (long)&tcb->tid);
	if (syscall2(SYS_arch_prctl, ARCH_SET_FS, (long)tcb))
		start_failed();
}

unsigned long getauxval(unsigned long type)
{
	for (const unsigned long *a = auxv; a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return a[1];
	errno = ENOENT;
	return 0;
}

static void run_destructors(void)
{
	for (size_t n = (size_t)(__fini_array_end - __fini_array_start); n--;)
		__fini_array_start[n]();
}

static void name_program(char *argv0)
{
	char *slash;

	if (!argv0)
		return;
	slash = strrchr(argv0, '/');
	program_invocation_name = argv0;
	program_invocation_short_name = slash ? slash + 1 : argv0;
}

EARLY _Noreturn void __ringlet_start(unsigned long *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);
	char **envp = argv + argc + 1;
	unsigned long *after = (unsigned long *)envp;
	uintptr_t bias = load_bias();

	relocate(bias);
	while (*after++)
		continue;
	auxv = after;
	__ringlet_stack_top = (uintptr_t)auxv;
	environ = envp;
	init_tls(bias);
	seal_relro(bias);
	name_program(argv[0]);
	if (&__fini_array_start[0] != &__fini_array_end[0])
		atexit(run_destructors);
	for (size_t i = 0; i < (size_t)(__init_array_end - __init_array_start); i++)
		__init_array_start[i](argc, argv, envp);
	exit(main(argc, argv, envp));
}
