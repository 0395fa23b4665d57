/* SPDX-License-Identifier: MIT */
/*
 * Returns to ring 3 by IRET with the frame a program may bring about through a signal's: to 64-, 32-
 * and 16-bit code, on each kind of stack; and those the CPU refuses, each of which is a fault of the
 * program: with the signal of the vector, but SIGSEGV where an ESPFIX stack lost the vector.
 *
 * guest: args="valid" core=testing
 * guest: args="valid" core=testing run="--qemu '-cpu qemu64'"
 * guest: args="cs-none" core=testing expect=signal:11
 * guest: args="cs-null" core=testing expect=signal:11
 * guest: args="cs-data" core=testing expect=signal:11
 * guest: args="cs-tss" core=testing expect=signal:11
 * guest: args="cs-not-present" core=testing expect=signal:7
 * guest: args="ss-null" core=testing expect=signal:11
 * guest: args="ss-code" core=testing expect=signal:11
 * guest: args="ss-core" core=testing expect=signal:11
 * guest: args="ss-none" core=testing expect=signal:11
 * guest: args="ss-none" core=testing expect=signal:11 run="--qemu '-cpu qemu64'"
 * guest: args="ss-not-present" core=testing expect=signal:11
 * guest: args="ss-read-only" core=testing expect=signal:11
 * guest: args="cs-none-ldt-stack" core=testing expect=signal:11
 * guest: args="ip-hole" core=testing expect=signal:11
 * guest: args="ip-edge" core=testing expect=signal:11
 * guest: args="ip-core" core=testing expect=signal:11
 */
#include "lowcode.h"

#define TEST_RETURN 1017

enum {
	SS16,
	CS16,
	SS32,
	CS_NOT_PRESENT,
	SS_NOT_PRESENT,
	SS_READ_ONLY,
	NONE = 100
};

extern const char seen64[], seen32[], seen16[];

/* ESP, CS and SS as the code sees them. */
#define SEEN                                                     \
	"	mov $" VALUE(LOW_DATA) ", %edi\n"                \
				       "	mov %esp, 0x40(%edi)\n" \
				       "	mov %cs, %eax\n"        \
				       "	mov %eax, 0x44(%edi)\n" \
				       "	mov %ss, %eax\n"        \
				       "	mov %eax, 0x48(%edi)\n"

/* low_return(frame): as low_call(), but by a return of the core's. */
unsigned low_return(const uint64_t frame[5]);
__asm__(".text\n"
	".globl low_return\n"
	"low_return:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, " VALUE(
		LOW_DATA) "\n"
			  "	mov %ss, %eax\n"
			  "	mov %eax, " LOW_FAR "+8\n"
			  "	mov $" VALUE(
				  USER_SS) ", %eax\n"
					   "	mov %eax, %ds\n"
					   "	mov $" VALUE(
						   TEST_RETURN) ", %eax\n"
								"	syscall\n"
								"	ud2\n" LOW_BEGIN
								"seen64:\n" SEEN
								"	mov %rsp, 0x50(%rdi)\n"
								"	jmp low_begin\n"
								".code32\n"
								"seen32:\n" SEEN LOW_RETURN
								".code16\n"
								"seen16:\n" SEEN LOW_RETURN
									LOW_END);

static void check(const char *name, uint64_t ip, unsigned cs, unsigned ss, uint64_t sp)
{
	const uint64_t frame[5] = {ip, cs, 0x202, sp, ss};

	low_return(frame);
	is(*low_word(0x40), (uint32_t)sp, name);
	is(*low_word(0x44), cs, "CS");
	is(*low_word(0x48), ss, "SS");
	if (cs == USER_CS)
		ok(*(volatile uint64_t *)low_word(0x50) == sp, "all of RSP");
}

static int valid(void)
{
	const unsigned stacks[] = {USER_SS, LDT_SEL(SS32), LDT_SEL(SS16)};
	static const char *const names[] = {"flat stack", "32-bit stack", "16-bit stack"};
	char name[64];

	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "ESP of 64-bit code, %s", names[i]);
		check(name, LOW_ADDRESS(seen64), USER_CS, stacks[i], 0x8badf00d5aadc0de);
		snprintf(name, sizeof(name), "ESP of 32-bit code, %s", names[i]);
		check(name, LOW_ADDRESS(seen32), USER_CS32, stacks[i], 0x8badf00d5aadc0de);
		snprintf(name, sizeof(name), "ESP of 16-bit code, %s", names[i]);
		check(name, (uint64_t)(seen16 - low_begin), LDT_SEL(CS16), stacks[i],
		      0x8badf00dffffffff);
	}
	return done();
}

static void install(unsigned n, unsigned contents, bool present, bool read_only)
{
	struct user_desc d = {.entry_number = n, .limit = 0xfffff, .seg_32bit = 1};

	d.limit_in_pages = 1;
	d.contents = contents & 3;
	d.seg_not_present = !present;
	d.read_exec_only = read_only;
	modify_ldt(0x11, &d, sizeof(d));
}

static const struct {
	const char *name;
	unsigned cs, ss;
	uint64_t ip;
} refused[] = {
	{"cs-none", LDT_SEL(NONE), USER_SS, 0},
	{"cs-null", 3, USER_SS, 0},
	{"cs-data", USER_SS, USER_SS, 0},
	{"cs-tss", 0x43, USER_SS, 0},
	{"cs-not-present", LDT_SEL(CS_NOT_PRESENT), USER_SS, 0},
	{"ss-null", USER_CS, 3, 0},
	{"ss-code", USER_CS, USER_CS, 0},
	{"ss-core", USER_CS, 0x1b, 0},
	{"ss-none", USER_CS, LDT_SEL(NONE), 0},
	{"ss-not-present", USER_CS32, LDT_SEL(SS_NOT_PRESENT), 0},
	{"ss-read-only", USER_CS32, LDT_SEL(SS_READ_ONLY), 0},
	{"cs-none-ldt-stack", LDT_SEL(NONE), LDT_SEL(SS16), 0},
	{"ip-hole", USER_CS, USER_SS, 0x8000000000000000},
	{"ip-edge", USER_CS, USER_SS, 0x800000000000},
	{"ip-core", USER_CS, USER_SS, 0xffffffff80000000},
};

int main(int argc, char **argv)
{
	low_setup();
	ldt_install(SS16, LOW_STACK, 0xffff, 0, false);
	ldt_install(CS16, LOW_CODE, 0xffff, 2, false);
	ldt_install(SS32, LOW_STACK, 0xffff, 0, true);
	install(CS_NOT_PRESENT, 2, false, false);
	install(SS_NOT_PRESENT, 0, false, false);
	install(SS_READ_ONLY, 0, true, true);
	if (argc > 1 && !strcmp(argv[1], "valid"))
		return valid();
	for (size_t i = 0; argc > 1 && i < sizeof(refused) / sizeof(refused[0]); i++) {
		uint64_t ip = refused[i].ip ? refused[i].ip : (uint64_t)LOW_ADDRESS(seen64);

		if (!strcmp(argv[1], refused[i].name))
			check(refused[i].name, ip, refused[i].cs, refused[i].ss, LOW_STACK);
	}
	fprintf(stderr, "%s: nothing happened\n", argc > 1 ? argv[1] : "");
	return 1;
}
