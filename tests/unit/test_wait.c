// SPDX-License-Identifier: MIT
/* core/wait.c: who waits for a mutex gets it, however many are faster. */
#define waitq_init	   real_waitq_init
#define waitq_add	   real_waitq_add
#define waitq_add_callback real_waitq_add_callback
#define waitq_remove	   real_waitq_remove
#define waitq_wake	   real_waitq_wake
#define waitq_wake_one	   real_waitq_wake_one
#define sleeper_begin	   real_sleeper_begin
#define sleeper_check	   real_sleeper_check
#define sleeper_end	   real_sleeper_end
#define mutex_init	   real_mutex_init
#define mutex_lock	   real_mutex_lock
#define mutex_unlock	   real_mutex_unlock
#include "test.h"

#include "../../core/wait.c"

static struct mutex m = MUTEX_INIT(m);
static struct thread faster;
static unsigned lost;

/* The one that has it lets it go, and is back before the one it woke has run. */
static void always_faster(void)
{
	mutex_unlock(&m);
	if (m.owner)
		return;
	if (++lost < 10)
		m.owner = &faster;
}

TEST(nobody_loses_for_ever)
{
	lost = 0;
	m.owner = &faster;
	fake_on_sleep = always_faster;
	mutex_lock(&m);
	fake_on_sleep = NULL;
	CHECK(m.owner == fake_current);
	CHECK(list_empty(&m.waiters.waiters));
	CHECK_EQ(lost, 1);
	mutex_unlock(&m);
	CHECK(!m.owner);
}

static void let_go(void)
{
	mutex_unlock(&m);
}

TEST(handing_over_ends)
{
	lost = 0;
	for (int i = 0; i < 3; i++) {
		m.owner = &faster;
		fake_on_sleep = i ? let_go : always_faster;
		mutex_lock(&m);
		fake_on_sleep = NULL;
		CHECK(m.owner == fake_current);
		CHECK(!m.hand_over);
		mutex_unlock(&m);
		CHECK(!m.owner);
		/* Nobody waits: whoever comes takes it. */
		mutex_lock(&m);
		mutex_unlock(&m);
	}
}
