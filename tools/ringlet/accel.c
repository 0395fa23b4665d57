/* SPDX-License-Identifier: MIT */
/*
 * KVM or TCG. /dev/kvm can be there and open, and still no guest runs on it: so KVM is taken only if
 * the CPU has the extension, the device opens, and the core says its first word under it in time.
 * What the trial found is kept until the next boot of this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "run.h"

#define TRIAL_MS 4000

/* True if one of the CPU's flags is name. */
static bool cpu_flag(const char *line, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = line; (p = strstr(p, name)); p += n)
		if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n' || !p[n]))
			return true;
	return false;
}

static bool cpu_virtualizes(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (f && !found && getline(&line, &size, f) > 0)
		if (!strncmp(line, "flags", 5))
			found = cpu_flag(line, "vmx") || cpu_flag(line, "svm");
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* A boot of the core without an image, which it logs and ends at once: any word of it will do. */
static bool trial_boot(void)
{
	struct strings argv = {0};
	struct pollfd p = {.events = POLLIN};
	int log[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	bool spoke;
	char byte;
	pid_t pid;

	if (pipe(log) || null < 0)
		die("cannot make a pipe: %s", strerror(errno));
	fcntl(log[0], F_SETFD, FD_CLOEXEC);
	for (const char *const *s = (const char *const[]){machine_qemu(),
							  "-nodefaults",
							  "-no-user-config",
							  "-display",
							  "none",
							  "-no-reboot",
							  "-machine",
							  "q35",
							  "-accel",
							  "kvm",
							  "-cpu",
							  "host",
							  "-m",
							  "64",
							  "-device",
							  "isa-debug-exit,iobase=0xf4,iosize=4",
							  "-serial",
							  "chardev:log",
							  "-kernel",
							  locate_core(),
							  "-chardev",
							  NULL};
	     *s; s++)
		strings_add(&argv, *s);
	strings_addf(&argv, "file,id=log,path=/proc/self/fd/%d", log[1]);
	pid = machine_spawn(argv.v, null);
	close(log[1]);
	close(null);
	p.fd = log[0];
	spoke = poll(&p, 1, TRIAL_MS) > 0 && read(log[0], &byte, 1) == 1;
	close(log[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	strings_free(&argv);
	return spoke;
}

/* The cache: one file, "BOOT-ID yes|no". Not being able to keep it is no error. */
static char *cache_path(void)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *dir, *path;

	if (base && *base)
		dir = xstrdup(base);
	else if (home && *home)
		dir = xasprintf("%s/.cache", home);
	else
		return NULL;
	mkdir(dir, 0700);
	path = xasprintf("%s/ringlet", dir);
	mkdir(path, 0700);
	free(dir);
	dir = path;
	path = xasprintf("%s/kvm", dir);
	free(dir);
	return path;
}

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, size, f);

	if (f)
		fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static bool kvm_works(void)
{
	char id[64] = "", line[128], *path = cache_path(), *yes, *no;
	bool known, works;
	FILE *f;

	read_line("/proc/sys/kernel/random/boot_id", id, sizeof(id));
	yes = xasprintf("%s yes", id);
	no = xasprintf("%s no", id);
	known = path && *id && read_line(path, line, sizeof(line)) &&
		(!strcmp(line, yes) || !strcmp(line, no));
	works = known ? !strcmp(line, yes) : trial_boot();
	f = !known && path && *id ? fopen(path, "we") : NULL;
	if (f) {
		fprintf(f, "%s\n", works ? yes : no);
		fclose(f);
	}
	free(path);
	free(yes);
	free(no);
	return works;
}

/* Why KVM cannot be used, or NULL. */
static const char *kvm_obstacle(void)
{
	int fd;

	if (!cpu_virtualizes())
		return "this CPU offers no virtualization (no vmx or svm flag)";
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? "/dev/kvm may not be opened (join the group kvm)"
				       : "/dev/kvm cannot be opened";
	close(fd);
	return kvm_works() ? NULL : "a trial boot under KVM failed";
}

void accel_choose(struct run_options *o)
{
	const char *why;

	if (o->icount && o->accel == ACCEL_KVM)
		usage_error("--icount counts instructions, which KVM cannot: use --accel tcg");
	if (o->icount) {
		o->accel = ACCEL_TCG;
		note("using TCG: --icount needs it");
	}
	if (o->accel != ACCEL_AUTO)
		return;
	why = kvm_obstacle();
	o->accel = why ? ACCEL_TCG : ACCEL_KVM;
	if (why)
		note("using TCG: %s", why);
	else
		note("using KVM: a trial boot succeeded");
}
