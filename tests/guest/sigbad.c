/* SPDX-License-Identifier: MIT */
/*
 * Frames that a handler has spoiled, and rt_sigreturn without one: a signal for the program, whose
 * handler is told the truth, and never a fault of the core. What IRET refuses arrives with the
 * error code that it gave. IRET's faults need no SMAP switched off: they happen in ring 0.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 * guest: args="lost-stack" expect=signal:11
 * guest: args="no-restorer" expect=signal:11
 * guest: args="core-stack" expect=signal:11
 * guest: args="core-handler" expect=signal:11
 */
#include "sigraw.h"

#define CORE 0xffffffff80000000ul
#define HOLE 0x0000900000000000ul

static void (*spoil)(struct raw_context *c);
static uint64_t value;

static void spoiler(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	spoil(c);
}

static void raise_it(void)
{
	send_self(S_USR1);
}

/* Sends a signal whose handler spoils its frame. Whether that ended in another signal. */
static bool spoiled(void (*fn)(struct raw_context *c), uint64_t v)
{
	spoil = fn;
	value = v;
	memset(&caught, 0, sizeof(caught));
	return trap_call(raise_it);
}

static void refused(const char *what, void (*fn)(struct raw_context *c), uint64_t v, int trapno,
		    long err)
{
	bool left = spoiled(fn, v);

	ok(left && caught.sig == S_SEGV && caught.info.code == C_KERNEL && !caught.info.addr,
	   "%s %#lx: SIGSEGV (%d %d %#lx)", what, (unsigned long)v, caught.sig, caught.info.code,
	   (unsigned long)caught.info.addr);
	is((long)caught.context.trapno, trapno, "  its vector");
	is((long)caught.context.err, err, "  its error code");
}

/* ---- what IRET is given ---- */

static void set_ip(struct raw_context *c)
{
	c->ip = value;
}

static void set_cs(struct raw_context *c)
{
	c->cs = (uint16_t)value;
}

static void set_ss(struct raw_context *c)
{
	c->ss = (uint16_t)value;
}

static void set_ss_loosely(struct raw_context *c)
{
	c->ss = (uint16_t)value;
	c->flags &= ~4ul;
}

static void set_flags(struct raw_context *c)
{
	c->eflags |= value;
}

static void set_flags_none(struct raw_context *c)
{
	c->eflags = 0;
}

static void set_sp(struct raw_context *c)
{
	c->sp = value;
}

static void fetch(uint64_t ip, long err)
{
	ok(spoiled(set_ip, ip) && caught.sig == S_SEGV && caught.info.code == 1,
	   "ip %#lx: SIGSEGV, MAPERR", (unsigned long)ip);
	is((long)caught.info.addr, (long)ip, "  at that address");
	is((long)caught.context.cr2, (long)ip, "  which CR2 tells");
	is((long)caught.context.ip, (long)ip, "  where it is now");
	is((long)caught.context.trapno, 14, "  its vector");
	is((long)caught.context.err, err, "  its error code");
}

static void check_ip(void)
{
	fetch(0x10, 0x14);
	fetch(CORE, 0x15);
	fetch(CORE + 0x123456789000 % 0x10000000, 0x15);
	refused("ip", set_ip, 0x800000000000, 13, 0);
	refused("ip", set_ip, HOLE, 13, 0);
	refused("ip", set_ip, 0x8000000000000000, 13, 0);
	is((long)caught.context.ip, (long)0x8000000000000000, "  with that ip");
	is(caught.context.cs, 0x33, "  and the program's cs");
}

static void check_selectors(void)
{
	refused("cs", set_cs, 0, 13, 0);
	refused("cs", set_cs, 0x10, 13, 0x10);
	is(caught.context.cs, 0x13, "  and it shows in ring 3");
	refused("cs", set_cs, 0x2b, 13, 0x28);
	refused("cs", set_cs, 0x43, 13, 0x40);
	refused("cs", set_cs, 0x1007, 13, 0x1004);
	refused("cs", set_cs, 0xffff, 13, 0xfffc);
	refused("ss", set_ss, 0, 13, 0);
	refused("ss", set_ss, 0x18, 13, 0x18);
	is(caught.context.ss, 0x1b, "  and it shows in ring 3");
	is(caught_ss, 0x2b, "  but the handler has a good one");
	refused("ss", set_ss, 0x33, 13, 0x30);
	ok(!spoiled(set_ss_loosely, 0), "ss 0 without UC_STRICT_RESTORE_SS is mended");
	ok(!spoiled(set_ss_loosely, 0x18), "so is one of ring 0");
	ok(!spoiled(set_ss_loosely, 0x33), "and one of code");
}

