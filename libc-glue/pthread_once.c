/* SPDX-License-Identifier: MIT */
/* Doing something once. An initialization that is cancelled has not been done. */
#define _GNU_SOURCE
#include "thread.h"

enum {
	NOT_DONE,
	RUNNING,
	WAITED_FOR, /* running, and others sleep */
	DONE
};

static void finish(pthread_once_t *control, int state)
{
	if (__atomic_exchange_n(control, state, __ATOMIC_RELEASE) == WAITED_FOR)
		futex_wake(control, INT_MAX, FUTEX_PRIVATE_FLAG);
}

static void undo(void *control)
{
	finish(control, NOT_DONE);
}

static void run(pthread_once_t *control, void (*init)(void))
{
	pthread_cleanup_push(undo, control);
	init();
	pthread_cleanup_pop(0);
	finish(control, DONE);
}

int pthread_once(pthread_once_t *control, void (*init)(void))
{
	int state = __atomic_load_n(control, __ATOMIC_ACQUIRE);

	while (unlikely(state != DONE)) {
		if (state == NOT_DONE) {
			if (!__atomic_compare_exchange_n(control, &state, RUNNING, false,
							 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
				continue;
			run(control, init);
			return 0;
		}
		if (state == RUNNING &&
		    !__atomic_compare_exchange_n(control, &state, WAITED_FOR, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
			continue;
		futex_wait(control, WAITED_FOR, FUTEX_PRIVATE_FLAG);
		state = __atomic_load_n(control, __ATOMIC_ACQUIRE);
	}
	return 0;
}
