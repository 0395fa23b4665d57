/* SPDX-License-Identifier: MIT */
/*
 * Has the testing core do what it must not, by name; tests/system/test_core_faults.py looks at how
 * that ends. nmi-overflow arms the next NMI and sends it, output has the core fault as it writes to
 * the port of the app's output, read-user-ac has AC set at the call. Without arguments it has nothing to say.
 *
 * guest: args=""
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "core_calls.h"

#define OUTPUT_PORT 0xe9

int main(int argc, char **argv)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long result;

	if (argc < 2) {
		printf("1..0\n");
		return 0;
	}
	memset(page, 0xc3, 4096);
	if (!strcmp(argv[1], "nmi-overflow")) {
		nmi_call(NMI_ARM, NMI_DO_RECURSE);
		result = nmi_call(NMI_SEND, 0);
	} else if (!strcmp(argv[1], "output")) {
		debug_call(DEBUG_DIE, 0, 0);
		debug_call(DEBUG_SET, OUTPUT_PORT, DEBUG_PORT);
		printf("not all of this comes out\n");
		fflush(stdout);
		result = 0;
	} else if (!strcmp(argv[1], "read-user-ac")) {
		__asm__ volatile("pushf; orl $0x40000, (%%rsp); popf" ::: "memory", "cc");
		result = raw(CALL_FAULT, 0, (long)page, 0, 0, 0, 0);
		__asm__ volatile("pushf; andl $~0x40000, (%%rsp); popf" ::: "memory", "cc");
	} else {
		result = raw(CALL_FAULT, (long)argv[1], (long)page, 0, 0, 0, 0);
	}
	printf("%s: nothing happened (%ld)\n", argv[1], result);
	return 1;
}
