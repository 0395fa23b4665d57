/* SPDX-License-Identifier: MIT */
/* `ringlet run`: options, what kind of file is to be booted, and the archive made on the fly. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <core/cmdline.h>
#include "allow.h"
#include "archive.h"
#include "iso.h"
#include "program.h"
#include "run.h"

#define DEFAULT_MEMORY 256
#define PORT_ROUNDS    5

void help_run(void)
{
	puts("Usage: ringlet run APP|IMAGE [OPTION]... [-- ARG...]\n"
	     "Boots a program (an ELF, static or dynamic), an app.iso or an app.cpio in QEMU. The\n"
	     "program's standard output and exit status become this command's; its standard error\n"
	     "and the core's log go to standard error.\n"
	     "\n"
	     "  -p, --publish HOST:GUEST  lead TCP port HOST of 127.0.0.1 to port GUEST of the\n"
	     "                            app; a taken port becomes the next free one, 0 any\n"
	     "  -m, --memory MB           memory of the machine (256)\n"
	     "      --smp N               CPUs of the machine (1)\n"
	     "      --add HOST:GUEST      a file or folder for the program (not with an image)\n"
	     "      --rootfs DIR          DIR is the root folder, and APP a path in it\n"
	     "      --cmdline WORDS       options for the core, as in \"ip=dhcp env.TZ=UTC\"\n"
	     "      --allow LIST|FILE     the system calls the program may make, by name, of "
	     "those\n"
	     "                            that an image allows\n"
	     "      --learn FILE          add those it makes to FILE, which --allow takes\n"
	     "  -q, --quiet               no log and no notes\n"
	     "      --timeout SECONDS     stop the machine then, with status 124\n"
	     "      --accel auto|kvm|tcg  auto takes KVM if a trial boot under it succeeds\n"
	     "      --icount              one guest instruction is one nanosecond, random numbers\n"
	     "                            and the date are the same: so are the counts\n"
	     "                            at every run\n"
	     "      --uefi                boot an ISO by UEFI (give it -m 64 or more)\n"
	     "      --disk                give an ISO to the machine as a disk, not as a CD\n"
	     "      --no-net              a machine without a network card\n"
	     "      --qemu ARGUMENTS      more arguments for QEMU\n"
	     "  -h, --help                this text\n"
	     "\n"
	     "Exit status: the program's; 128+N if signal N ended it; 125 if the core failed, 126\n"
	     "if there was no machine or it stopped by itself, 124 after --timeout, 2 for a wrong\n"
	     "command line. Ctrl-C asks the program to end and stops the machine a second later.");
}

struct run_command {
	struct run_options options;
	const char *file, *cmdline, *allow, *rootfs;
	struct strings added;
};

enum {
	O_SMP = 256,
	O_ADD,
	O_ROOTFS,
	O_CMDLINE,
	O_ALLOW,
	O_LEARN,
	O_TIMEOUT,
	O_ACCEL,
	O_ICOUNT,
	O_UEFI,
	O_DISK,
	O_NONET,
	O_QEMU
};

static const struct option longs[] = {
	{"publish", required_argument, NULL, 'p'},
	{"memory", required_argument, NULL, 'm'},
	{"smp", required_argument, NULL, O_SMP},
	{"add", required_argument, NULL, O_ADD},
	{"rootfs", required_argument, NULL, O_ROOTFS},
	{"cmdline", required_argument, NULL, O_CMDLINE},
	{"allow", required_argument, NULL, O_ALLOW},
	{"learn", required_argument, NULL, O_LEARN},
	{"quiet", no_argument, NULL, 'q'},
	{"timeout", required_argument, NULL, O_TIMEOUT},
	{"accel", required_argument, NULL, O_ACCEL},
	{"icount", no_argument, NULL, O_ICOUNT},
	{"uefi", no_argument, NULL, O_UEFI},
	{"disk", no_argument, NULL, O_DISK},
	{"no-net", no_argument, NULL, O_NONET},
	{"qemu", required_argument, NULL, O_QEMU},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static enum accel parse_accel(const char *s)
{
	static const char *const names[] = {"auto", "kvm", "tcg"};

	for (int i = 0; i < 3; i++)
		if (!strcmp(s, names[i]))
			return (enum accel)i;
	usage_error("--accel: \"%s\" is none of auto, kvm, tcg", s);
}

static void add_forward(struct run_options *o, const char *spec)
{
	if (o->forwards == MAX_FORWARDS)
		usage_error("-p: at most %d ports", MAX_FORWARDS);
	o->forward[o->forwards++] = forward_parse(spec);
}

/* Sets what option c says. */
static void take_option(struct run_command *r, int c)
{
	struct run_options *o = &r->options;

	switch (c) {
	case 'p':
		add_forward(o, optarg);
		break;
	case 'm':
		o->memory = parse_number(optarg, "-m", 1, 1 << 20);
		break;
	case 'q':
		quiet = true;
		break;
	case O_SMP:
		o->cpus = parse_number(optarg, "--smp", 1, 255);
		break;
	case O_ADD:
		strings_add(&r->added, optarg);
		break;
	case O_ROOTFS:
		r->rootfs = optarg;
		break;
	case O_CMDLINE:
		r->cmdline = optarg;
		break;
	case O_ALLOW:
		r->allow = optarg;
		break;
	case O_LEARN:
		o->learn = optarg;
		break;
	case O_TIMEOUT:
		o->timeout = parse_number(optarg, "--timeout", 1, 1000000);
		break;
	case O_ACCEL:
		o->accel = parse_accel(optarg);
		break;
	case O_ICOUNT:
		o->icount = true;
		break;
	case O_UEFI:
		o->uefi = true;
		break;
	case O_DISK:
		o->disk = true;
		break;
	case O_NONET:
		o->no_net = true;
		break;
	case O_QEMU:
		o->qemu = optarg;
		break;
	}
}

