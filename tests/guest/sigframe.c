/* SPDX-License-Identifier: MIT */
/*
 * What a signal handler finds: its registers, the frame word by word, the FPU area; and that what
 * it changes there arrives. The red zone below the stack pointer is nobody's but the program's.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 * guest: run="--qemu '-cpu max,-xsave'"
 * guest: run="--qemu '-cpu max,-xsaveopt'"
 */
#include <stddef.h>
#include "sigraw.h"

/* At the handler's first instruction. */
struct entry {
	uint64_t di, si, dx, ax, sp, flags, cs, ss;
	uint32_t mxcsr, fcw;
	uint8_t xmm15[16];
};
struct entry at_entry;

static struct raw_frame frame;
static uint8_t area[4096] __attribute__((aligned(64)));
static uint8_t *area_place;
static int deliveries;
static void (*change)(struct raw_context *c);

void handler_body(int sig, struct raw_info *info, struct raw_context *c);
void handler_body(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	deliveries++;
	frame = *(struct raw_frame *)at_entry.sp;
	area_place = c->fpu;
	if (c->fpu)
		memcpy(area, c->fpu, 512);
	if (c->fpu && c->flags & 1) {
		const struct raw_marks *m = (const void *)(area + FPU_MARKS);

		if (m->extended_size <= sizeof(area))
			memcpy(area, c->fpu, m->extended_size);
	}
	if (change)
		change(c);
}

extern char handler_entry[];
__asm__(".text\n"
	"handler_entry:\n"
	"	mov %rdi, at_entry(%rip)\n	mov %rsi, at_entry+8(%rip)\n"
	"	mov %rdx, at_entry+16(%rip)\n	mov %rax, at_entry+24(%rip)\n"
	"	mov %rsp, at_entry+32(%rip)\n"
	"	pushf\n	popq at_entry+40(%rip)\n"
	"	mov %cs, %rax\n	mov %rax, at_entry+48(%rip)\n"
	"	mov %ss, %rax\n	mov %rax, at_entry+56(%rip)\n"
	"	stmxcsr at_entry+64(%rip)\n	fnstcw at_entry+68(%rip)\n"
	"	movups %xmm15, at_entry+72(%rip)\n"
	"	cld\n"
	"	sub $8, %rsp\n"
	"	call handler_body\n"
	"	add $8, %rsp\n"
	"	ret\n");

/*
 * Loads these registers, among them flags and the red zone, and executes UD2; the handler goes on
 * behind it. Then they are stored again.
 */
