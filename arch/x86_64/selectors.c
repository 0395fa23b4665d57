/* SPDX-License-Identifier: MIT */
/*
 * DS, ES, FS and GS of the app's threads: kept over switches, loaded anew when a descriptor changes,
 * and arch_prctl. A base is kept apart from its selector: with FSGSBASE the app may set any.
 */
#include <abi/errno.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/percpu.h>
#include <x86/selectors.h>

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

/* As struct arch_thread packs them. */
#define DS(packed) ((unsigned)(packed)&0xffff)
#define ES(packed) ((unsigned)((packed) >> 16) & 0xffff)
#define FS(packed) ((unsigned)((packed) >> 32) & 0xffff)
#define GS(packed) ((unsigned)((packed) >> 48))

static uint64_t selectors_read(void)
{
	uint64_t ds, es, fs, gs;

	__asm__ volatile("movl %%ds, %k0; movl %%es, %k1; movl %%fs, %k2; movl %%gs, %k3"
			 : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	return ds | es << 16 | fs << 32 | gs << 48;
}

static uint64_t fs_base_read(void)
{
	uint64_t v;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

static void fs_base_write(uint64_t v)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("wrfsbase %0" ::"r"(v));
	else
		wrmsr(MSR_FS_BASE, v);
}

/* The app's GS base waits in the other register while the core runs. Interrupts off. */
static uint64_t gs_base_read(void)
{
	uint64_t v;

	if (!cpu_features.fsgsbase)
		return rdmsr(MSR_KERNEL_GS_BASE);
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v)::"memory");
	return v;
}

static void gs_base_write(uint64_t v)
{
	if (cpu_features.fsgsbase)
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(v) : "memory");
	else
		wrmsr(MSR_KERNEL_GS_BASE, v);
}

void selectors_save(struct arch_thread *t)
{
	t->selectors = selectors_read();
	t->fs_base = fs_base_read();
	t->gs_base = gs_base_read();
}

void selectors_set_fs_base(struct arch_thread *t, uintptr_t base)
{
	t->selectors &= ~(0xffffull << 32);
	t->fs_base = base;
}

static void load_all(uint64_t selectors)
{
	segment_load_ds(DS(selectors));
	segment_load_es(ES(selectors));
	segment_load_fs(FS(selectors));
	segment_load_gs(GS(selectors));
}

static void tls_load(const struct arch_thread *t)
{
	uint64_t *area = &percpu()->gdt[GDT_TLS_MIN];

	for (unsigned i = 0; i < TLS_AREAS; i++)
		area[i] = t->tls[i];
}

void selectors_switch(struct arch_thread *prev, const struct arch_thread *next)
{
	uint64_t now = selectors_read();

	if (unlikely(!cpu_features.fsgsbase || now | next->selectors)) {
		selectors_save(prev);
		selectors_load(next);
		return;
	}
	prev->selectors = 0;
	if (unlikely(prev->tls_used | next->tls_used))
		tls_load(next);
	__asm__ volatile("rdfsbase %0; wrfsbase %1" : "=&r"(prev->fs_base) : "r"(next->fs_base));
	__asm__ volatile("swapgs; rdgsbase %0; wrgsbase %1; swapgs"
			 : "=&r"(prev->gs_base)
			 : "r"(next->gs_base)
			 : "memory");
}

void selectors_load(const struct arch_thread *t)
{
	tls_load(t);
	/* Null ones hide nothing; any other may name a descriptor that is another thread's here. */
	if (t->selectors | selectors_read())
		load_all(t->selectors);
	fs_base_write(t->fs_base);
	gs_base_write(t->gs_base);
}

void selectors_reload_ldt(void)
{
	uint64_t now = selectors_read();

	if (DS(now) & SEL_TI)
		segment_load_ds(DS(now));
	if (ES(now) & SEL_TI)
		segment_load_es(ES(now));
}

void selectors_reload(unsigned selector)
{
	uint64_t now = selectors_read();

	if (DS(now) == selector)
		segment_load_ds(selector);
	if (ES(now) == selector)
		segment_load_es(selector);
	if (FS(now) == selector)
		segment_load_fs(selector);
	if (GS(now) == selector)
		segment_load_gs(selector);
}

static int base_set(int code, uintptr_t addr)
{
	unsigned long irq;

	/* The paranoid entry tells whose GS it is by the sign where there is no FSGSBASE. */
	if (addr >= ARCH_USER_END)
		return -EPERM;
	irq = arch_irq_save();
	if (code == ARCH_SET_FS) {
		segment_load_fs(0);
		fs_base_write(addr);
	} else {
		segment_load_gs(0);
		gs_base_write(addr);
	}
	arch_irq_restore(irq);
	return 0;
}

static int base_get(int code, uint64_t __user *to)
{
	unsigned long irq = arch_irq_save();
	uint64_t base = code == ARCH_GET_FS ? fs_base_read() : gs_base_read();

	arch_irq_restore(irq);
	return copy_to_user(to, &base, sizeof(base));
}

long sys_arch_prctl(int code, uintptr_t addr)
{
	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		return base_set(code, addr);
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		return base_get(code, (uint64_t __user *)addr);
	}
	return -EINVAL;
}
