// SPDX-License-Identifier: MIT
/*
 * The list of network devices and its one client, the network stack. Both change during boot only,
 * in one thread, so there is no lock; the interrupt side touches a single device's flag. Called by
 * drivers at probe and interrupt, and by the stack.
 */
#include <core/deferred.h>
#include <core/netdev.h>
#include <core/string.h>

static struct netdev *first, **last = &first;
static const struct netdev_client *client;

/* What came before the stack was there must not wait for the next interrupt: that may be off. */
static void attach(struct netdev *dev)
{
	client->attach(dev);
	WRITE_ONCE(dev->pending, true);
	deferred_raise(DEFERRED_NET);
}

void netdev_register(struct netdev *dev)
{
	static unsigned count;

	ksnprintf(dev->name, sizeof(dev->name), "net%u", count++);
	dev->next = NULL;
	*last = dev;
	last = &dev->next;
	if (client)
		attach(dev);
}

void netdev_set_client(const struct netdev_client *c)
{
	client = c;
	for (struct netdev *dev = first; dev; dev = dev->next)
		attach(dev);
}

const struct netdev_client *netdev_client(void)
{
	return client;
}

struct netdev *netdev_first(void)
{
	return first;
}

void netdev_interrupt(struct netdev *dev)
{
	dev->interrupts++;
	WRITE_ONCE(dev->pending, true);
	deferred_raise(DEFERRED_NET);
}