struct file {
	uint64_t ax, bx, cx, dx, si, di, bp, r8, r9, r10, r11, r12, r13, r14, r15, flags;
	uint8_t xmm[16][16];
	uint32_t mxcsr, pad;
	double st;
	uint64_t sp;
	uint64_t red_zone[16];
};
struct file in, out;
extern char fault_here[];
void fault(void);
__asm__(".text\n"
	"fault:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	lea in(%rip), %r15\n"
	"	ldmxcsr 384(%r15)\n"
	"	fninit\n	fldl 392(%r15)\n"
	"	lea 128(%r15), %r14\n"
	"	movups (%r14), %xmm0\n	movups 16(%r14), %xmm1\n	movups 32(%r14), %xmm2\n"
	"	movups 48(%r14), %xmm3\n	movups 64(%r14), %xmm4\n	movups 80(%r14), "
	"%xmm5\n"
	"	movups 96(%r14), %xmm6\n	movups 112(%r14), %xmm7\n	movups 128(%r14), "
	"%xmm8\n"
	"	movups 144(%r14), %xmm9\n	movups 160(%r14), %xmm10\n	movups 176(%r14), "
	"%xmm11\n"
	"	movups 192(%r14), %xmm12\n	movups 208(%r14), %xmm13\n	movups 224(%r14), "
	"%xmm14\n"
	"	movups 240(%r14), %xmm15\n"
	"	mov %rsp, 400(%r15)\n"
	"	mov $-16, %rcx\n" /* the red zone: 16 words below the stack pointer */
	"1:	mov 408+128(%r15, %rcx, 8), %rax\n"
	"	mov %rax, (%rsp, %rcx, 8)\n"
	"	inc %rcx\n"
	"	jnz 1b\n"
	"	mov 0(%r15), %rax\n	mov 8(%r15), %rbx\n	mov 16(%r15), %rcx\n"
	"	mov 24(%r15), %rdx\n	mov 32(%r15), %rsi\n	mov 40(%r15), %rdi\n"
	"	mov 48(%r15), %rbp\n	mov 56(%r15), %r8\n	mov 64(%r15), %r9\n"
	"	mov 72(%r15), %r10\n	mov 80(%r15), %r11\n	mov 88(%r15), %r12\n"
	"	mov 96(%r15), %r13\n	mov 104(%r15), %r14\n"
	"	lea 128(%r15), %rsp\n" /* the flags without using the stack */
	"	mov 112(%r15), %r15\n"
	"	lea -8(%rsp), %rsp\n	popf\n"
	"	mov in+400(%rip), %rsp\n"
	".globl fault_here\n"
	"fault_here:\n"
	"	ud2\n"
	"	mov %rax, out(%rip)\n	mov %rbx, out+8(%rip)\n	mov %rcx, out+16(%rip)\n"
	"	mov %rdx, out+24(%rip)\n	mov %rsi, out+32(%rip)\n	mov %rdi, "
	"out+40(%rip)\n"
	"	mov %rbp, out+48(%rip)\n	mov %r8, out+56(%rip)\n	mov %r9, out+64(%rip)\n"
	"	mov %r10, out+72(%rip)\n	mov %r11, out+80(%rip)\n	mov %r12, "
	"out+88(%rip)\n"
	"	mov %r13, out+96(%rip)\n	mov %r14, out+104(%rip)\n	mov %r15, "
	"out+112(%rip)\n"
	"	lea out(%rip), %r15\n"
	"	mov %rsp, 400(%r15)\n"
	"	lea 128(%r15), %rsp\n	pushf\n"
	"	mov 400(%r15), %rsp\n"
	"	mov $-16, %rcx\n"
	"1:	mov (%rsp, %rcx, 8), %rax\n"
	"	mov %rax, 408+128(%r15, %rcx, 8)\n"
	"	inc %rcx\n"
	"	jnz 1b\n"
	"	stmxcsr 384(%r15)\n"
	"	fstpl 392(%r15)\n	fninit\n"
	"	lea 128(%r15), %r14\n"
	"	movups %xmm0, (%r14)\n	movups %xmm1, 16(%r14)\n	movups %xmm2, 32(%r14)\n"
	"	movups %xmm3, 48(%r14)\n	movups %xmm4, 64(%r14)\n	movups %xmm5, "
	"80(%r14)\n"
	"	movups %xmm6, 96(%r14)\n	movups %xmm7, 112(%r14)\n	movups %xmm8, "
	"128(%r14)\n"
	"	movups %xmm9, 144(%r14)\n	movups %xmm10, 160(%r14)\n	movups %xmm11, "
	"176(%r14)\n"
	"	movups %xmm12, 192(%r14)\n	movups %xmm13, 208(%r14)\n	movups %xmm14, "
	"224(%r14)\n"
	"	movups %xmm15, 240(%r14)\n"
	"	cld\n"
	"	movl $0x1f80, 388(%r15)\n	ldmxcsr 388(%r15)\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n");

static void fill(void)
{
	uint8_t *p = (uint8_t *)&in;

	memset(&out, 0, sizeof(out));
	for (unsigned i = 0; i < sizeof(in); i++)
		p[i] = (uint8_t)(i * 37 + 11);
	in.flags = 0xe57; /* CF PF AF ZF, IF, DF, OF */
	in.mxcsr = 0x5f80;
	in.st = 1.0 / 3.0;
	in.sp = 0;
}

static void skip_instruction(struct raw_context *c)
{
	c->ip += 2;
}

