/* SPDX-License-Identifier: MIT */
/*
 * The log: a ring buffer of its latest text and the consoles it goes to. Lock: log_lock, taken with
 * interrupts off, inside all others; a panic goes past it, for the panicking CPU may hold it.
 */
#include <core/boot.h>
#include <core/log.h>
#include <core/output.h>
#include <core/spinlock.h>
#include <core/string.h>
#include <core/time.h>
#include <arch/cpu.h>
#include <arch/smp.h>

#define RING_SIZE 16384
#define LINE_SIZE 256

static struct spinlock log_lock;
static struct log_console *consoles;
static char ring[RING_SIZE];
static size_t ring_written;
static uint32_t emergency; /* 1 + the CPU that reports; 0: none does */
static bool panicked;

static void emit(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring[ring_written++ % RING_SIZE] = s[i];
	for (struct log_console *c = consoles; c; c = c->next)
		c->write(s, n);
}

void log_raw(const char *s, size_t n)
{
	unsigned long irq = arch_irq_save();
	bool locked = !READ_ONCE(emergency);

	if (locked)
		spin_lock(&log_lock);
	emit(s, n);
	if (locked)
		spin_unlock(&log_lock);
	arch_irq_restore(irq);
}

static void log_line(const char *level, const char *fmt, va_list ap)
{
	char line[LINE_SIZE];
	uint64_t us = time_now() / NSEC_PER_USEC;
	size_t n = ksnprintf(line, sizeof(line), "[%5llu.%06llu] %s",
			     (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000),
			     level);

	n += kvsnprintf(line + n, sizeof(line) - n, fmt, ap);
	n = min(n, sizeof(line) - 2);
	line[n++] = '\n';
	log_raw(line, n);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}

void log_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("error: ", fmt, ap);
	va_end(ap);
}

void log_console_register(struct log_console *c)
{
	unsigned long irq = spin_lock_irqsave(&log_lock);
	size_t first = ring_written > RING_SIZE ? ring_written - RING_SIZE : 0;

	/* What was said before this console came. */
	for (size_t i = first; i < ring_written; i++)
		c->write(&ring[i % RING_SIZE], 1);
	c->next = consoles;
	consoles = c;
	spin_unlock_irqrestore(&log_lock, irq);
}

size_t log_read(char *buf, size_t n)
{
	unsigned long irq = spin_lock_irqsave(&log_lock);
	size_t have = min(ring_written, (size_t)RING_SIZE), start;

	n = min(n, have);
	start = ring_written - n;
	for (size_t i = 0; i < n; i++)
		buf[i] = ring[(start + i) % RING_SIZE];
	spin_unlock_irqrestore(&log_lock, irq);
	return n;
}

bool log_emergency(void)
{
	uint32_t me = arch_cpu_id() + 1, owner = 0;

	arch_irq_disable();
	arch_halt_others();
	if (__atomic_compare_exchange_n(&emergency, &owner, me, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return true;
	if (owner != me)
		arch_halt();
	return false;
}

bool log_in_emergency(void)
{
	return READ_ONCE(emergency);
}

/* panic=halt, panic=reboot:SECONDS; without it ringlet run is told, anything else halts. */
_Noreturn void panic_stop(void)
{
	const uint32_t status = STATUS_CORE_FAILED;
	static bool told;
	const char *how = cmdline_get(&boot_info.cmdline, "panic");
	const char *output = cmdline_get(&boot_info.cmdline, "output");
	uint64_t seconds, end;

	if (!told) {
		told = true; /* once, should that be what fails */
		output_write(OUTPUT_STATUS, (const char *)&status, sizeof(status));
	}
	if (how && !strncmp(how, "reboot:", 7) && !kstrtou64(how + 7, &seconds)) {
		log_err("rebooting in %llu s", (unsigned long long)seconds);
		end = time_now() + seconds * NSEC_PER_SEC;
		while (time_now() < end)
			arch_cpu_relax();
		arch_reboot();
	}
	if (how && strcmp(how, "halt"))
		log_err("panic=%s is not known: use halt or reboot:SECONDS", how);
	if (!how && output && !strcmp(output, "frames"))
		arch_power_off(STATUS_CORE_FAILED);
	arch_halt();
}

static void __printf(1, 2) panic_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("panic: ", fmt, ap);
	va_end(ap);
}

void panic_reported(const char *what)
{
	panic_line("%s", what);
	panic_stop();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	log_emergency();
	if (panicked)
		panic_stop();
	panicked = true;
	va_start(ap, fmt);
	log_line("panic: ", fmt, ap);
	va_end(ap);
	arch_backtrace();
	panic_stop();
}

void boot_fail(const char *fmt, ...)
{
	uint32_t status = STATUS_CORE_FAILED;
	va_list ap;

	va_start(ap, fmt);
	log_line("boot failed: ", fmt, ap);
	va_end(ap);
	output_write(OUTPUT_STATUS, (const char *)&status, sizeof(status));
	arch_power_off(STATUS_CORE_FAILED);
}
