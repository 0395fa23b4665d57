/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors: handed out to devices, dispatched, counted. Handlers are added during boot and
 * when a driver starts; a slot is filled before its device can use it, so dispatch takes no lock.
 */
#include <abi/errno.h>
#include <arch/irq.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/sched.h>
#include <core/time.h>
#include <x86/arch.h>
#include <x86/percpu.h>
#include <x86/smp.h>

struct handler {
	void (*fn)(void *);
	void *arg;
	struct handler *next; /* a wired interrupt may be shared */
};

static struct handler *handlers[256];
static uint8_t gsi_vector[256];
static unsigned next_vector = VECTOR_DEVICE_MIN;
uint64_t irq_spurious, irq_unexpected;
static uint64_t told[256 / 64]; /* vectors that were named in the log */

void interrupt_dispatch(struct regs *r);

static int vector_alloc(void)
{
	if (next_vector == VECTOR_INT80)
		next_vector++;
	return next_vector <= VECTOR_DEVICE_MAX ? (int)next_vector++ : -ENOSPC;
}

static int handler_add(unsigned vector, void (*fn)(void *), void *arg)
{
	struct handler *h = kmalloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = (struct handler){fn, arg, handlers[vector]};
	__atomic_store_n(&handlers[vector], h, __ATOMIC_RELEASE);
	return 0;
}

/* SDM volume 3, section 11.11: fixed delivery, edge, to the boot CPU. */
int arch_irq_msi(void (*fn)(void *), void *arg, uint64_t *address, uint32_t *data)
{
	int vector = vector_alloc(), err;

	if (vector < 0)
		return vector;
	err = handler_add(vector, fn, arg);
	if (err)
		return err;
	*address = 0xfee00000 | (percpu_boot.apic_id & 0xff) << 12;
	*data = vector;
	return 0;
}

int arch_irq_wired(unsigned gsi, bool level_low, void (*fn)(void *), void *arg)
{
	int vector, err;

	if (gsi >= ARRAY_SIZE(gsi_vector))
		return -EINVAL;
	vector = gsi_vector[gsi] ? gsi_vector[gsi] : vector_alloc();
	if (vector < 0)
		return vector;
	err = handler_add(vector, fn, arg);
	if (err || gsi_vector[gsi])
		return err;
	gsi_vector[gsi] = vector;
	return ioapic_route(gsi, vector, level_low);
}

static void run_handlers(unsigned vector)
{
	struct handler *h = __atomic_load_n(&handlers[vector], __ATOMIC_ACQUIRE);

	for (; h; h = h->next)
		h->fn(h->arg);
}

/* Nobody's: a device that was not told to, or INT n in the core, which is not in service. */
static void unexpected(unsigned vector)
{
	uint64_t bit = 1ull << (vector % 64);

	__atomic_add_fetch(&irq_unexpected, 1, __ATOMIC_RELAXED);
	if (!(__atomic_fetch_or(&told[vector / 64], bit, __ATOMIC_RELAXED) & bit))
		log_warn("cpu %u: unexpected interrupt, vector %u", arch_cpu_id(), vector);
	if (apic_in_service(vector))
		apic_eoi();
}

/* From ring 3 or the core, interrupts off throughout. */
void interrupt_dispatch(struct regs *r)
{
	unsigned vector = ~r->orig_ax & 0xff;

	percpu()->interrupts[vector]++;
	cputime_sample(r->cs & 3);
	if (vector == VECTOR_TIMER) {
		apic_eoi();
		timer_interrupt();
	} else if (vector >= VECTOR_CALL && vector <= VECTOR_HALT) {
		smp_interrupt(vector);
	} else if (vector == VECTOR_SPURIOUS) {
		/* Gets no EOI: SDM volume 3, section 11.9. */
		__atomic_add_fetch(&irq_spurious, 1, __ATOMIC_RELAXED);
	} else if (vector == VECTOR_MC_POLL) {
		apic_eoi();
		machine_check_poll();
	} else if (handlers[vector]) {
		run_handlers(vector);
		apic_eoi();
	} else {
		unexpected(vector);
	}
}

/*
 * Without AML the routing of INTx is not told; the firmware's choice for the 8259s is used, which
 * QEMU's chipsets raise at the IOAPIC's pin of that number too. Only devices without MSI-X need it.
 */
int arch_irq_pci_gsi(unsigned bus, unsigned slot, unsigned pin, unsigned line)
{
	(void)bus;
	(void)slot;
	(void)pin;
	return line && line < 16 ? (int)line : -1;
}