static uint64_t flags_now(void)
{
	uint64_t f;

	__asm__ volatile("pushf; pop %0" : "=r"(f));
	return f;
}

static void flags_after(void)
{
	uint64_t before = flags_now() & 0x3f7300, after;

	raise_it();
	after = flags_now() & 0x3f7300;
	is((long)after, (long)before, "system flags are not the program's to change");
}

static void check_flags(void)
{
	uint64_t after;

	spoil = set_flags;
	value = 0x1a7000; /* IOPL, NT, VM, VIF, VIP */
	flags_after();
	spoil = set_flags_none; /* IF too */
	flags_after();
	spoil = set_flags;
	value = 0x40000;
	raise_it();
	after = flags_now();
	__asm__ volatile("pushf; andl $~0x40000, (%%rsp); popf" ::: "memory", "cc");
	ok(after & 0x40000, "AC is");
	ok(spoiled(set_flags, 0x100) && caught.sig == S_TRAP && caught.info.code == 2,
	   "so is TF: SIGTRAP, TRAP_TRACE");
}

/* Uses the stack as soon as the handler is back. */
static void raise_and_push(void)
{
	__asm__ volatile("syscall; push %%rax; pop %%rax"
			 :
			 : "a"(NR_tgkill), "D"(raw1(NR_getpid, 0)), "S"(raw1(NR_gettid, 0)),
			   "d"(S_USR1)
			 : "rcx", "r11", "memory");
}

static bool sp_spoiled(uint64_t sp)
{
	spoil = set_sp;
	value = sp;
	memset(&caught, 0, sizeof(caught));
	return trap_call(raise_and_push);
}

static void check_sp(void)
{
	bool left = sp_spoiled(HOLE);

	/* The first push: #SS on a processor, #GP on QEMU's TCG. */
	ok(left && (caught.sig == S_BUS || caught.sig == S_SEGV), "sp in the hole faults later");
	is((long)caught.context.sp, (long)HOLE, "  with that sp");
	left = sp_spoiled(CORE);
	ok(left && caught.sig == S_SEGV && caught.info.code == 1, "so does one of the core's");
}

/* ---- what XRSTOR is given ---- */

static unsigned at;
static int shift;

static void set_fpu_byte(struct raw_context *c)
{
	put64(c->fpu, at, value);
}

static void set_fpu_word(struct raw_context *c)
{
	put32(c->fpu, at, (uint32_t)value);
}

static void set_fpu_place(struct raw_context *c)
{
	c->fpu = (uint8_t *)value;
}

static void move_fpu(struct raw_context *c)
{
	static uint8_t copy[8192] __attribute__((aligned(64)));

	memcpy(copy + shift, c->fpu, c->flags & 1 ? get32(c->fpu, FPU_MARKS + 4) : 512);
	c->fpu = copy + shift;
}

static void load_state(void)
{
	uint64_t pattern[2] = {0x1234567812345678, 0x8765432187654321};

	__asm__ volatile("movups %0, %%xmm9" ::"m"(pattern) : "xmm9");
}

static uint64_t xmm9(void)
{
	uint64_t v[2];

	__asm__ volatile("movups %%xmm9, %0" : "=m"(v));
	return v[0];
}

static uint64_t xmm9_after;

static void raise_loaded(void)
{
	load_state();
	send_self(S_USR1);
	xmm9_after = xmm9();
}

static bool fpu_spoiled(void (*fn)(struct raw_context *c), unsigned offset, uint64_t v)
{
	spoil = fn;
	value = v;
	at = offset;
	memset(&caught, 0, sizeof(caught));
	return trap_call(raise_loaded);
}

static void fpu_refused(const char *what, void (*fn)(struct raw_context *c), unsigned offset,
			uint64_t v)
{
	bool left = fpu_spoiled(fn, offset, v);

	ok(left && caught.sig == S_SEGV && caught.info.code == C_KERNEL, "%s (%#lx): SIGSEGV", what,
	   (unsigned long)v);
	is((long)get64(caught.fpu, FPU_XMM + 9 * 16), 0, "  and the registers are fresh");
	is((long)get32(caught.fpu, FPU_MXCSR), 0x1f80, "  MXCSR too");
}

