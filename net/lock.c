// SPDX-License-Identifier: MIT
/*
 * The net lock, and the network's deferred work. Frames that come while the lock is held only raise
 * DEFERRED_NET; they are polled at the exit to ring 3, in idle, and at this lock's release.
 */
#include <core/deferred.h>
#include <core/spinlock.h>

#include "net.h"

#define POLL_BUDGET 64 /* frames of one device before the next has its turn */
#define POLL_ROUNDS 8  /* then the app has its turn */

static struct spinlock lock = SPINLOCK_INIT;

void net_lock(void)
{
	spin_lock(&lock);
}

static void unlock(void)
{
	loopback_deliver();
	bridge_kick();
	spin_unlock(&lock);
}

void net_unlock(void)
{
	unlock();
	if (unlikely(deferred_pending()))
		deferred_run();
}

/*
 * True if a device has more frames than its share. All of them are asked when a timer is due: a
 * finished frame that the driver has not given back cannot be sent again (lwIP calls it busy).
 */
static bool poll_devices(bool all)
{
	bool more = false;

	for (struct netdev *d = netdev_first(); d; d = d->next) {
		if (!all && !READ_ONCE(d->pending))
			continue;
		WRITE_ONCE(d->pending, false);
		if (d->ops->poll(d, POLL_BUDGET)) {
			WRITE_ONCE(d->pending, true);
			more = true;
		}
	}
	return more;
}

void net_deferred(void)
{
	bool more = true;

	/* Frames that come before the stack is there wait: attaching it raises the work again. */
	if (!netdev_client())
		return;
	net_lock();
	for (int i = 0; more && i < POLL_ROUNDS; i++)
		more = poll_devices(!i && net_timer_due());
	net_timer_run();
	if (more)
		net_timer_poll_again();
	unlock();
}
