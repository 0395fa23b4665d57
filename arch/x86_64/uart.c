/* SPDX-License-Identifier: MIT */
/*
 * COM1: the log's console, and the app's input where there is no other. 16550A data sheet. A port
 * that is not there reads as ones and is left alone.
 */
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/irq.h>
#include <core/console.h>
#include <core/log.h>
#include <x86/arch.h>
#include <x86/madt.h>

#define COM1	 0x3f8
#define COM1_IRQ 4

#define REG_DATA    0
#define REG_IER	    1
#define REG_FCR	    2
#define REG_LCR	    3
#define REG_MCR	    4
#define REG_LSR	    5
#define REG_SCRATCH 7

#define LSR_READY   0x01
#define LSR_EMPTY   0x20
#define FIFO	    16
#define BAUD_115200 1
#define SPIN_MAX    100000 /* a dead port must not stop the core */

static void write_fifo(const char *s, size_t n)
{
	for (int i = 0; i < SPIN_MAX && !(arch_in8(COM1 + REG_LSR) & LSR_EMPTY); i++)
		arch_cpu_relax();
	arch_outs8(COM1 + REG_DATA, s, n);
}

static void uart_write(const char *s, size_t n)
{
	while (n) {
		size_t run = 0;

		if (*s == '\n')
			write_fifo("\r\n", 2);
		while (run < n && run < FIFO && s[run] != '\n')
			run++;
		if (run)
			write_fifo(s, run);
		run += run < n && s[run] == '\n' && run == 0;
		s += run;
		n -= run;
	}
}

static struct log_console uart_console = {.write = uart_write};

void uart_init(void)
{
	arch_out8(COM1 + REG_SCRATCH, 0x5a);
	if (arch_in8(COM1 + REG_SCRATCH) != 0x5a)
		return;
	arch_out8(COM1 + REG_IER, 0);
	arch_out8(COM1 + REG_LCR, 0x80);
	arch_out8(COM1 + REG_DATA, BAUD_115200);
	arch_out8(COM1 + REG_IER, 0);
	arch_out8(COM1 + REG_LCR, 0x03); /* 8n1 */
	arch_out8(COM1 + REG_FCR, 0x07);
	arch_out8(COM1 + REG_MCR, 0x0b); /* DTR, RTS, OUT2: interrupts pass */
	log_console_register(&uart_console);
}

static void uart_interrupt(void *arg)
{
	char buf[FIFO];
	size_t n;

	(void)arg;
	/* Until it is empty: the line is an edge's, and with a byte left there would be no other. */
	do {
		n = 0;
		while (n < sizeof(buf) && (arch_in8(COM1 + REG_LSR) & LSR_READY))
			buf[n++] = arch_in8(COM1 + REG_DATA);
		console_input(buf, n);
	} while (n == sizeof(buf));
}

void uart_enable_input(void)
{
	struct madt_override o = madt_isa_irq(COM1_IRQ);

	if (arch_in8(COM1 + REG_SCRATCH) != 0x5a)
		return;
	if (!arch_irq_wired(o.gsi, o.level && o.active_low, uart_interrupt, NULL))
		arch_out8(COM1 + REG_IER, 1);
}
