/* SPDX-License-Identifier: MIT */
/* `ringlet image`: options, then the archive, then the ISO (or the archive alone as .cpio). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <core/cmdline.h>
#include "allow.h"
#include "archive.h"
#include "iso.h"
#include "program.h"
#include "tool.h"

struct image_options {
	const char *app, *out, *cmdline, *allow, *rootfs;
	struct strings files; /* what goes with the app */
};

void help_image(void)
{
	puts("Usage: ringlet image APP [FILE | HOST:GUEST]... -o FILE [OPTION]... [-- ARG...]\n"
	     "Packs the core, the program APP and files into a bootable image.\n"
	     "\n"
	     "APP is an x86-64 program. A static one (ringlet-cc makes them, gcc -static too)\n"
	     "becomes /bin/NAME; a dynamic one keeps its path, and the libraries that this\n"
	     "machine's loader finds for it go with it. FILE becomes /FILE's name, HOST:GUEST the\n"
	     "path GUEST; folders go in with all that is in them. ARGs are the app's arguments\n"
	     "unless ringlet run gives others.\n"
	     "\n"
	     "  -o, --output FILE      the image: app.iso boots from CD and disk, BIOS and UEFI;\n"
	     "                         app.cpio is the bare archive (for qemu -initrd)\n"
	     "      --add HOST:GUEST   the same as the word HOST:GUEST alone\n"
	     "      --rootfs DIR       DIR is the image's root folder, with its links kept, and\n"
	     "                         APP a path in it; no libraries are looked for\n"
	     "      --cmdline WORDS    options for the core, as in \"ip=dhcp env.TZ=UTC\"\n"
	     "      --allow LIST|FILE  the system calls APP may make, by name: any other ends it "
	     "with\n"
	     "                         SIGSYS (ENOSYS with --cmdline refuse=enosys)\n"
	     "  -h, --help             this text\n"
	     "\n"
	     "The same input gives the same bytes; dates are SOURCE_DATE_EPOCH's.");
}

static void parse_options(struct image_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"output", required_argument, NULL, 'o'},
		{"add", required_argument, NULL, 'a'},
		{"cmdline", required_argument, NULL, 'c'},
		{"allow", required_argument, NULL, 'l'},
		{"rootfs", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct strings added = {0};
	int c;

	while ((c = getopt_long(argc, argv, "-:o:h", longs, NULL)) != -1) {
		if (c == 'o')
			o->out = optarg;
		else if (c == 'a')
			strings_add(&added, optarg);
		else if (c == 'c')
			o->cmdline = optarg;
		else if (c == 'l')
			o->allow = optarg;
		else if (c == 'r')
			o->rootfs = optarg;
		else if (c == 1 && !o->app)
			o->app = optarg;
		else if (c == 1)
			strings_add(&o->files, optarg);
		else if (c == 'h')
			help_image(), exit(0);
		else if (c == ':')
			usage_error("%s needs a value; see ringlet help image", argv[optind - 1]);
		else
			usage_error("unknown option %s; see ringlet help image", argv[optind - 1]);
	}
	if (!o->app)
		usage_error("no app given; see ringlet help image");
	if (!o->out)
		usage_error("no output given: add -o app.iso");
	for (size_t i = 0; i < added.n; i++)
		strings_add(&o->files, added.v[i]);
	strings_free(&added);
}

static void build_cmdline(struct cmdline *c, const char *app, const char *options, char **args)
{
	char word[CMDLINE_SIZE];
	struct buffer b = {0};
	const char *why;

	if (cmdline_quote(word, sizeof(word), app) < 0)
		usage_error("%s: the name is too long", app);
	buffer_addf(&b, "app=%s %s", word, options ? options : "");
	for (char **a = args; *a; a++) {
		if (cmdline_quote(word, sizeof(word), *a) < 0)
			usage_error("an argument is longer than %d bytes", CMDLINE_SIZE);
		buffer_addf(&b, "%s %s", a == args ? " --" : "", word);
	}
	if (cmdline_add(c, b.data, &why))
		usage_error("command line: %s", why);
	buffer_free(&b);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

/* The archive at path; temporary or the output itself. */
static void write_archive(const struct archive *a, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	archive_write(a, fd, path);
	if (close(fd))
		die("%s: %s", path, strerror(errno));
}

int command_image(int argc, char **argv)
{
	static struct cmdline cmdline;
	struct image_options o = {0};
	struct archive a = {0};
	char *app, *part, *archive;

	parse_options(&o, argc, argv);
	app = program_pack(&a, o.app, o.rootfs, &o.files);
	if (o.allow)
		allow_add(&a, o.allow);
	allow_check(&a);
	build_cmdline(&cmdline, app, o.cmdline, argv + optind);

	/* Made under another name and moved when whole: a failure leaves an old image as it was. */
	part = xasprintf("%s.part", o.out);
	temp_watch(part);
	if (ends_with(o.out, ".cpio")) {
		if (o.cmdline || argv[optind])
			usage_error("an archive has no command line: give it to ringlet run");
		write_archive(&a, part);
	} else if (ends_with(o.out, ".iso")) {
		archive = temp_path("archive.cpio");
		write_archive(&a, archive);
		iso_build(part, archive, &cmdline);
		free(archive);
	} else {
		usage_error("%s: the output's name must end in .iso or .cpio", o.out);
	}
	if (rename(part, o.out))
		die("%s: %s", o.out, strerror(errno));
	temp_keep(part);
	archive_free(&a);
	free(app);
	free(part);
	return 0;
}
