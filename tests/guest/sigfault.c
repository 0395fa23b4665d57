/* SPDX-License-Identifier: MIT */
/*
 * Every exception that ring 3 can cause, as its handler sees it: signal, si_code, si_addr, and in the
 * frame vector, error code, CR2 and the instruction. What the machine at hand does not model (QEMU's
 * TCG: #AC, #XM, INT1, x87 stack faults) is skipped; 32-bit code is reached with SMAP off only there.
 *
 * guest:
 * guest: run="--qemu '-cpu max,-smap'"
 * guest: run="--qemu '-cpu qemu64'"
 */
#include "sigraw.h"

#define CORE 0xffffffff80000000ul

extern char at_fault[]; /* set by HERE: where the instruction is */
static uint64_t fault_ip;
static uint64_t address;

/* The instruction is at fault_ip. */
#define HERE "lea 771f(%%rip), %%rax; mov %%rax, %[ip]\n771:	"
#define FAULT(text, constraint, operand)           \
	__asm__ volatile(HERE text                 \
			 : [ip] "=m"(fault_ip)     \
			 : [v] constraint(operand) \
			 : "rax", "rcx", "rdx", "memory")

static void divide(void)
{
	FAULT("divl %[v]", "m", ((uint32_t){0}));
}

static void divide_overflow(void)
{
	FAULT("mov $-1, %%rdx; divq %[v]", "m", ((uint64_t){1}));
}

static void int3(void)
{
	FAULT("int3", "i", (0));
}

static void int3_long(void)
{
	FAULT(".byte 0xcd, 3", "i", (0));
}

static void int4(void)
{
	FAULT(".byte 0xcd, 4", "i", (0));
}

static void int1(void)
{
	FAULT(".byte 0xf1", "i", (0));
}

static void int13(void)
{
	FAULT("int $13", "i", (0));
}

static void int_high(void)
{
	FAULT("int $0xe7", "i", (0));
}

static void undefined(void)
{
	FAULT("ud2", "i", (0));
}

static void halt(void)
{
	FAULT("hlt", "i", (0));
}

static void clear_if(void)
{
	FAULT("cli", "i", (0));
}

static void port(void)
{
	FAULT("in $0x80, %%al", "i", (0));
}

static void write_msr(void)
{
	FAULT("wrmsr", "i", (0));
}

static void load_core_selector(void)
{
	FAULT("mov %[v], %%es", "r", (0x18));
}

static void load_far_selector(void)
{
	FAULT("mov %[v], %%es", "r", (0xfff8));
}

static void load_ss(void)
{
	FAULT("mov %[v], %%ss", "r", (0x33));
}

static void read_at(void)
{
	FAULT("movb (%[v]), %%cl", "r", (address));
}

static void write_at(void)
{
	FAULT("movb $1, (%[v])", "r", (address));
}

static void call_at(void)
{
	fault_ip = address;
	__asm__ volatile("call *%0" ::"r"(address) : "memory");
}

static void stack_at(void)
{
	FAULT("mov %%rbp, %%rdx; mov %[v], %%rbp; movb (%%rbp), %%cl; mov %%rdx, %%rbp", "r",
	      (address));
}

static void exceptional_x87(uint16_t masked, const char *what)
{
	double a = 1e308, b = 0, c = 1e-308;

	__asm__ volatile("fninit; fldcw %0" ::"m"(masked));
	if (!strcmp(what, "invalid"))
		__asm__ volatile("fldz; fldz; fdivrp");
	if (!strcmp(what, "zero"))
		__asm__ volatile("fld1; fldz; fdivrp %%st, %%st(1)" ::: "st");
	if (!strcmp(what, "overflow"))
		__asm__ volatile("fldl %0; fmul %%st(0), %%st(0); fstpl %1" ::"m"(a), "m"(b));
	if (!strcmp(what, "underflow"))
		__asm__ volatile("fldl %0; fmull %1; fstpl %2" ::"m"(c), "m"(c), "m"(b));
	if (!strcmp(what, "inexact"))
		__asm__ volatile("fld1; fldpi; fdivrp");
	FAULT("fwait", "i", (0));
	__asm__ volatile("fninit");
}

