/* SPDX-License-Identifier: MIT */
/*
 * Ways a program goes wrong: each ends the program by the right signal, none hurts the core.
 * Without a run of their own, as QEMU's TCG does not model them: divide-sse (signal 8) and icebp
 * (signal 5), for real processors. IRET from ring 3 needs SMAP off there, for TCG's sake only.
 *
 * guest: args="read-null" expect=signal:11
 * guest: args="write-null" expect=signal:11
 * guest: args="call-null" expect=signal:11
 * guest: args="write-text" expect=signal:11
 * guest: args="write-constant" expect=signal:11
 * guest: args="execute-data" expect=signal:11
 * guest: args="execute-stack" expect=signal:11
 * guest: args="read-core" expect=signal:11
 * guest: args="write-core" expect=signal:11
 * guest: args="jump-core" expect=signal:11
 * guest: args="read-hole" expect=signal:11
 * guest: args="jump-hole" expect=signal:11
 * guest: args="call-from-the-edge" expect=signal:11
 * guest: args="overflow" expect=signal:11
 * guest: args="below-stack" expect=signal:11
 * guest: args="undefined" expect=signal:4
 * guest: args="divide" expect=signal:8
 * guest: args="divide-overflow" expect=signal:8
 * guest: args="divide-x87" expect=signal:8
 * guest: args="halt" expect=signal:11
 * guest: args="cli" expect=signal:11
 * guest: args="in" expect=signal:11
 * guest: args="out" expect=signal:11
 * guest: args="cr3" expect=signal:11
 * guest: args="wrmsr" expect=signal:11
 * guest: args="lidt" expect=signal:11
 * guest: args="invlpg" expect=signal:11
 * guest: args="swapgs" expect=signal:11
 * guest: args="sysret" expect=signal:11
 * guest: args="int-unused" expect=signal:11
 * guest: args="int-page-fault" expect=signal:11
 * guest: args="load-core-selector" expect=signal:11
 * guest: args="iret-to-ring-0" expect=signal:11 run="--qemu '-cpu max,-smap'"
 * guest: args="breakpoint" expect=signal:5
 * guest: args="single-step" expect=signal:5
 * guest: args="smash" expect=signal:6
 * guest: args="abort" expect=signal:6
 * guest: args="kill-9" expect=signal:9
 * guest: args="kill-15" expect=signal:15
 * guest: args="assert" expect=signal:6
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CORE 0xffffffff80000000UL
#define HOLE 0x800000000000UL

static const int constant = 1;
static unsigned char data[16] = {0xc3};

static volatile uintptr_t address; /* so that the compiler does not see through it */

static void load(uintptr_t a)
{
	address = a;
	(void)*(volatile char *)address;
}

static void store(uintptr_t a)
{
	address = a;
	*(volatile char *)address = 1;
}

static void jump(uintptr_t a)
{
	address = a;
	((void (*)(void))address)();
}

static void read_null(void)
{
	load(0);
}

static void write_null(void)
{
	store(0);
}

static void call_null(void)
{
	jump(0);
}

static void write_text(void)
{
	store((uintptr_t)&write_text);
}

static void write_constant(void)
{
	store((uintptr_t)&constant);
}

static void execute_data(void)
{
	jump((uintptr_t)data);
}

static void execute_stack(void)
{
	unsigned char code[16] = {0xc3};

	__asm__ volatile("" : : "r"(code) : "memory");
	jump((uintptr_t)code);
}

static void read_core(void)
{
	load(CORE);
}

static void write_core(void)
{
	store(CORE);
}

static void jump_core(void)
{
	jump(CORE);
}

static void read_hole(void)
{
	load(HOLE);
}

static void jump_hole(void)
{
	jump(HOLE);
}

/*
 * SYSCALL as the last bytes of the lower half would return to a non-canonical address. The page
 * cannot be mapped, and so the jump there is the fault.
 */
static void call_from_the_edge(void)
{
	void *p = mmap((void *)(HOLE - 4096), 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (p != MAP_FAILED)
		exit(77);
	jump(HOLE - 2);
}

static int recurse(int n)
{
	volatile char frame[1024];

	frame[n % 1024] = (char)n;
	if (address == 1)
		return 0;
	return recurse(n + 1) + frame[n % 1024];
}

static void overflow(void)
{
	exit(recurse(0) == 1);
}

/* Far below any stack, but above everything mapped: no growing down to there. */
static void below_stack(void)
{
	store((uintptr_t)__builtin_frame_address(0) - (64UL << 20));
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	__asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx" ::
				 : "eax", "ecx", "edx");
}

