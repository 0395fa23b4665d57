/* SPDX-License-Identifier: MIT */
/*
 * AT_MINSIGSTKSZ is true: that much is enough for a frame on an alternate stack however it is
 * aligned, and less is not. A frame that would run over the stack's end is not written.
 *
 * guest:
 * guest: run="--qemu '-cpu qemu64'"
 * guest: args="overflow" expect=signal:11
 * guest: args="overflow-caught" expect=signal:11
 */
#include <sys/auxv.h>
#include "sigraw.h"

#define AT_LEAST 51

static uint8_t stack[1 << 16] __attribute__((aligned(64)));
static uint64_t lowest;
static int depth;

static void measure(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)sig;
	(void)info;
	lowest = (uintptr_t)c - 8; /* the frame begins below the context */
}

/* What a frame takes of a stack that ends at end. */
static uint64_t taken(uint8_t *end)
{
	altstack(end - 32768, 32768, 0);
	send_self(S_USR1);
	return (uintptr_t)end - lowest;
}

static void check_size(void)
{
	uint64_t told = getauxval(AT_LEAST), most = 0, t;
	bool above = true;

	action(S_USR1, measure, RAW_ONSTACK, 0);
	for (unsigned i = 0; i < 64; i++) {
		t = taken(stack + 65536 - i);
		above = above && t < told;
		most = t > most ? t : most;
	}
	ok(above, "AT_MINSIGSTKSZ (%lu) is more than any frame takes (%lu)", (unsigned long)told,
	   (unsigned long)most);
	if (on_ringlet())
		ok(told - most <= 16, "and no more than that");
}

/* Handlers upon handlers until the stack is full; what lies below it must stay as it is. */
static void nest(int sig, struct raw_info *info, struct raw_context *c)
{
	(void)info;
	(void)c;
	depth++;
	for (unsigned i = 0; i < 32768; i += 4096)
		if (stack[i] != 0xa5) {
			printf("not ok - the frame ran over the stack's end\n");
			fflush(stdout);
			raw1(231, 1);
		}
	send_self(sig);
}

static void overflow(bool caught_too)
{
	memset(stack, 0xa5, 32768);
	altstack(stack + 32768, 16384, 0);
	action(S_USR1, nest, RAW_ONSTACK | RAW_NODEFER, 0);
	if (caught_too)
		action(S_SEGV, catch, RAW_ONSTACK | RAW_NODEFER, 0);
	send_self(S_USR1);
}

/* A stack that disarms itself may be used again in the handler. */
static void rearm(int sig, struct raw_info *info, struct raw_context *c)
{
	struct raw_stack now;

	(void)sig;
	(void)info;
	if (depth++)
		return;
	raw(NR_sigaltstack, 0, (long)&now, 0, 0, 0, 0);
	is(now.flags, 2, "in a handler a stack that disarms itself is gone");
	is((long)c->stack.sp, (long)stack, "its frame remembers it");
	is((long)altstack(stack + 32768, 16384, 0), 0, "another can be set");
	send_self(S_USR1);
}

static void check_autodisarm(void)
{
	struct raw_stack now;

	depth = 0;
	altstack(stack, 32768, (int)0x80000000);
	action(S_USR1, rearm, RAW_ONSTACK | RAW_NODEFER, 0);
	send_self(S_USR1);
	is(depth, 2, "and used at once");
	raw(NR_sigaltstack, 0, (long)&now, 0, 0, 0, 0);
	is((long)now.sp, (long)stack, "after the handler the first is back");
	is(now.flags, (int)0x80000000, "with its flag");
	altstack(0, 0, 2);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		overflow(!strcmp(argv[1], "overflow-caught"));
	check_size();
	check_autodisarm();
	return done();
}
