/* SPDX-License-Identifier: MIT */
/*
 * Code on a 16-bit stack segment sees all of its own ESP after each way back to it, and nothing of
 * the core's: IRET loads SP alone there. Ways: INT 0x80, a page fault, the timer, another thread.
 *
 * guest: core=testing
 * guest: core=testing run="--qemu '-cpu qemu64'"
 */
#include "lowcode.h"

#define TEST_THREAD 1018

#define SPIN 30000000

extern const char probe32[], probe16[];

/*
 * ESP goes to the shared data: at the beginning, after INT 0x80, after a page fault, and whenever it
 * changes while the code spins.
 */
#define PROBE                                                      \
	"	mov $" VALUE(LOW_DATA) ", %edi\n"                  \
				       "	mov %esp, %esi\n"         \
				       "	mov %esi, 0x40(%edi)\n"   \
				       "	mov $0x7fff, %eax\n"      \
				       "	xor %ebx, %ebx\n"         \
				       "	int $0x80\n"              \
				       "	mov %eax, 0x44(%edi)\n"   \
				       "	mov %esp, 0x48(%edi)\n"   \
				       "	mov 0x58(%edi), %edx\n"   \
				       "	incl (%edx)\n"            \
				       "	mov %esp, 0x4c(%edi)\n"   \
				       "	mov 0x5c(%edi), %ecx\n"   \
				       "1:	mov %esp, %eax\n"       \
				       "	cmp %esi, %eax\n"         \
				       "	jne 2f\n"                 \
				       "	sub $1, %ecx\n"           \
				       "	jnz 1b\n"                 \
				       "2:	mov %eax, 0x50(%edi)\n" \
				       "	mov %ecx, 0x54(%edi)\n"   \
				       "	push %edi\n"              \
				       "	pop %eax\n"

__asm__(LOW_BEGIN ".code32\n"
		  "probe32:\n" PROBE LOW_RETURN ".code16\n"
		  "probe16:\n" PROBE LOW_RETURN LOW_END);

static uintptr_t fresh = 0x20040000;

static void probe(const char *name, uintptr_t eip, unsigned cs, unsigned ss, uint32_t esp)
{
	unsigned ax;

	low_map(fresh, 4096);
	*low_word(0x58) = (uint32_t)fresh;
	*low_word(0x5c) = SPIN;
	fresh += 4096;
	/* Bits 63:32 are not this code's; whatever the core makes of them must do no harm. */
	ax = low_call(eip, cs, ss, 0x8badf00d00000000 | esp);
	is(*low_word(0x40), esp, name);
	is((int)*low_word(0x44), -38, "INT 0x80 is answered");
	is(*low_word(0x48), esp, "ESP after INT 0x80");
	is(*low_word(0x4c), esp, "ESP after a page fault");
	is(*low_word(0x50), esp, "ESP while other threads run and the timer fires");
	is(*low_word(0x54), 0, "the whole time");
	is(ax, LOW_DATA, "PUSH and POP work");
}

static char other_stack[4096];
void other(void);
__asm__(".text\n"
	"other:	mov $24, %eax\n"
	"	syscall\n"
	"	mov $100000, %ecx\n"
	"1:	sub $1, %ecx\n"
	"	jnz 1b\n"
	"	jmp other\n");

int main(void)
{
	unsigned ss16, cs16, ss32;

	low_setup();
	ss16 = ldt_install(0, LOW_STACK, 0xffff, 0, false);
	cs16 = ldt_install(1, LOW_CODE, 0xffff, 2, false);
	ss32 = ldt_install(2, LOW_STACK, 0xffff, 0, true);
	ok(raw(TEST_THREAD, (long)other, (long)(other_stack + sizeof(other_stack)), 0, 0, 0, 0) > 0,
	   "another thread");
	probe("32-bit code, 16-bit stack", LOW_ADDRESS(probe32), USER_CS32, ss16, 0x5aadc0d0);
	probe("16-bit code, 16-bit stack", probe16 - low_begin, cs16, ss16, 0xfffffff0);
	probe("16-bit code, 16-bit stack", probe16 - low_begin, cs16, ss16, 0x0000fff0);
	probe("32-bit code, 32-bit stack of the LDT", LOW_ADDRESS(probe32), USER_CS32, ss32,
	      0xfff0);
	probe("32-bit code, flat stack", LOW_ADDRESS(probe32), USER_CS32, USER_SS,
	      LOW_STACK + 0xfff0);
	return done();
}