static void divide_overflow(void)
{
	__asm__ volatile("mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx" ::
				 : "eax", "ecx", "edx");
}

static void divide_sse(void)
{
	unsigned mxcsr = 0x1f80 & ~0x200u;

	__asm__ volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; mov $1, %%eax; cvtsi2ss %%eax, %%xmm1;"
			 "divss %%xmm0, %%xmm1" ::"m"(mxcsr)
			 : "eax", "xmm0", "xmm1");
}

static void divide_x87(void)
{
	unsigned short control = 0x37f & ~4;

	__asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(control));
}

static void halt(void)
{
	__asm__ volatile("hlt");
}

static void cli(void)
{
	__asm__ volatile("cli");
}

static void in(void)
{
	__asm__ volatile("mov $0x3f8, %%edx; in %%dx, %%al" ::: "eax", "edx");
}

static void out(void)
{
	__asm__ volatile("mov $0xe9, %%edx; out %%al, %%dx" ::: "edx");
}

static void cr3(void)
{
	__asm__ volatile("mov %%cr3, %%rax" ::: "rax");
}

static void wrmsr(void)
{
	__asm__ volatile("mov $0xc0000082, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr" ::
				 : "eax", "ecx", "edx");
}

static void lidt(void)
{
	static const char descriptor[10];

	__asm__ volatile("lidt %0" ::"m"(descriptor));
}

static void invlpg(void)
{
	__asm__ volatile("invlpg %0" ::"m"(data));
}

static void swapgs(void)
{
	__asm__ volatile("swapgs");
}

static void sysret(void)
{
	__asm__ volatile("sysretq");
}

static void int_unused(void)
{
	__asm__ volatile("int $0x90");
}

static void int_page_fault(void)
{
	__asm__ volatile("int $14");
}

static void load_core_selector(void)
{
	__asm__ volatile("mov $0x18, %%eax; mov %%eax, %%ss" ::: "eax");
}

static void iret_to_ring_0(void)
{
	__asm__ volatile("mov %%rsp, %%rax; push $0x18; push %%rax; pushf; push $0x10;"
			 "lea 1f(%%rip), %%rax; push %%rax; iretq; 1:" ::
				 : "rax", "memory");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void icebp(void)
{
	__asm__ volatile(".byte 0xf1");
}

static void single_step(void)
{
	__asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop" ::: "memory", "cc");
}

__attribute__((noinline)) static void fill(char *p, size_t n)
{
	memset(p, 'x', n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) static void smash(void)
{
	char small[16];

	fill(small, (size_t)address + 64);
}

static void kill_9(void)
{
	kill(getpid(), SIGKILL);
}

static void kill_15(void)
{
	raise(SIGTERM);
}

static void fail_assertion(void)
{
	assert(address != 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"read-null", read_null},
	{"write-null", write_null},
	{"call-null", call_null},
	{"write-text", write_text},
	{"write-constant", write_constant},
	{"execute-data", execute_data},
	{"execute-stack", execute_stack},
	{"read-core", read_core},
	{"write-core", write_core},
	{"jump-core", jump_core},
	{"read-hole", read_hole},
	{"jump-hole", jump_hole},
	{"call-from-the-edge", call_from_the_edge},
	{"overflow", overflow},
	{"below-stack", below_stack},
	{"undefined", undefined},
	{"divide", divide},
	{"divide-overflow", divide_overflow},
	{"divide-sse", divide_sse},
	{"divide-x87", divide_x87},
	{"halt", halt},
	{"cli", cli},
	{"in", in},
	{"out", out},
	{"cr3", cr3},
	{"wrmsr", wrmsr},
	{"lidt", lidt},
	{"invlpg", invlpg},
	{"swapgs", swapgs},
	{"sysret", sysret},
	{"int-unused", int_unused},
	{"int-page-fault", int_page_fault},
	{"load-core-selector", load_core_selector},
	{"iret-to-ring-0", iret_to_ring_0},
	{"breakpoint", breakpoint},
	{"icebp", icebp},
	{"single-step", single_step},
	{"smash", smash},
	{"abort", abort},
	{"kill-9", kill_9},
	{"kill-15", kill_15},
	{"assert", fail_assertion},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			fprintf(stderr, "%s: nothing happened\n", argv[1]);
			return 1;
		}
	fprintf(stderr, "usage: faults MODE\n");
	return 2;
}
