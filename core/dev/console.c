// SPDX-License-Identifier: MIT
/*
 * Console input: the meeting point of the drivers that receive bytes and the one consumer. Lock:
 * guards the consumer, the pause flag and the list; taken with interrupts off, never held while the
 * consumer or a driver is called.
 */
#include <core/console.h>
#include <core/spinlock.h>

static struct spinlock lock = SPINLOCK_INIT;
static void (*consumer)(const char *s, size_t n);
static bool paused;
static struct console_input *drivers;

bool console_input_wanted(void)
{
	return READ_ONCE(consumer) && !READ_ONCE(paused);
}

/* The list only grows, at its head, so it may be walked without the lock. */
static void resume_drivers(void)
{
	unsigned long flags = arch_irq_save();

	for (struct console_input *c = READ_ONCE(drivers); c; c = c->next)
		c->resume(c);
	arch_irq_restore(flags);
}

void console_input_register(void (*fn)(const char *s, size_t n))
{
	WRITE_ONCE(consumer, fn);
	resume_drivers();
}

void console_input_pause(bool on)
{
	bool was = __atomic_exchange_n(&paused, on, __ATOMIC_ACQ_REL);

	if (was && !on)
		resume_drivers();
}

void console_input_attach(struct console_input *c)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	c->next = drivers;
	WRITE_ONCE(drivers, c);
	spin_unlock_irqrestore(&lock, flags);
}

void console_input(const char *s, size_t n)
{
	void (*fn)(const char *, size_t) = READ_ONCE(consumer);

	if (fn)
		fn(s, n);
}
