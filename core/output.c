// SPDX-License-Identifier: MIT
/*
 * The app's output (core/output.h). The lock (spin, interrupts off, a leaf) keeps a record's bytes
 * together on the port; plain output relies on the log's own. A panic goes past it.
 */
#include <arch/io.h>
#include <core/boot.h>
#include <core/log.h>
#include <core/output.h>
#include <core/spinlock.h>
#include <core/string.h>

#define PORT	    0xe9
#define RECORD_MOST 0xffffu

static struct spinlock lock = SPINLOCK_INIT;
static bool framed __ro_after_init;

void output_init(void)
{
	const char *how = cmdline_get(&boot_info.cmdline, "output");

	framed = how && !strcmp(how, "frames");
	if (how && !framed && strcmp(how, "plain"))
		log_warn("option output=%s is neither plain nor frames: plain", how);
}

bool output_framed(void)
{
	return framed;
}

static void write_record(unsigned type, const char *s, size_t n)
{
	uint8_t head[3] = {(uint8_t)type, (uint8_t)n, (uint8_t)(n >> 8)};
	unsigned long flags = arch_irq_save();
	/* A report of the core's own fault may have interrupted the lock's holder. */
	bool locked = !log_in_emergency();

	if (locked)
		spin_lock(&lock);
	arch_outs8(PORT, head, sizeof(head));
	arch_outs8(PORT, s, n);
	if (locked)
		spin_unlock(&lock);
	arch_irq_restore(flags);
}

void output_write(unsigned type, const char *s, size_t n)
{
	if (!framed) {
		if (type == OUTPUT_STDOUT || type == OUTPUT_STDERR)
			log_raw(s, n);
		return;
	}
	for (size_t piece; n; s += piece, n -= piece) {
		piece = min(n, (size_t)RECORD_MOST);
		write_record(type, s, piece);
	}
}