#define FIELD(name) is((long)frame.context.name, (long)in.name, "the frame has " #name)

static void check_registers(void)
{
	const struct raw_context *c = &frame.context;

	FIELD(ax), FIELD(bx), FIELD(cx), FIELD(dx), FIELD(si), FIELD(di), FIELD(bp), FIELD(sp);
	FIELD(r8), FIELD(r9), FIELD(r10), FIELD(r11), FIELD(r12), FIELD(r13), FIELD(r14);
	FIELD(r15);
	is((long)(c->eflags & ~0x10000ul), (long)in.flags, "the frame has the flags");
	is((long)c->ip, (long)fault_here, "the frame has the instruction's address");
	is(c->cs, 0x33, "the frame has cs");
	is(c->ss, 0x2b, "the frame has ss");
	is(c->gs | c->fs, 0, "the frame has no gs and fs");
	is((long)c->trapno, 6, "the frame has the vector");
	is((long)c->err, 0, "the frame has the error code");
}

static void check_rest_of_frame(void)
{
	const struct raw_context *c = &frame.context;
	uint64_t sum = 0;

	is((long)frame.restorer, (long)raw_restorer, "the return address is the restorer");
	is((long)(c->flags | 1), 7, "uc_flags tell of ss");
	is((long)c->link, 0, "uc_link is null");
	is((long)c->stack.size, 0, "there is no alternate stack");
	ok(!(c->stack.flags & ~2), "nor flags of one");
	is((long)c->oldmask, 0x8001000, "the mask before the signal, as of old");
	is((long)c->mask, 0x8001000, "and where it is now");
	for (unsigned i = 0; i < 8; i++)
		sum |= c->reserved[i];
	is((long)sum, 0, "the reserved words are zero");
	is(frame.info.signo, S_ILL, "si_signo");
	is(frame.info.code, 2, "si_code is ILL_ILLOPN");
	is(frame.info.error, 0, "si_errno");
	is((long)frame.info.addr, (long)fault_here, "si_addr is the instruction");
}

static void check_entry(void)
{
	uint64_t at = at_entry.sp;
	uint8_t zero[16] = {0};

	is((long)(at & 15), 8, "the stack pointer is as after a call");
	is((long)at_entry.di, S_ILL, "rdi is the signal");
	is((long)at_entry.si, (long)(at + offsetof(struct raw_frame, info)), "rsi is the info");
	is((long)at_entry.dx, (long)(at + offsetof(struct raw_frame, context)),
	   "rdx is the context");
	is((long)at_entry.ax, 0, "rax is zero");
	is((long)at_entry.cs, 0x33, "cs");
	is((long)at_entry.ss, 0x2b, "ss");
	is((long)(at_entry.flags & 0x10500), 0, "DF, TF and RF are clear");
	is((long)at_entry.mxcsr, 0x1f80, "MXCSR is fresh");
	is((long)(at_entry.fcw & 0xffff), 0x37f, "the x87 control word is fresh");
	ok(!memcmp(at_entry.xmm15, zero, 16), "vector registers are fresh");
}

static void check_area(void)
{
	struct raw_marks m;
	uint64_t place = (uintptr_t)area_place;
	bool extended = frame.context.flags & 1;
	uint32_t size = 512;

	memcpy(&m, area + FPU_MARKS, sizeof(m));
	is((long)(place & 63), 0, "the FPU area is aligned to 64");
	is((long)m.magic1, MAGIC1, "it has the first magic word");
	is((long)(m.extended_size - m.xstate_size), 4, "and room for the second");
	if (extended) {
		ok((m.xfeatures & 3) == 3 && m.xstate_size >= 576, "it tells of its size");
		is((long)get32(area, m.xstate_size), MAGIC2, "it ends with the second magic word");
		is((long)(get64(area, FPU_BV) & 3), 3, "x87 and SSE are marked as in use");
		is((long)(get64(area, FPU_BV) & ~m.xfeatures), 0, "and nothing unknown");
		is((long)get64(area, FPU_COMP), 0, "it has the standard form");
		size = m.extended_size;
	}
	ok(place + size <= in.sp - 128, "it lies below the red zone");
	ok(place >= at_entry.sp + sizeof(struct raw_frame), "it lies above the frame");
	ok(!memcmp(area + FPU_XMM, in.xmm, sizeof(in.xmm)), "it has the xmm registers");
	is((long)get32(area, FPU_MXCSR), in.mxcsr, "it has MXCSR");
	is((long)(get32(area, FPU_FCW) & 0xffff), 0x37f, "it has the x87 control word");
	is(area[FPU_ST + 9] << 8 | area[FPU_ST + 8], 0x3ffd, "it has st(0)");
}

