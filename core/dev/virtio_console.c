// SPDX-License-Identifier: MIT
/*
 * Virtio console (virtio 1.2, section 5.3), its first port, input only: what the host sends becomes
 * the app's standard input. While the consumer does not take bytes they stay in the ring, the ring
 * runs full and the host waits: nothing is lost. Everything after the probe runs with interrupts
 * off; the lock keeps two CPUs apart and is not held while the consumer is called.
 */
#include <abi/errno.h>
#include <core/console.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/pci.h>
#include <core/spinlock.h>
#include <core/virtio.h>

#define QUEUE_RECEIVE 0
#define BUFFERS	      8
#define BUFFER_BYTES  256

static struct console {
	struct virtio_device virtio;
	struct virtqueue receive;
	struct console_input input;
	struct spinlock lock; /* guards the ring */
	uint8_t *buffers;
} console;

static void console_post(uint8_t *buffer)
{
	struct virtqueue_buffer b = {virt_to_phys(buffer), BUFFER_BYTES};

	virtqueue_add(&console.receive, &b, 0, 1, buffer);
}

/* The next filled buffer; NULL and the interrupt on again if there is none. Lock held. */
static void *console_next(uint32_t *len)
{
	void *buffer = NULL;

	do {
		if (virtio_queue_get(&console.virtio, &console.receive, &buffer, len))
			break;
	} while (!virtqueue_enable_interrupt(&console.receive));
	return buffer;
}

static void console_drain(void)
{
	void *buffer;
	uint32_t len;

	/* Over the consumer's call too, or two CPUs could give it two buffers the wrong way round. */
	spin_lock(&console.lock);
	while (console_input_wanted() && !READ_ONCE(console.virtio.broken) &&
	       (buffer = console_next(&len))) {
		console_input(buffer, len);
		console_post(buffer);
		virtqueue_kick(&console.receive);
	}
	spin_unlock(&console.lock);
}

static void console_interrupt(struct virtio_device *v)
{
	(void)v;
	console_drain();
}

static void console_resume(struct console_input *c)
{
	(void)c;
	console_drain();
}

static bool console_match(const struct pci_device *d)
{
	return virtio_pci_type(d) == VIRTIO_ID_CONSOLE;
}

static int console_probe(struct pci_device *d)
{
	unsigned long flags;
	int err;

	if (console.buffers)
		return -EBUSY; /* one standard input, one console */
	err = virtio_open(&console.virtio, d, "virtio-console");
	if (err)
		return err;
	console.virtio.interrupt = console_interrupt;
	console.buffers = kmalloc(BUFFERS * BUFFER_BYTES);
	err = console.buffers ? virtio_negotiate(&console.virtio, 0) : -ENOMEM;
	if (!err)
		err = virtio_queue_open(&console.virtio, &console.receive, QUEUE_RECEIVE, BUFFERS);
	if (err) {
		virtio_close(&console.virtio);
		kfree(console.buffers);
		console.buffers = NULL;
		return err;
	}
	for (unsigned i = 0; i < BUFFERS; i++)
		console_post(console.buffers + i * BUFFER_BYTES);
	console.input.resume = console_resume;
	console_input_attach(&console.input);
	virtio_start(&console.virtio);
	flags = arch_irq_save();
	virtqueue_kick(&console.receive);
	console_drain();
	arch_irq_restore(flags);
	return 0;
}

static const struct pci_driver virtio_console = {"virtio-console", console_match, console_probe};
PCI_DRIVER(virtio_console);
