/* SPDX-License-Identifier: MIT */
/*
 * No thread sees another's FPU: two hold different values in every register while the processor
 * goes from one to the other, by yielding and by the timer; a new thread begins with its maker's.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 * guest: run="--qemu '-cpu max,-xsaveopt'"
 */
#include <string.h>
#include "thread.h"

#define ROUNDS 400

struct fpu {
	_Alignas(16) uint8_t xmm[16][16];
	uint32_t mxcsr;
	uint16_t control;
};

static struct test_thread other;
static struct fpu first, second, inherited;
static volatile uint32_t wrong[2], stop;

static void load(const struct fpu *f)
{
	__asm__ volatile("ldmxcsr %[mxcsr]; fldcw %[control]\n\t"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movaps 16*\\n(%[xmm]), %%xmm\\n\n\t"
			 ".endr"
			 :
			 : [xmm] "r"(f->xmm), [mxcsr] "m"(f->mxcsr), [control] "m"(f->control),
			   "m"(*f));
}

static void store(struct fpu *f)
{
	__asm__ volatile("stmxcsr %[mxcsr]; fnstcw %[control]\n\t"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movaps %%xmm\\n, 16*\\n(%[xmm])\n\t"
			 ".endr"
			 : [mxcsr] "=m"(f->mxcsr), [control] "=m"(f->control), "=m"(*f)
			 : [xmm] "r"(f->xmm)
			 : "memory");
}

static void fill(struct fpu *f, uint8_t seed, uint32_t mxcsr, uint16_t control)
{
	for (unsigned i = 0; i < sizeof(f->xmm); i++)
		f->xmm[i / 16][i % 16] = (uint8_t)(seed + i * 7);
	f->mxcsr = mxcsr;
	f->control = control;
}

/* Holds f in the registers over a yield, then over a stretch that only the timer interrupts. */
__attribute__((noinline)) static int hold(const struct fpu *f, unsigned spins)
{
	struct fpu now;

	load(f);
	raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < spins; i++)
		__asm__ volatile("");
	store(&now);
	return memcmp(now.xmm, f->xmm, sizeof(now.xmm)) || now.mxcsr != f->mxcsr ||
	       now.control != f->control;
}

static void hold_second(void *unused)
{
	(void)unused;
	store(&inherited);
	while (!stop)
		wrong[1] += hold(&second, 20000);
}

int main(void)
{
	fill(&first, 1, 0x1f80, 0x37f);
	fill(&second, 99, 0x7f80, 0x77f);
	load(&first);
	ok(thread_start(&other, hold_second, 0) > 0, "a second thread");
	for (unsigned i = 0; i < ROUNDS; i++)
		wrong[0] += hold(&first, 20000);
	stop = 1;
	thread_join(&other);
	is(wrong[0], 0, "the first thread kept its registers, %d times", ROUNDS);
	is(wrong[1], 0, "so did the second");
	ok(!memcmp(inherited.xmm, first.xmm, sizeof(first.xmm)),
	   "the second began with what the first had");
	is(inherited.mxcsr, first.mxcsr, "and with its MXCSR");
	return done();
}
