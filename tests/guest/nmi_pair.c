/* SPDX-License-Identifier: MIT */
/*
 * As often as its argument says: arms the next NMI to take a fault and wait for another, and waits in
 * ring 3 until tests/system/test_nmi.py has sent both. Tells how many came in all.
 *
 * guest: args="" core=testing
 */
#include <stdlib.h>
#include "core_calls.h"
#include "spin.h"

#define PATIENCE 20000

int main(int argc, char **argv)
{
	long pairs = argc > 1 ? atol(argv[1]) : 0, before = nmi_call(NMI_COUNT, 0), changed = 0;

	if (pairs)
		gs_base_set(CORE_LIKE_BASE);
	for (long i = 0; i < pairs; i++) {
		nmi_call(NMI_ARM, NMI_DO_FAULT | NMI_DO_WAIT);
		printf("armed %ld\n", i);
		fflush(stdout);
		for (int k = 0; k < PATIENCE && nmi_call(NMI_COUNT, 0) < before + 2 * (i + 1); k++)
			changed |= spin(100000);
		if (nmi_call(NMI_RESULT, 0) & NMI_WAS_NESTED)
			printf("one in another\n");
	}
	printf("%ld NMIs\n", nmi_call(NMI_COUNT, 0) - before);
	ok(changed == 0, "registers, flags and red zone are kept");
	if (pairs)
		ok(gs_base() == CORE_LIKE_BASE, "GS base too");
	return done();
}