static void x87_invalid(void)
{
	exceptional_x87(0x37e, "invalid");
}

static void x87_zero(void)
{
	exceptional_x87(0x37b, "zero");
}

static void x87_inexact(void)
{
	exceptional_x87(0x35f, "inexact");
}

static void x87_stack(void)
{
	uint16_t cw = 0x37e;

	__asm__ volatile("fninit; fldcw %0; fincstp; fstp %%st(0)" ::"m"(cw));
	FAULT("fwait", "i", (0));
}

static uint32_t sse_mask;
static float sse_a, sse_b;

static void sse(void)
{
	uint32_t mxcsr = 0x1f80 & ~sse_mask;

	__asm__ volatile("ldmxcsr %0; movss %1, %%xmm0" ::"m"(mxcsr), "m"(sse_a) : "xmm0");
	FAULT("divss %[v], %%xmm0", "m", (sse_b));
}

static void unaligned(void)
{
	FAULT("pushf; orl $0x40000, (%%rsp); popf; mov 1(%%rsp), %%ecx; pushf; andl $~0x40000, "
	      "(%%rsp); popf",
	      "i", (0));
}

static void step(void)
{
	FAULT("pushf; orl $0x100, (%%rsp); popf; nop; nop", "i", (0));
}

static bool seen(void (*fn)(void))
{
	memset(&caught, 0, sizeof(caught));
	return trap_call(fn);
}

/* ip: where the frame says it is, beyond the instruction's begin; addr -1: it is that as well. */
static void expect(const char *what, int sig, int code, uint64_t addr, long trapno, long err,
		   int ip)
{
	if (addr == -1ul)
		addr = caught.context.ip;
	ok(caught.sig == sig && caught.info.signo == sig && caught.info.code == code &&
		   !caught.info.error,
	   "%s: signal %d, code %#x (%d, %#x)", what, sig, code, caught.sig, caught.info.code);
	is((long)caught.info.addr, (long)addr, "  its address");
	is((long)caught.context.trapno, trapno, "  its vector");
	is((long)caught.context.err, err, "  its error code");
	is((long)caught.context.ip - (long)fault_ip, ip, "  its place");
}

static void check(const char *what, void (*fn)(void), int sig, int code, uint64_t addr, long trapno,
		  long err, int ip)
{
	ok(seen(fn), "%s is an exception", what);
	expect(what, sig, code, addr, trapno, err, ip);
}

/* The same for what not every machine models. */
static void check_if(const char *what, void (*fn)(void), int sig, int code, uint64_t addr,
		     long trapno, long err, int ip)
{
	if (seen(fn) && (trapno == 6 || caught.context.trapno != 6))
		expect(what, sig, code, addr, trapno, err, ip);
	else
		skip(what, "this machine does not model it");
}

/* SDM volume 3, section 6.13: the vector's index, IDT. TCG tells one twice as large. */
static void check_int(const char *what, void (*fn)(void), int vector)
{
	ok(seen(fn), "%s is an exception", what);
	if (caught.context.err == (uint64_t)vector * 16 + 2)
		caught.context.err = (uint64_t)vector * 8 + 2;
	expect(what, S_SEGV, C_KERNEL, 0, 13, vector * 8 + 2, 0);
}

