/* SPDX-License-Identifier: MIT */
/*
 * The machine as QEMU arguments: a q35 with nothing but what the core drives. The app's output goes
 * through isa-debugcon, which no firmware writes to; the log through COM1; input comes from a
 * virtio console; the core's extra command line lies in fw_cfg for both ways of booting.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <core/cmdline.h>
#include "run.h"

#define QEMU "qemu-system-x86_64"

const char *machine_qemu(void)
{
	const char *env = getenv("RINGLET_QEMU");
	const char *qemu = env && *env ? env : QEMU;

	if (!program_exists(qemu))
		die("%s is missing: install the package qemu-system-x86", qemu);
	return qemu;
}

/* QEMU ends an option's value at a comma unless it is doubled. */
static void add_escaped(struct buffer *b, const char *s)
{
	for (; *s; s++) {
		if (*s == ',')
			buffer_add(b, s, 1);
		buffer_add(b, s, 1);
	}
}

static void add_network(struct strings *argv, const struct run_options *o)
{
	struct buffer b = {0};

	buffer_addf(&b, "user,id=net0");
	for (unsigned i = 0; i < o->forwards; i++)
		buffer_addf(&b, ",hostfwd=tcp:127.0.0.1:%u-:%u", o->forward[i].host,
			    o->forward[i].guest);
	strings_add(argv, "-netdev");
	strings_add(argv, b.data);
	strings_add(argv, "-device");
	strings_add(argv, "virtio-net-pci,netdev=net0,romfile=");
	buffer_free(&b);
}

static void add_channels(struct strings *argv, const struct machine_fds *fds)
{
	strings_add(argv, "-chardev");
	strings_addf(argv, "file,id=output,path=/proc/self/fd/%d", fds->output);
	strings_add(argv, "-device");
	strings_add(argv, "isa-debugcon,iobase=0xe9,chardev=output");
	strings_add(argv, "-chardev");
	strings_addf(argv, "file,id=log,path=/proc/self/fd/%d", fds->log);
	strings_add(argv, "-serial");
	strings_add(argv, "chardev:log");
	strings_add(argv, "-chardev");
	strings_addf(argv, "socket,id=qmp,fd=%d", fds->qmp);
	strings_add(argv, "-mon");
	strings_add(argv, "chardev=qmp,mode=control");
	strings_add(argv, "-device");
	strings_add(argv, "isa-debug-exit,iobase=0xf4,iosize=4");
	if (fds->input < 0)
		return;
	strings_add(argv, "-chardev");
	strings_addf(argv, "socket,id=input,fd=%d", fds->input);
	strings_add(argv, "-device");
	strings_add(argv, "virtio-serial-pci,max_ports=1");
	strings_add(argv, "-device");
	strings_add(argv, "virtconsole,chardev=input");
}

static void add_source(struct strings *argv, const struct run_options *o,
		       const struct boot_source *source)
{
	struct buffer b = {0};

	if (!source->iso) {
		strings_add(argv, "-kernel");
		strings_add(argv, source->core);
		strings_add(argv, "-initrd");
		strings_add(argv, source->archive);
	} else {
		buffer_addf(&b, "%s,format=raw,readonly=on,file=",
			    o->disk ? "if=virtio" : "media=cdrom");
		add_escaped(&b, source->iso);
		strings_add(argv, "-drive");
		strings_add(argv, b.data);
	}
	if (o->uefi) {
		strings_add(argv, "-bios");
		strings_add(argv, locate_ovmf());
	}
	buffer_free(&b);
}

static void add_cmdline(struct strings *argv, const char *cmdline)
{
	struct buffer b = {0};

	buffer_addf(&b, "name=opt/ringlet/cmdline,string=");
	add_escaped(&b, cmdline);
	strings_add(argv, "-fw_cfg");
	strings_add(argv, b.data);
	buffer_free(&b);
}

static void add_accel(struct strings *argv, const struct run_options *o)
{
	strings_add(argv, "-accel");
	strings_add(argv, o->accel == ACCEL_KVM ? "kvm" : o->icount ? "tcg,thread=single" : "tcg");
	strings_add(argv, "-cpu");
	strings_add(argv, o->accel == ACCEL_KVM ? "host" : "max");
	if (o->icount) {
		/* Where memory comes to lie is random too: the same numbers, and one date, each time. */
		strings_add(argv, "-seed");
		strings_add(argv, "1");
		strings_add(argv, "-rtc");
		strings_add(argv, "base=2026-01-01,clock=vm");
		strings_add(argv, "-icount");
		strings_add(argv, "shift=0,sleep=off");
	}
}

/* The user's own, last, so that they override where QEMU lets them. */
static void add_more(struct strings *argv, const char *more)
{
	static struct cmdline words;
	const char *why;

	words = (struct cmdline){0};
	if (cmdline_add(&words, more, &why))
		usage_error("--qemu: %s", why);
	if (words.args)
		usage_error("--qemu: \"--\" is no argument of QEMU's");
	for (unsigned i = 0; i < words.options; i++)
		strings_add(argv, words.option[i]);
}

void machine_command(struct strings *argv, const struct run_options *o,
		     const struct boot_source *source, const struct machine_fds *fds)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config", "-display",
		"none",	       "-no-reboot",	  "-machine",
		"q35",	       "-device",	  "virtio-rng-pci",
		NULL,
	};

	strings_add(argv, machine_qemu());
	for (const char *const *s = fixed; *s; s++)
		strings_add(argv, *s);
	add_accel(argv, o);
	strings_add(argv, "-m");
	strings_addf(argv, "%u", o->memory);
	strings_add(argv, "-smp");
	strings_addf(argv, "%u", o->cpus);
	if (!o->no_net)
		add_network(argv, o);
	add_channels(argv, fds);
	add_source(argv, o, source);
	add_cmdline(argv, o->cmdline);
	if (o->qemu)
		add_more(argv, o->qemu);
}

pid_t machine_spawn(char *const argv[], int error)
{
	pid_t parent = getpid(), pid = fork();
	sigset_t none;
	int null;

	if (pid < 0)
		die("cannot start QEMU: %s", strerror(errno));
	if (pid > 0)
		return pid;
	/* It must not outlive the tool, nor take the terminal's Ctrl-C for itself. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}
