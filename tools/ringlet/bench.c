/* SPDX-License-Identifier: MIT */
/*
 * `ringlet bench`: hands over to the measuring kit, which is Python (tools/bench). The kit reads the
 * options; it finds the tool, and by it the core, through the environment.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

void help_bench(void)
{
	puts("Usage: ringlet bench [OPTION]...\n"
	     "       ringlet bench PROGRAM [OPTION]... [-- ARG]...\n"
	     "Measures Ringlet and a Debian Linux guest on the same QEMU with the same flags and\n"
	     "devices: instructions an operation, time, a web server, boot, memory. With PROGRAM "
	     "(a\n"
	     "static Linux program) runs that in both and compares instructions, time, output and\n"
	     "exit status. Needs python3; docs/BENCHMARKS.md tells how it measures.\n"
	     "\n"
	     "      --quick            fewer rounds, two minutes\n"
	     "      --only PART,...    of icount, dear, clock, http, boot, memory\n"
	     "      --rows PATTERN,... only those operations (bench --list names them)\n"
	     "      --no-linux         Ringlet alone\n"
	     "      --reps N           repetitions of a counted row (9)\n"
	     "      --rounds N         turns A B A B by the clock (5)\n"
	     "      --json FILE        write all results there; - is standard output\n"
	     "      --add HOST:GUEST   a file or folder for PROGRAM\n"
	     "  -h, --help             this text\n"
	     "\n"
	     "Exit status: 0; 1 if a part could not be measured, or PROGRAM did not do the same "
	     "in\n"
	     "both; 2 for a wrong command line.");
}

int command_bench(int argc, char **argv)
{
	struct strings args = {0};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
			help_bench();
			return 0;
		}
	}
	if (n <= 0)
		die("cannot tell where the tool is: is /proc mounted?");
	self[n] = '\0';
	setenv("RINGLET_TOOL", self, 1);
	setenv("RINGLET_CORE", locate_core(), 1);
	strings_add(&args, "python3");
	strings_add(&args, "-B");
	strings_add(&args, locate_bench());
	for (int i = 1; i < argc; i++)
		strings_add(&args, argv[i]);
	execvp(args.v[0], args.v);
	die("cannot start python3: %s",
	    errno == ENOENT ? "install the package python3" : strerror(errno));
}
