// SPDX-License-Identifier: MIT
/* core/deferred.c: what is raised is run, once, in the end, and never inside itself. */
#include "test.h"

#include <core/deferred.h>
#include <core/sched.h>

static unsigned runs, depth, deepest, again;

static void handler(void)
{
	runs++;
	deepest = max(deepest, ++depth);
	CHECK(fake_irq_on);
	if (again) {
		again--;
		deferred_raise(DEFERRED_NET);
	}
	deferred_run();
	depth--;
}

static void test_begin(void)
{
	static bool registered;

	if (!registered)
		deferred_register(DEFERRED_NET, handler);
	registered = true;
	runs = depth = deepest = again = 0;
}

TEST(nothing_raised_nothing_run)
{
	test_begin();
	CHECK(!deferred_pending());
	deferred_run();
	CHECK_EQ(runs, 0);
}

TEST(raised_twice_run_once)
{
	test_begin();
	deferred_raise(DEFERRED_NET);
	deferred_raise(DEFERRED_NET);
	CHECK(deferred_pending());
	CHECK(current_thread()->work & WORK_DEFERRED);
	deferred_run();
	CHECK_EQ(runs, 1);
	CHECK(!deferred_pending());
	CHECK(!(current_thread()->work & WORK_DEFERRED));
}

TEST(other_work_stays)
{
	test_begin();
	current_thread()->work = WORK_SIGNAL;
	deferred_raise(DEFERRED_NET);
	deferred_run();
	CHECK_EQ(current_thread()->work, WORK_SIGNAL);
}

TEST(a_handler_that_raises_runs_again_but_not_inside_itself)
{
	test_begin();
	again = 1000;
	deferred_raise(DEFERRED_NET);
	deferred_run();
	CHECK_EQ(runs, 1001);
	CHECK_EQ(deepest, 1);
	CHECK(!deferred_pending());
}

TEST(raised_with_interrupts_off_stays_off)
{
	test_begin();
	fake_irq_on = false;
	deferred_raise(DEFERRED_NET);
	CHECK(!fake_irq_on);
	fake_irq_on = true;
	deferred_run();
	CHECK_EQ(runs, 1);
}

TEST(a_second_handler_is_a_bug)
{
	test_begin();
	CHECK_PANIC(deferred_register(DEFERRED_NET, handler));
}
