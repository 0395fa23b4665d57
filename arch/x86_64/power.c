/* SPDX-License-Identifier: MIT */
/* The machine's end: power off, reboot, halt. */
#include <arch/cpu.h>
#include <arch/io.h>
#include <core/acpi.h>
#include <core/boot.h>
#include <core/string.h>

#define DEBUG_EXIT_PORT 0xf4 /* QEMU's isa-debug-exit, as ringlet run sets it up */
#define RESET_PORT	0xcf9
#define KBD_COMMAND	0x64

_Noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

_Noreturn void arch_power_off(unsigned status)
{
	const char *output = cmdline_get(&boot_info.cmdline, "output");

	arch_irq_disable();
	/* Only who frames the output (ringlet run) has that port; elsewhere it may be anything. */
	if (output && !strcmp(output, "frames"))
		arch_out8(DEBUG_EXIT_PORT, status != 0);
	acpi_power_off();
	arch_halt();
}

_Noreturn void arch_reboot(void)
{
	arch_irq_disable();
	acpi_reset();
	arch_out8(RESET_PORT, 0x06);
	arch_out8(KBD_COMMAND, 0xfe);
	/* The last resort: a fault without a descriptor table. */
	__asm__ volatile("lidt %0; int3" ::"m"((char[10]){0}));
	arch_halt();
}
