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

int fpu_xsave_user(uintptr_t area, uint64_t components, const struct sigframe_fpu *marks,
		   uintptr_t end);
int fpu_fxsave_user(uintptr_t area);
int fpu_xrstor_user(uintptr_t area, uint64_t components, uint64_t bad_components,
		    uint32_t bad_mxcsr);
int fpu_fxrstor_user(uintptr_t area, uint32_t bad_mxcsr);

#define LEGACY (XSTATE_X87 | XSTATE_SSE)

size_t fpu_frame_bytes(void)
{
	return cpu_features.xsave ? fpu.frame_size + sizeof(uint32_t) : FXSAVE_SIZE;
}

bool fpu_frame_save(uintptr_t area)
{
	const struct sigframe_fpu marks = {
		.magic1 = SIGFRAME_FPU_MAGIC1,
		.extended_size = fpu.frame_size + sizeof(uint32_t),
		.xfeatures = cpu_features.xsave ? cpu_features.xcr0 : LEGACY,
		.xstate_size = fpu.frame_size,
	};

	if (!user_range_ok((void __user *)area, fpu_frame_bytes()))
		return false;
	if (cpu_features.xsave)
		return !fpu_xsave_user(area, cpu_features.xcr0, &marks, area + fpu.frame_size);
	return !fpu_fxsave_user(area) &&
	       !copy_to_user((void __user *)(area + SIGFRAME_FPU_MARKS), &marks, sizeof(marks));
}

/* What of the area is to be restored; *extended: it has more than the FXSAVE area. */
static bool read_marks(uintptr_t area, uint64_t *components, bool *extended)
{
	struct sigframe_fpu marks;
	uint32_t last[2]; /* the area's last word, and what is behind it */

	*components = LEGACY;
	*extended = false;
	if (!cpu_features.xsave)
		return true;
	if (copy_from_user(&marks, (void __user *)(area + SIGFRAME_FPU_MARKS), sizeof(marks)))
		return false;
	if (marks.magic1 != SIGFRAME_FPU_MAGIC1 || marks.xstate_size < sizeof(struct xsave_area) ||
	    marks.xstate_size > fpu.frame_size || marks.xstate_size > marks.extended_size)
		return true;
	if (copy_from_user(last, (void __user *)(area + marks.xstate_size - 4), sizeof(last)))
		return false;
	if (last[1] != SIGFRAME_FPU_MAGIC2)
		return true;
	*components = marks.xfeatures & cpu_features.xcr0;
	*extended = true;
	return true;
}

static bool restore(uintptr_t area)
{
	uint64_t components;
	bool extended;

	if (!user_range_ok((void __user *)area, fpu_frame_bytes()) ||
	    !read_marks(area, &components, &extended))
		return false;
	/*
	 * What is not in the area becomes initial; and does so first, because that sets MXCSR even if
	 * it is AVX alone. An area of an odd address is the CPU's to refuse.
	 */
	if (!extended || cpu_features.xcr0 & ~components)
		fpu_reset(cpu_features.xcr0);
	if (!extended)
		return !fpu_fxrstor_user(area, ~fpu.mxcsr_mask);
	/* SDM volume 1, section 13.8.1: MXCSR is taken with SSE or AVX, in use or not. */
	return !fpu_xrstor_user(area, components, ~cpu_features.xcr0,
				components & (XSTATE_SSE | XSTATE_AVX) ? ~fpu.mxcsr_mask : 0);
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
