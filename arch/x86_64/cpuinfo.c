/* SPDX-License-Identifier: MIT */
/*
 * The text of /proc/cpuinfo in the form that programs parse. The flags are those that the app can
 * use: what the CPU has and the core turned on; names are Linux's. SDM volume 2, CPUID.
 */
#include <arch/counters.h>
#include <core/procfs.h>
#include <core/string.h>
#include <x86/cpu.h>

/* Where a flag is told; in the order of Linux's list. */
enum word {
	LEAF1_EDX,
	EXT1_EDX,
	LEAF1_ECX,
	EXT1_ECX,
	LEAF7_EBX,
	LEAFD1_EAX,
	LEAF7_ECX,
	LEAF7_EDX,
	WORDS
};

/* One name a bit, from bit 0 on, "-" for those that are not told; blanks between. */
static const char *const names[WORDS] = {
	[LEAF1_EDX] =
		"fpu - de pse tsc msr pae mce cx8 apic - sep - pge mca cmov pat pse36 - clflush"
		" - - acpi mmx fxsr sse sse2 ss ht - - -",
	[EXT1_EDX] =
		"- - - - - - - - - - - syscall - - - - - - - - nx - mmxext - - fxsr_opt pdpe1gb"
		" rdtscp - lm 3dnowext 3dnow",
	[LEAF1_ECX] =
		"pni pclmulqdq - - - - - - - ssse3 - - fma cx16 - - - pcid - sse4_1 sse4_2 x2apic"
		" movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor",
	[EXT1_ECX] =
		"lahf_lm - - - - abm sse4a misalignsse 3dnowprefetch - - xop - - - - fma4 - - - -"
		" tbm",
	[LEAF7_EBX] =
		"fsgsbase - - bmi1 - avx2 - smep bmi2 erms - - - - - - avx512f avx512dq rdseed adx"
		" smap avx512ifma - clflushopt clwb - avx512pf avx512er avx512cd sha_ni avx512bw"
		" avx512vl",
	[LEAFD1_EAX] = "xsaveopt xsavec xgetbv1 xsaves",
	[LEAF7_ECX] = "- avx512vbmi umip - - - avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni"
		      " avx512_bitalg - avx512_vpopcntdq - - - - - - - rdpid",
	[LEAF7_EDX] = "- - avx512_4vnniw avx512_4fmaps fsrm",
};

#define BIT(n) (1u << (n))

/* What of the words depends on state that XCR0 has (SDM volume 1, 13.2), or on bits of CR4. */
#define LEAF1_ECX_AVX	(BIT(12) | BIT(28) | BIT(29))
#define LEAF1_ECX_XSAVE (BIT(26) | LEAF1_ECX_AVX)
#define EXT1_ECX_AVX	(BIT(11) | BIT(16))
#define LEAF7_EBX_512 \
	(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
#define LEAF7_ECX_512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define LEAF7_EDX_512 (BIT(2) | BIT(3))
#define LEAF7_ECX_AVX (BIT(9) | BIT(10))
#define XCR0_AVX      6
#define XCR0_AVX512   0xe6

static void read_words(uint32_t w[WORDS])
{
	const struct cpu_features *f = &cpu_features;
	struct cpuid r = cpuid(1, 0);

	memset(w, 0, WORDS * sizeof(*w));
	w[LEAF1_EDX] = r.edx;
	w[LEAF1_ECX] = r.ecx;
	if (f->max_leaf >= 7) {
		r = cpuid(7, 0);
		w[LEAF7_EBX] = r.ebx;
		w[LEAF7_ECX] = r.ecx;
		w[LEAF7_EDX] = r.edx;
	}
	if (f->max_leaf >= 0xd && f->xsave)
		w[LEAFD1_EAX] = cpuid(0xd, 1).eax;
	if (f->max_ext_leaf >= 0x80000001) {
		r = cpuid(0x80000001, 0);
		w[EXT1_EDX] = r.edx;
		w[EXT1_ECX] = r.ecx;
	}
	if (!f->xsave)
		w[LEAF1_ECX] &= ~LEAF1_ECX_XSAVE;
	if ((f->xcr0 & XCR0_AVX) != XCR0_AVX) {
		w[LEAF1_ECX] &= ~LEAF1_ECX_AVX;
		w[EXT1_ECX] &= ~EXT1_ECX_AVX;
		w[LEAF7_EBX] &= ~BIT(5);
		w[LEAF7_ECX] &= ~LEAF7_ECX_AVX;
	}
	if ((f->xcr0 & XCR0_AVX512) != XCR0_AVX512) {
		w[LEAF7_EBX] &= ~LEAF7_EBX_512;
		w[LEAF7_ECX] &= ~LEAF7_ECX_512;
		w[LEAF7_EDX] &= ~LEAF7_EDX_512;
	}
}

/* The names of the bits set in word, each with a blank before it. */
static void put_flags(struct proc_text *t, const char *name, uint32_t word)
{
	for (; *name; word >>= 1) {
		size_t n = 0;

		while (name[n] && name[n] != ' ')
			n++;
		if (word & 1 && *name != '-') {
			proc_put(t, " ");
			proc_put_bytes(t, name, n);
		}
		name += n + (name[n] == ' ');
	}
}

static void put_cpu(struct proc_text *t, unsigned cpu, unsigned cpus, const uint32_t w[WORDS])
{
	const struct cpu_features *f = &cpu_features;
	uint32_t version = cpuid(1, 0).eax, extended = f->max_ext_leaf;
	unsigned family = version >> 8 & 15, model = version >> 4 & 15;

	if (family == 6 || family == 15)
		model |= version >> 12 & 0xf0;
	if (family == 15)
		family += version >> 20 & 0xff;
	proc_put(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", cpu,
		 f->vendor, family, model);
	proc_put(t, "model name\t: %s\nstepping\t: %u\n", *f->model ? f->model : "unknown",
		 version & 15);
	proc_put(t, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", cpus,
		 cpu, cpus);
	proc_put(t,
		 "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
		 f->max_leaf);
	for (unsigned i = 0; i < WORDS; i++)
		put_flags(t, names[i], w[i]);
	proc_put(t, "\nclflush size\t: %u\naddress sizes\t: %u bits physical, %u bits virtual\n\n",
		 (cpuid(1, 0).ebx >> 8 & 0xff) * 8, f->phys_bits,
		 extended >= 0x80000008 ? cpuid(0x80000008, 0).eax >> 8 & 0xff : 48);
}

void arch_cpuinfo(struct proc_text *t)
{
	unsigned cpus = arch_count_cpus();
	uint32_t w[WORDS];

	read_words(w);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		put_cpu(t, cpu, cpus, w);
}
