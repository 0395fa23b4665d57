/* SPDX-License-Identifier: MIT */
/* The smallest app worth running: who it is, which ring it runs in, what time it is. */
#include <stdio.h>
#include <time.h>

/* The current privilege level: the low two bits of CS (Intel SDM vol. 3, 5.5). */
static unsigned privilege_level(void)
{
	unsigned short cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	return cs & 3;
}

int main(int argc, char **argv)
{
	time_t now = time(NULL);

	printf("hello from Ringlet\n");
	for (int i = 0; i < argc; i++)
		printf("argv[%d] = %s\n", i, argv[i]);
	printf("CPL = %u\n", privilege_level());
	printf("time = %s", asctime(gmtime(&now)));
	return 0;
}