static void check_return(void)
{
	is((long)(out.flags & 0xfff), (long)in.flags, "the flags come back");
	in.flags = out.flags;
	ok(!memcmp(&in, &out, offsetof(struct file, xmm)), "all registers come back");
	ok(!memcmp(in.xmm, out.xmm, sizeof(in.xmm)), "xmm registers come back");
	is(out.mxcsr, in.mxcsr, "MXCSR comes back");
	ok(in.st == out.st, "st(0) comes back");
	is((long)out.sp, (long)in.sp, "the stack pointer comes back");
	ok(!memcmp(in.red_zone, out.red_zone, sizeof(in.red_zone)), "the red zone is intact");
}

static void change_all(struct raw_context *c)
{
	skip_instruction(c);
	c->ax = c->bx = c->cx = c->dx = c->si = c->di = c->bp = 0x1111111111111111;
	c->r8 = c->r9 = c->r10 = c->r11 = c->r12 = c->r13 = c->r14 = c->r15 = c->ax;
	c->eflags = 0x284; /* SF PF */
	memset(c->fpu + FPU_XMM, 0x55, 256);
	put32(c->fpu, FPU_MXCSR, 0x3f80);
	c->mask = 0x8001000 | 1ull << (S_USR2 - 1);
}

static void check_changes(void)
{
	uint8_t bytes[256];
	bool all = true;

	memset(bytes, 0x55, sizeof(bytes));
	for (uint64_t *p = &out.ax; p <= &out.r15; p++)
		all = all && *p == 0x1111111111111111;
	ok(all, "registers that the handler changed arrive");
	is((long)(out.flags & 0xfff), 0x286, "flags that it changed arrive");
	ok(!memcmp(out.xmm, bytes, sizeof(bytes)), "xmm registers that it changed arrive");
	is(out.mxcsr, 0x3f80, "MXCSR that it changed arrives");
	is((long)block(0x8001000), (long)(0x8001000 | 1ull << (S_USR2 - 1)),
	   "the mask that it changed arrives");
}

/* A second signal, unblocked in the first one's handler, has its frame below. */
static struct raw_context *outer;
static int depth;

static void nested(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)info;
	if (sig == S_USR2) {
		depth = 2;
		ok((uintptr_t)c < (uintptr_t)outer, "a nested frame lies below");
		is((long)c->mask, 1ull << (S_USR1 - 1), "and keeps the outer handler's mask");
		return;
	}
	depth = 1;
	outer = c;
	send_self(S_USR2);
	is(depth, 2, "a signal in a handler is handled at once");
}

static void check_nested(void)
{
	action(S_USR1, nested, 0, 0);
	action(S_USR2, nested, 0, 0);
	block(0);
	send_self(S_USR1);
	is(depth, 2, "nested handlers return");
	is((long)block(0), 0, "and the mask is as before");
}

int main(void)
{
	action(S_ILL, handler_entry, 0, 0);
	block(0x8001000);
	change = skip_instruction;
	fill();
	fault();
	is(deliveries, 1, "the handler ran once");
	check_entry();
	check_registers();
	check_rest_of_frame();
	check_area();
	check_return();
	fill();
	change = change_all;
	fault();
	check_changes();
	check_nested();
	return done();
}