static void check_plain(void)
{
	check("divide by zero", divide, S_FPE, 1, -1ul, 0, 0, 0);
	check("divide overflow", divide_overflow, S_FPE, 1, -1ul, 0, 0, 7);
	check("INT3", int3, S_TRAP, C_KERNEL, 0, 3, 0, 1);
	check("INT 3", int3_long, S_TRAP, C_KERNEL, 0, 3, 0, 2);
	check("INT 4", int4, S_SEGV, C_KERNEL, 0, 4, 0, 2);
	check_if("INT1", int1, S_TRAP, 1, -1ul, 1, 0, 1);
	check_int("INT 13", int13, 13);
	check_int("INT 0xe7", int_high, 0xe7);
	check("UD2", undefined, S_ILL, 2, -1ul, 6, 0, 0);
	check("HLT", halt, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	check("CLI", clear_if, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	check("IN", port, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	check("WRMSR", write_msr, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	check("a data selector of ring 0", load_core_selector, S_SEGV, C_KERNEL, 0, 13, 0x18, 0);
	check("a selector beyond the GDT", load_far_selector, S_SEGV, C_KERNEL, 0, 13, 0xfff8, 0);
	check("a code selector in SS", load_ss, S_SEGV, C_KERNEL, 0, 13, 0x30, 0);
	check("single step", step, S_TRAP, 2, -1ul, 1, 0, 10);
	check_if("alignment", unaligned, S_BUS, 1, 0, 17, 0, 9);
}

static void check_addresses(void)
{
	address = 0x8000000000000000;
	check("reading where no address is", read_at, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	address = 0x800000000000;
	check("writing where no address is", write_at, S_SEGV, C_KERNEL, 0, 13, 0, 0);
	ok(seen(stack_at), "the same by RBP is an exception");
	/* #SS on a processor, #GP on QEMU's TCG. */
	ok(caught.info.code == C_KERNEL && !caught.info.addr && !caught.context.err &&
		   ((caught.sig == S_BUS && caught.context.trapno == 12) ||
		    (caught.sig == S_SEGV && caught.context.trapno == 13)),
	   "  its signal is SIGBUS");
}

static void page(const char *what, void (*fn)(void), uint64_t at, int code, long err)
{
	address = at;
	check(what, fn, S_SEGV, code, at, 14, err, 0);
	is((long)caught.context.cr2, (long)at, "  CR2");
}

static void check_pages(void)
{
	static const uint64_t core[] = {CORE, CORE + 0x201000, 0xffff800000000000,
					0xffff900000000000, 0xfffffffffffffff8};
	/* The protections: none, read, read and write; 0x22: private, anonymous. */
	uint64_t none = (uint64_t)raw(NR_mmap, 0, 8192, 0, 0x22, -1, 0);
	uint64_t ro = (uint64_t)raw(NR_mmap, 0, 8192, 1, 0x22, -1, 0);
	uint64_t rw = (uint64_t)raw(NR_mmap, 0, 8192, 3, 0x22, -1, 0);

	page("reading 0", read_at, 0, 1, 4);
	page("writing 16", write_at, 16, 1, 6);
	page("calling 8", call_at, 8, 1, 0x14);
	for (unsigned i = 0; i < sizeof(core) / sizeof(*core); i++) {
		page("reading of the core", read_at, core[i], 1, 5);
		page("writing to the core", write_at, core[i], 1, 7);
		page("calling the core", call_at, core[i], 1, 0x15);
	}
	page("reading a page without rights", read_at, none, 2, 4);
	page("writing a page without rights", write_at, none + 4096, 2, 6);
	address = ro;
	ok(!seen(read_at), "a read-only page can be read");
	page("writing a read-only page", write_at, ro, 2, 7);
	page("calling a page without execution", call_at, ro, 2, 0x15);
	address = rw;
	ok(!seen(write_at), "a page can be written");
	page("calling it", call_at, rw, 2, 0x15);
	raw(NR_mprotect, (long)rw, 4096, 0, 0, 0, 0);
	page("reading what has lost its rights", read_at, rw, 2, 4);
	check("a division later", divide, S_FPE, 1, -1ul, 0, 0, 0);
	is((long)caught.context.cr2, (long)rw, "  CR2 is the last page fault's");
}

static void check_float(void)
{
	check("x87: 0 / 0", x87_invalid, S_FPE, 7, -1ul, 16, 0, 0);
	check("x87: 1 / 0", x87_zero, S_FPE, 3, -1ul, 16, 0, 0);
	check("x87: 1 / pi", x87_inexact, S_FPE, 6, -1ul, 16, 0, 0);
	check_if("x87: empty stack", x87_stack, S_FPE, 7, -1ul, 16, 0, 0);
	sse_mask = 0x80, sse_a = 0, sse_b = 0;
	check_if("SSE: 0 / 0", sse, S_FPE, 7, -1ul, 19, 0, 0);
	sse_mask = 0x200, sse_a = 1;
	check_if("SSE: 1 / 0", sse, S_FPE, 3, -1ul, 19, 0, 0);
	sse_mask = 0x400, sse_a = 1e38, sse_b = 1e-38;
	check_if("SSE: overflow", sse, S_FPE, 4, -1ul, 19, 0, 0);
	sse_mask = 0x800, sse_a = 1e-38, sse_b = 1e38;
	check_if("SSE: underflow", sse, S_FPE, 5, -1ul, 19, 0, 0);
	sse_mask = 0x1000, sse_a = 1, sse_b = 3;
	check_if("SSE: inexact", sse, S_FPE, 6, -1ul, 19, 0, 0);
	__asm__ volatile("ldmxcsr %0" ::"m"((uint32_t){0x1f80}));
}

/* ---- 32-bit code: BOUND and INTO are no instructions of 64-bit code ---- */

static uint8_t *low;
static uint64_t low_entry;

static void enter_32bit(void)
{
	/* A stack that 32-bit code can use; back by the handler, or by a far return. */
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; push $0x23; push %1; lretq; 1:"
			 :
			 : "r"(low + 4096 - 64), "r"(low_entry)
			 : "rbx", "memory");
}

static void code32(const char *what, const uint8_t *code, size_t n, int sig, long trapno, int ip)
{
	memcpy(low, code, n);
	low_entry = fault_ip = (uintptr_t)low;
	ok(seen(enter_32bit), "%s is an exception", what);
	if (caught.context.trapno == 14 && !on_ringlet())
		return;
	expect(what, sig, sig == S_SEGV ? C_KERNEL : 2, sig == S_SEGV ? 0 : -1ul, trapno, 0, ip);
	is(caught.context.cs, 0x23, "  the frame has the segment");
	is((long)(caught.context.flags & 6), 2, "  and leaves SS to sigreturn's judgement");
}

static void check_32bit(void)
{
	/* add, with overflow; INTO */
	static const uint8_t into[] = {0xb8, 0xff, 0xff, 0xff, 0x7f, 0x83, 0xc0, 0x01, 0xce};
	/* xor %eax, %eax; dec %eax; BOUND %eax, (%esp) */
	static const uint8_t bound[] = {0x31, 0xc0, 0x48, 0x62, 0x04, 0x24};
	static const uint8_t ud2[] = {0x0f, 0x0b};

	/* 0x62: private, anonymous, below 4 GiB. */
	low = (uint8_t *)raw(NR_mmap, 0, 4096, 7, 0x62, -1, 0);
	if ((long)low < 0) /* pages are not writable and executable here */
		return;
	low_entry = fault_ip = (uintptr_t)low;
	memcpy(low, ud2, sizeof(ud2));
	if (!seen(enter_32bit) || caught.context.trapno != 6) {
		skip("32-bit code", "QEMU's TCG refuses a far return under SMAP");
		return;
	}
	code32("UD2 in 32-bit code", ud2, sizeof(ud2), S_ILL, 6, 0);
	code32("INTO", into, sizeof(into), S_SEGV, 4, 9);
	memset(low + 4096 - 64, 0, 64);
	code32("BOUND", bound, sizeof(bound), S_SEGV, 5, 3);
}

int main(void)
{
	catch_all();
	check_plain();
	check_addresses();
	check_pages();
	check_float();
	check_32bit();
	return done();
}
