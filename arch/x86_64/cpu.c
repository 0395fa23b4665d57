/* SPDX-License-Identifier: MIT */
/* What the CPU has, turning it on, and patching the text for it. */
#include <arch/cpu.h>
#include <arch/io.h>
#include <core/log.h>
#include <core/page.h>
#include <core/string.h>
#include <x86/arch.h>
#include <x86/asm.h>
#include <x86/cpu.h>
#include <x86/fpu.h>
#include <x86/paging.h>

struct cpu_features cpu_features __ro_after_init;
/* Read by the paranoid entry (exceptions.S). */
uint8_t cpu_paranoid_fsgsbase __ro_after_init;
bool arch_dma_weak __ro_after_init;
uint64_t paging_nx_mask __ro_after_init = ~PTE_NX;

/* One place where an instruction depends on the CPU: three bytes of NOP, see exceptions.S. */
struct patch {
	uint8_t *at;
	uint64_t kind;
};
extern const struct patch patch_start[], patch_end[];

#define ARCH_CAP_RDCL_NO      1
#define MSR_ARCH_CAPABILITIES 0x10a

static void detect_names(struct cpu_features *f)
{
	struct cpuid r = cpuid(0, 0);

	f->max_leaf = r.eax;
	memcpy(f->vendor, &r.ebx, 4);
	memcpy(f->vendor + 4, &r.edx, 4);
	memcpy(f->vendor + 8, &r.ecx, 4);
	f->max_ext_leaf = cpuid(0x80000000, 0).eax;
	if (f->max_ext_leaf < 0x80000004)
		return;
	for (unsigned i = 0; i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		memcpy(f->model + 16 * i, &r, 16);
	}
}

static void detect_structured(struct cpu_features *f)
{
	struct cpuid r = f->max_leaf >= 7 ? cpuid(7, 0) : (struct cpuid){0};

	f->fsgsbase = r.ebx & 1u << 0;
	f->tsc_adjust = r.ebx & 1u << 1;
	f->smep = r.ebx & 1u << 7;
	f->rdseed = r.ebx & 1u << 18;
	f->smap = r.ebx & 1u << 20;
	f->umip = r.ecx & 1u << 2;
	f->pku = r.ecx & 1u << 3;
	if (r.edx & 1u << 29)
		f->rdcl_no = rdmsr(MSR_ARCH_CAPABILITIES) & ARCH_CAP_RDCL_NO;
	if (!memcmp(f->vendor, "AuthenticAMD", 12) || !memcmp(f->vendor, "HygonGenuine", 12))
		f->rdcl_no = true;
}

/* CPUID leaf 0x40000000 names the hypervisor. */
static void detect_hypervisor(struct cpu_features *f)
{
	struct cpuid r;

	if (!f->hypervisor)
		return;
	r = cpuid(0x40000000, 0);
	arch_dma_weak = !memcmp(&r.ebx, "TCGTCGTCGTCG", 12);
}

/* SDM volume 2, CPUID. */
void cpu_detect(void)
{
	struct cpu_features *f = &cpu_features;
	struct cpuid r = cpuid(1, 0);

	detect_names(f);
	f->hwcap = r.edx;
	f->tsc = r.edx & 1u << 4;
	f->pge = r.edx & 1u << 13;
	f->mca = (r.edx & (1u << 7 | 1u << 14)) == (1u << 7 | 1u << 14);
	f->x2apic = r.ecx & 1u << 21;
	f->tsc_deadline = r.ecx & 1u << 24;
	f->xsave = r.ecx & 1u << 26 && f->max_leaf >= 0xd;
	f->rdrand = r.ecx & 1u << 30;
	f->hypervisor = r.ecx & 1u << 31;
	detect_structured(f);
	detect_hypervisor(f);
	if (f->max_ext_leaf >= 0x80000001) {
		r = cpuid(0x80000001, 0);
		f->nx = r.edx & 1u << 20;
		f->gbpages = r.edx & 1u << 26;
	}
	if (f->max_ext_leaf >= 0x80000007)
		f->tsc_invariant = cpuid(0x80000007, 0).edx & 1u << 8;
	f->phys_bits = f->max_ext_leaf >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
}

void cpu_enable(void)
{
	const struct cpu_features *f = &cpu_features;
	uint64_t cr4 = read_cr4() | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= f->smep ? CR4_SMEP : 0;
	cr4 |= f->smap ? CR4_SMAP : 0;
	cr4 |= f->umip ? CR4_UMIP : 0;
	cr4 |= f->fsgsbase ? CR4_FSGSBASE : 0;
	cr4 |= f->xsave ? CR4_OSXSAVE : 0;
	cr4 |= f->xsave && f->pku ? CR4_PKE : 0;
	write_cr4(cr4);
	write_cr0((read_cr0() | CR0_WP | CR0_NE | CR0_MP) & ~(CR0_EM | CR0_TS | CR0_AM));
	write_cr0(read_cr0() | CR0_AM);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (f->nx ? EFER_NXE : 0));
	fpu_init();
	machine_check_init();
}

/* The provisional tables map text writable; paging_init() ends that. */
void cpu_patch_text(void)
{
	static const uint8_t clac[] = {0x0f, 0x01, 0xca}, stac[] = {0x0f, 0x01, 0xcb};

	cpu_paranoid_fsgsbase = cpu_features.fsgsbase;
	paging_nx_mask = cpu_features.nx ? ~0ull : ~PTE_NX;
	if (!cpu_features.smap)
		return;
	for (const struct patch *p = patch_start; p < patch_end; p++)
		memcpy(p->at, p->kind == PATCH_STAC ? stac : clac, sizeof(clac));
}

bool arch_random(uint64_t *out)
{
	bool ok = false;

	for (int i = 0; i < 10 && !ok; i++) {
		if (cpu_features.rdseed)
			__asm__ volatile("rdseed %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
		if (!ok && cpu_features.rdrand)
			__asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
	}
	return ok;
}

void arch_describe_cpu(void)
{
	const struct cpu_features *f = &cpu_features;

	log_info("cpu: %s%s", f->model[0] ? f->model : f->vendor,
		 f->hypervisor ? ", under a hypervisor" : "");
	log_info("cpu: protection:%s%s%s%s%s", f->nx ? " NX" : "", f->smep ? " SMEP" : "",
		 f->smap ? " SMAP" : "", f->umip ? " UMIP" : "", f->fsgsbase ? " FSGSBASE" : "");
	if (!f->nx || !f->smep || !f->smap)
		log_warn("cpu: missing%s%s%s: the app is separated less well than it could be",
			 f->nx ? "" : " NX", f->smep ? "" : " SMEP", f->smap ? "" : " SMAP");
	if (!f->rdcl_no)
		log_warn("cpu: does not claim to be safe from Meltdown (RDCL_NO): see SECURITY");
}
