/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage areas: three descriptors of the GDT that each thread has of its own, which
 * set_thread_area and get_thread_area give to the app, by SYSCALL or, with i386's numbers, by
 * INT 0x80. Flat 32-bit data only: ESPFIX looks for 16-bit stacks in the LDT alone.
 */
#include <abi/errno.h>
#include <arch/cpu.h>
#include <core/sched.h>
#include <core/syscall.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/descriptor.h>
#include <x86/percpu.h>
#include <x86/selectors.h>

#define I386_SET_THREAD_AREA 243
#define I386_GET_THREAD_AREA 244

static bool area_ok(const struct user_desc *d)
{
	if (user_desc_is_empty(d) || user_desc_is_zero(d))
		return true;
	return d->seg_32bit && d->contents <= CONTENTS_DATA_DOWN && !d->seg_not_present;
}

/* The first free one's index in the GDT, or -ESRCH. */
static int area_find_free(const struct arch_thread *t)
{
	for (int i = 0; i < TLS_AREAS; i++)
		if (!t->tls[i])
			return GDT_TLS_MIN + i;
	return -ESRCH;
}

/* The running thread's: in its structure, in this CPU's GDT, and in registers that hold it. */
static void area_set(int index, uint64_t descriptor)
{
	unsigned long irq = arch_irq_save();

	current_thread()->arch.tls[index - GDT_TLS_MIN] = descriptor;
	current_thread()->arch.tls_used = true;
	percpu()->gdt[index] = descriptor;
	selectors_reload(index << 3 | SEL_RPL);
	arch_irq_restore(irq);
}

long sys_set_thread_area(void __user *ptr)
{
	struct user_desc __user *u = ptr;
	struct user_desc d;
	int index;

	if (copy_from_user(&d, u, sizeof(d)))
		return -EFAULT;
	if (!area_ok(&d))
		return -EINVAL;
	index = (int)d.entry_number;
	if (index == -1) {
		index = area_find_free(&current_thread()->arch);
		if (index < 0)
			return index;
		if (copy_to_user(&u->entry_number, &index, sizeof(index)))
			return -EFAULT;
	}
	if (index < GDT_TLS_MIN || index > GDT_TLS_MAX)
		return -EINVAL;
	area_set(index, user_desc_is_empty(&d) || user_desc_is_zero(&d) ? 0 : descriptor_make(&d));
	return 0;
}

long sys_get_thread_area(void __user *ptr)
{
	struct user_desc __user *u = ptr;
	struct user_desc d;
	uint32_t index;

	if (copy_from_user(&index, &u->entry_number, sizeof(index)))
		return -EFAULT;
	if (index < GDT_TLS_MIN || index > GDT_TLS_MAX)
		return -EINVAL;
	d = descriptor_describe(current_thread()->arch.tls[index - GDT_TLS_MIN]);
	d.entry_number = index;
	return copy_to_user(u, &d, sizeof(d));
}

/* EAX is the number, EBX the argument; interrupts off on entry and return. */
long int80_call(struct regs *r)
{
	void __user *arg = (void __user *)(r->bx & 0xffffffff);
	long ret = -ENOSYS;

	arch_irq_enable();
	if ((uint32_t)r->ax == I386_SET_THREAD_AREA)
		ret = sys_set_thread_area(arg);
	else if ((uint32_t)r->ax == I386_GET_THREAD_AREA)
		ret = sys_get_thread_area(arg);
	arch_irq_disable();
	return ret;
}