static void parse_options(struct run_command *r, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "-:p:m:qh", longs, NULL)) != -1) {
		if (c == 'h') {
			help_run();
			exit(0);
		}
		if (c == ':')
			usage_error("%s needs a value; see ringlet help run", argv[optind - 1]);
		if (c == '?')
			usage_error("unknown option %s; see ringlet help run", argv[optind - 1]);
		if (c == 1 && r->file)
			usage_error("\"%s\": the app's arguments go after --", optarg);
		if (c == 1)
			r->file = optarg;
		else
			take_option(r, c);
	}
	if (!r->file)
		usage_error("no app or image given; see ringlet help run");
	if (r->options.no_net && r->options.forwards)
		usage_error("-p needs a network card: leave --no-net out");
}

/* Whether standard input is worth giving to the guest, and may be read at all. */
static bool input_usable(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) || (fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) == O_WRONLY)
		return false;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return false; /* /dev/null */
	return !isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* What the core gets beyond the image's own command line. */
static char *core_cmdline(const struct run_command *r, const char *app, char **args)
{
	static struct cmdline check;
	char word[CMDLINE_SIZE];
	struct buffer b = {0};
	const char *why;

	buffer_addf(&b, "output=frames input=%s", r->options.input ? "frames" : "none");
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		buffer_addf(&b, " tty=1");
	if (app && cmdline_quote(word, sizeof(word), app) >= 0)
		buffer_addf(&b, " app=%s", word);
	if (r->allow) {
		char *list = allow_parse(r->allow, ',');

		buffer_addf(&b, " allow=%s", list);
		free(list);
	}
	if (r->options.learn)
		buffer_addf(&b, " learn=1");
	if (r->cmdline)
		buffer_addf(&b, " %s", r->cmdline);
	for (char **a = args; *a; a++) {
		if (cmdline_quote(word, sizeof(word), *a) < 0)
			usage_error("an argument is longer than %d bytes", CMDLINE_SIZE);
		buffer_addf(&b, "%s %s", a == args ? " --" : "", word);
	}
	if (b.len >= CMDLINE_SIZE)
		usage_error("options and arguments are longer than %d bytes", CMDLINE_SIZE);
	if (cmdline_add(&check, b.data, &why))
		usage_error("command line: %s", why);
	return b.data;
}

/* The archive of an ELF, in memory; its path is one that QEMU can open. */
static char *make_archive(const struct run_command *r, char **app, size_t *size)
{
	struct archive a = {.host_dates = true};
	int fd = memfd_create("archive", 0);

	if (fd < 0)
		die("cannot make an archive in memory: %s", strerror(errno));
	*app = program_pack(&a, r->file, r->rootfs, &r->added);
	*size = archive_write(&a, fd, "archive");
	archive_free(&a);
	return xasprintf("/proc/self/fd/%d", fd);
}

static void check_memory(const struct run_options *o, size_t archive)
{
	unsigned long needed = (archive + (4ul << 20)) >> 20;

	if (o->memory < needed)
		die("-m %u is too little: the files alone need %lu MB of memory", o->memory,
		    needed);
}

/* Finds out what the file is and prepares it. Returns the core's command line. */
static char *prepare(const struct run_command *r, struct boot_source *source, char **args)
{
	struct buffer b = {0};
	char *app = NULL, *cmdline;
	size_t size;

	if (!r->rootfs)
		b = file_read_all(r->file);
	size = b.len;
	if (r->rootfs || (b.len >= 4 && !memcmp(b.data, "\177ELF", 4))) {
		source->archive = make_archive(r, &app, &size);
	} else if (b.len >= 6 && !memcmp(b.data, "070701", 6)) {
		archive_check(b.data, b.len, r->file);
		source->archive = r->file;
	} else if (iso_check(r->file, b.data, b.len)) {
		source->iso = r->file;
	} else {
		die("%s: is neither a program (ELF) nor an image made by ringlet image", r->file);
	}
	if (!source->iso)
		source->core = locate_core();
	if (r->options.uefi && !source->iso)
		die("--uefi boots an ISO: make one with ringlet image");
	if (r->options.disk && !source->iso)
		die("--disk boots an ISO: make one with ringlet image");
	if (!app && r->added.n)
		die("--add goes with a program; %s is an image", r->file);
	check_memory(&r->options, size);
	buffer_free(&b);
	cmdline = core_cmdline(r, app, args);
	free(app);
	return cmdline;
}

int command_run(int argc, char **argv)
{
	struct run_command r = {.options = {.memory = DEFAULT_MEMORY, .cpus = 1}};
	struct run_options *o = &r.options;
	struct boot_source source = {0};
	int result = -1;

	die_status = STATUS_MACHINE;
	parse_options(&r, argc, argv);
	machine_qemu();
	o->input = input_usable();
	o->cmdline = prepare(&r, &source, argv + optind);
	accel_choose(o);
	for (int i = 0; i < PORT_ROUNDS && result < 0; i++) {
		for (unsigned k = 0; k < o->forwards; k++)
			forward_choose(&o->forward[k], o->forward, k);
		result = supervise(o, &source);
	}
	if (result < 0)
		die("the ports chosen were taken by others each time");
	if (o->learn && o->calls.n)
		allow_learn(o->learn, &o->calls);
	else if (o->learn)
		note("%s: nothing was learned, as the program did not come to its end", o->learn);
	strings_free(&o->calls);
	free(o->cmdline);
	free((char *)source.archive == r.file ? NULL : (char *)source.archive);
	strings_free(&r.added);
	return result;
}