static void fpu_taken(const char *what, void (*fn)(struct raw_context *c), unsigned offset,
		      uint64_t v, uint64_t wanted)
{
	ok(!fpu_spoiled(fn, offset, v), "%s is taken", what);
	is((long)xmm9_after, (long)wanted, "  and xmm9 is as it should be");
}

static void check_area_place(void)
{
	const uint64_t kept = 0x1234567812345678;

	fpu_taken("the area as it is", set_fpu_byte, 0, 0x37f, kept);
	fpu_taken("no area", set_fpu_place, 0, 0, 0);
	fpu_refused("an area that is not mapped", set_fpu_place, 0, 0x1000);
	fpu_refused("an area of the core's", set_fpu_place, 0, CORE);
	fpu_refused("an area in the hole", set_fpu_place, 0, HOLE);
	fpu_refused("an area at the edge", set_fpu_place, 0, 0x7fffffffefc0);
	fpu_refused("an area that wraps", set_fpu_place, 0, -64ul);
	shift = 8;
	fpu_refused("an area that is not aligned", move_fpu, 0, 8);
	shift = 64;
	fpu_taken("an area elsewhere", move_fpu, 0, 64, kept);
	fpu_refused("reserved bits of MXCSR", set_fpu_word, FPU_MXCSR, 0x10000);
	fpu_refused("reserved bits of MXCSR", set_fpu_word, FPU_MXCSR, 0xffffffff);
}

static void check_header(void)
{
	const uint64_t kept = 0x1234567812345678;

	shift = 32;
	fpu_refused("an area that is not aligned enough", move_fpu, 0, 32);
	for (int bit = 8; bit < 64; bit += 5)
		fpu_refused("an unknown component", set_fpu_byte, FPU_BV, 3 | 1ul << bit);
	fpu_refused("a compacted area of nothing known", set_fpu_byte, FPU_COMP, 1);
	fpu_refused("a compacted area of nothing known", set_fpu_byte, FPU_COMP,
		    1ul << 63 | 1ul << 62);
	fpu_refused("reserved header bytes", set_fpu_byte, FPU_HEADER_REST, 1);
	for (int i = 1; i < 6 && on_ringlet(); i++)
		fpu_refused("reserved header bytes", set_fpu_byte, FPU_HEADER_REST + 8 * i,
			    1ul << 56);
	fpu_taken("SSE as not in use", set_fpu_byte, FPU_BV, 1, 0);
	fpu_taken("SSE not to be restored", set_fpu_byte, FPU_MARKS + 8, 1, 0);
	fpu_taken("more features than there are", set_fpu_byte, FPU_MARKS + 8, -1ul, kept);
	fpu_taken("another first magic word", set_fpu_word, FPU_MARKS, 0, kept);
	fpu_taken("a size too small", set_fpu_word, FPU_MARKS + 16, 575, kept);
	fpu_taken("a size too large", set_fpu_word, FPU_MARKS + 16, 0x10000, kept);
	fpu_taken("an extended size too small", set_fpu_word, FPU_MARKS + 4, 8, kept);
	fpu_refused("MXCSR without extended state", set_fpu_word, FPU_MXCSR, 0x10000);
}

static void spoil_magic2(struct raw_context *c)
{
	put32(c->fpu, get32(c->fpu, FPU_MARKS + 16), 0);
	put64(c->fpu, FPU_BV, -1ul); /* not looked at then */
}

/* ---- rt_sigreturn without a frame ---- */

static uint64_t return_sp;

static void sigreturn_at(void)
{
	__asm__ volatile("mov %%rsp, %%rbx; mov %0, %%rsp; mov $0x5afe, %%r12d; mov $15, %%eax\n"
			 "	syscall; mov %%rbx, %%rsp" ::"m"(return_sp)
			 : "rax", "rbx", "rcx", "r11", "r12", "memory");
}

static void no_frame(const char *what, uint64_t sp)
{
	return_sp = sp;
	memset(&caught, 0, sizeof(caught));
	ok(trap_call(sigreturn_at) && caught.sig == S_SEGV && caught.info.code == C_KERNEL,
	   "rt_sigreturn with sp %s: SIGSEGV", what);
	is((long)caught.context.r12, 0x5afe, "  and the registers are as they were");
	is((long)caught.context.sp, (long)sp, "  the stack pointer too");
}

