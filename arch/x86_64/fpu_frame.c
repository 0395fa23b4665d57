/* SPDX-License-Identifier: MIT */
/*
 * The FPU area of a signal frame, in Linux's form: the standard form of XSAVE, with words of
 * software's own in the FXSAVE area that tell its size, and a magic word behind it. Nothing the app
 * leaves there may hurt the core: what XRSTOR would refuse is refused here first, and what another
 * thread changes meanwhile is an exception of XRSTOR that is caught (fpu_user.S). Called by
 * signal.c for the running thread, whose state is in the registers.
 */
#include <abi/signal.h>
#include <core/uaccess.h>
#include <x86/asm.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/sigframe.h>

int fpu_xsave_user(uintptr_t area, uint64_t components);
int fpu_xrstor_user(uintptr_t area, uint64_t components);
int fpu_fxsave_user(uintptr_t area);
int fpu_fxrstor_user(uintptr_t area);

#define LEGACY (XSTATE_X87 | XSTATE_SSE)
#define HEADER offsetof(struct xsave_area, xstate_bv)

size_t fpu_frame_bytes(void)
{
	return cpu_features.xsave ? fpu.frame_size + sizeof(uint32_t) : FXSAVE_SIZE;
}

/* Linux's marks. Bytes of the header that XSAVE does not write were zeroed before it. */
static bool save_marks(uintptr_t area)
{
	const struct sigframe_fpu marks = {
		.magic1 = SIGFRAME_FPU_MAGIC1,
		.extended_size = fpu.frame_size + sizeof(uint32_t),
		.xfeatures = cpu_features.xsave ? cpu_features.xcr0 : LEGACY,
		.xstate_size = fpu.frame_size,
	};
	const uint32_t magic2 = SIGFRAME_FPU_MAGIC2;
	uint64_t bv;

	if (copy_to_user((void __user *)(area + SIGFRAME_FPU_MARKS), &marks, sizeof(marks)))
		return false;
	if (!cpu_features.xsave)
		return true;
	if (copy_to_user((void __user *)(area + fpu.frame_size), &magic2, sizeof(magic2)) ||
	    copy_from_user(&bv, (void __user *)(area + HEADER), sizeof(bv)))
		return false;
	/* A handler that changes x87 or SSE registers need not know of the header. */
	bv |= LEGACY;
	return !copy_to_user((void __user *)(area + HEADER), &bv, sizeof(bv));
}

bool fpu_frame_save(uintptr_t area)
{
	if (!user_range_ok((void __user *)area, fpu_frame_bytes()))
		return false;
	if (!cpu_features.xsave)
		return !fpu_fxsave_user(area) && save_marks(area);
	return !clear_user((void __user *)(area + HEADER), XSAVE_HEADER_SIZE) &&
	       !fpu_xsave_user(area, cpu_features.xcr0) && save_marks(area);
}

/* What of the area is to be restored; *extended: it has more than the FXSAVE area. */
static bool read_marks(uintptr_t area, uint64_t *components, bool *extended)
{
	struct sigframe_fpu marks;
	uint32_t magic2;

	*components = LEGACY;
	*extended = false;
	if (!cpu_features.xsave)
		return true;
	if (copy_from_user(&marks, (void __user *)(area + SIGFRAME_FPU_MARKS), sizeof(marks)))
		return false;
	if (marks.magic1 != SIGFRAME_FPU_MAGIC1 || marks.xstate_size < sizeof(struct xsave_area) ||
	    marks.xstate_size > fpu.frame_size || marks.xstate_size > marks.extended_size)
		return true;
	if (copy_from_user(&magic2, (void __user *)(area + marks.xstate_size), sizeof(magic2)))
		return false;
	if (magic2 != SIGFRAME_FPU_MAGIC2)
		return true;
	*components = marks.xfeatures & cpu_features.xcr0;
	*extended = true;
	return true;
}

/* SDM volume 1, section 13.8.1: what makes XRSTOR of the standard form #GP. */
static bool header_ok(uintptr_t area)
{
	uint64_t h[XSAVE_HEADER_SIZE / 8];

	if (copy_from_user(h, (void __user *)(area + HEADER), sizeof(h)))
		return false;
	for (unsigned i = 1; i < ARRAY_SIZE(h); i++)
		if (h[i])
			return false;
	return !(h[0] & ~cpu_features.xcr0);
}

static bool mxcsr_ok(uintptr_t area)
{
	uint32_t mxcsr;
	const void __user *p = (void __user *)(area + offsetof(struct xsave_area, mxcsr));

	return !copy_from_user(&mxcsr, p, sizeof(mxcsr)) && !(mxcsr & ~fpu.mxcsr_mask);
}

static bool restore(uintptr_t area)
{
	uint64_t components;
	bool extended;

	if (!user_range_ok((void __user *)area, fpu_frame_bytes()) || !IS_ALIGNED(area, 16) ||
	    !read_marks(area, &components, &extended))
		return false;
	if (components & (XSTATE_SSE | XSTATE_AVX) && !mxcsr_ok(area))
		return false;
	if (!extended) {
		/* First the others: XRSTOR of AVX alone would take MXCSR from the initial state. */
		fpu_reset(cpu_features.xcr0);
		return !fpu_fxrstor_user(area);
	}
	if (!IS_ALIGNED(area, 64) || !header_ok(area))
		return false;
	if (cpu_features.xcr0 & ~components)
		fpu_reset(cpu_features.xcr0);
	return !fpu_xrstor_user(area, components);
}

bool fpu_frame_restore(uintptr_t area)
{
	bool ok = area && restore(area);

	if (!ok)
		fpu_reset(cpu_features.xcr0);
	return ok || !area;
}

/* SDM volume 1, sections 8.5 and 11.5.2: flags that are not masked. Linux's order of them. */
static int exception_code(unsigned flags)
{
	if (flags & 0x01)
		return ABI_FPE_FLTINV;
	if (flags & 0x04)
		return ABI_FPE_FLTDIV;
	if (flags & 0x08)
		return ABI_FPE_FLTOVF;
	if (flags & 0x12)
		return ABI_FPE_FLTUND;
	if (flags & 0x20)
		return ABI_FPE_FLTRES;
	return 0;
}

int fpu_exception_code(unsigned vector)
{
	uint16_t fcw, fsw;
	uint32_t mxcsr;

	if (vector == VECTOR_MF) {
		/* The forms that do not wait for, and so do not raise, what is pending. */
		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(fcw), "=m"(fsw));
		return exception_code(fsw & ~fcw);
	}
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return exception_code(mxcsr & ~(mxcsr >> 7));
}
