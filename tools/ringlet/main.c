/* SPDX-License-Identifier: MIT */
/* The ringlet tool: commands, help, version. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <generated/version.h>
#include "tool.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	void (*help)(void);
};

static const struct command commands[] = {
	{"bench", command_bench, help_bench},
	{"image", command_image, help_image},
	{"run", command_run, help_run},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	usage_error("there is no command \"%s\"; see ringlet help", name);
}

static int help(const char *topic)
{
	if (topic) {
		find_command(topic)->help();
		return 0;
	}
	puts("Usage: ringlet COMMAND [ARGUMENT]...\n"
	     "\n"
	     "  image    pack a program and its files into a bootable image\n"
	     "  run      boot a program or an image in QEMU; its output and exit status are the\n"
	     "           program's\n"
	     "  bench    measure Ringlet, or a program in it, beside Linux on the same QEMU\n"
	     "  help     this text; ringlet help COMMAND tells more\n"
	     "\n"
	     "  ringlet --version tells the version, which is also the core's.");
	return 0;
}

/* A closed standard stream must not become the number of a descriptor of ours. */
static void open_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	open_standard_streams();
	if (argc < 2) {
		help(NULL);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("Ringlet " RINGLET_VERSION);
		return 0;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc > 2 ? argv[2] : NULL);
	return find_command(argv[1])->run(argc - 1, argv + 1);
}