static void check_no_frame(void)
{
	no_frame("null", 0);
	no_frame("8", 8);
	no_frame("not mapped", 0x12340);
	no_frame("of the core", CORE);
	no_frame("of the core's top", -8ul);
	no_frame("in the hole", HOLE);
	no_frame("at the edge", 0x7fffffffefc8);
}

/* ---- what else it restores ---- */

static int second;
static uint64_t second_ip, second_ax;

static void like_restart(struct raw_context *c)
{
	c->ax = value;
	c->mask = 0;
	c->ip = (uintptr_t)trap_recover;
	send_self(S_USR2);
}

static void note(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	second++;
	second_ip = c->ip;
	second_ax = c->ax;
}

/* AX looks as if a system call was to be made again, and a signal is there to do it. */
static void check_no_restart(void)
{
	static const int codes[] = {512, 513, 514, 516};

	for (unsigned i = 0; i < 4; i++) {
		second = 0;
		spoiled(like_restart, (uint64_t)-codes[i]);
		is(second, 1, "a signal that sigreturn unblocks is delivered");
		is((long)second_ip, (long)trap_recover, "  and no call is made again");
		is((long)second_ax, -codes[i], "  whatever ax is");
	}
}

static void block_all(struct raw_context *c)
{
	c->mask = -1ul;
}

static uint8_t other_stack[16384];

static void other_altstack(struct raw_context *c)
{
	c->stack = (struct raw_stack){(uintptr_t)other_stack, 0, 0, sizeof(other_stack)};
}

static void bad_altstack(struct raw_context *c)
{
	c->stack = (struct raw_stack){CORE, 0x77, 0, 1};
}

static void check_mask_and_stack(void)
{
	struct raw_stack was, is_now;

	ok(!spoiled(block_all, 0), "a full mask is taken");
	is((long)block(0), (long)~(1ul << 8 | 1ul << 18), "  but for SIGKILL and SIGSTOP");
	raw(NR_sigaltstack, 0, (long)&was, 0, 0, 0, 0);
	ok(!spoiled(bad_altstack, 0), "a bad alternate stack is no error");
	raw(NR_sigaltstack, 0, (long)&is_now, 0, 0, 0, 0);
	is((long)is_now.sp, (long)was.sp, "  and changes nothing");
	ok(!spoiled(other_altstack, 0), "another alternate stack is taken");
	raw(NR_sigaltstack, 0, (long)&is_now, 0, 0, 0, 0);
	is((long)is_now.sp, (long)other_stack, "  and is in use");
	altstack((void *)was.sp, was.size, 0);
}

/* ---- signals that end the program ---- */

static void use_stack(uint64_t sp)
{
	__asm__ volatile("mov %0, %%rsp; ud2" ::"r"(sp));
}

static int fatal(const char *how)
{
	struct raw_action no_restorer = {(uintptr_t)note, RAW_SIGINFO, 0, 0};

	action(S_ILL, note, 0, 0);
	action(S_SEGV, note, 0, 0);
	if (!strcmp(how, "lost-stack"))
		use_stack(0x1000);
	if (!strcmp(how, "core-stack"))
		use_stack(CORE + 0x100000);
	if (!strcmp(how, "core-handler")) {
		action(S_SEGV, (void *)CORE, 0, 0);
		action(S_USR1, (void *)CORE, 0, 0);
	}
	if (!strcmp(how, "no-restorer"))
		raw(NR_sigaction, S_USR1, (long)&no_restorer, 0, 8, 0, 0);
	if (!strcmp(how, "no-restorer"))
		raw(NR_sigaction, S_SEGV, (long)&no_restorer, 0, 8, 0, 0);
	send_self(S_USR1);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return fatal(argv[1]);
	catch_all();
	action(S_USR1, spoiler, RAW_NODEFER, 1ul << (S_USR2 - 1));
	action(S_USR2, note, 0, 0);
	check_ip();
	check_selectors();
	check_flags();
	check_sp();
	check_area_place();
	if (caught.context.flags & 1) { /* there is XSAVE */
		check_header();
		fpu_taken("another second magic word", (void (*)(struct raw_context *))spoil_magic2,
			  0, 0, 0x1234567812345678);
	}
	check_no_frame();
	check_no_restart();
	check_mask_and_stack();
	return done();
}
