/* SPDX-License-Identifier: MIT */
/*
 * `ringlet run` in three parts: run.c decides what to boot, machine.c says it to QEMU, supervise.c
 * stays with the machine to its end.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <sys/types.h>
#include "ports.h"
#include "tool.h"

#define MAX_FORWARDS 32

enum accel {
	ACCEL_AUTO,
	ACCEL_KVM,
	ACCEL_TCG
};

struct run_options {
	struct forward forward[MAX_FORWARDS];
	unsigned forwards;
	unsigned memory; /* MiB */
	unsigned cpus;
	enum accel accel;
	bool icount, uefi, disk, no_net;
	bool input;	      /* standard input goes to the app */
	unsigned timeout;     /* seconds, 0: none */
	const char *qemu;     /* more arguments */
	char *cmdline;	      /* for the core: what is appended to the image's own */
	const char *learn;    /* file for the system calls the app makes, or NULL */
	struct strings calls; /* their names, once the app has ended */
};

/* What is booted: an ISO, or a core with an archive. */
struct boot_source {
	const char *iso;
	const char *core, *archive;
};

/* The descriptors QEMU is started with; the parent's ends are in struct supervisor. */
struct machine_fds {
	int output; /* isa-debugcon, written */
	int log;    /* COM1, written */
	int qmp;    /* socket */
	int input;  /* socket for the virtio console, or -1 */
};

/* QEMU's program and arguments. */
void machine_command(struct strings *argv, const struct run_options *o,
		     const struct boot_source *source, const struct machine_fds *fds);
/* Starts argv in a process group of its own that ends with the tool; error is its stderr. */
pid_t machine_spawn(char *const argv[], int error);
/* Name of the QEMU program; dies naming the package if it is missing. */
const char *machine_qemu(void);

/* Settles o->accel to KVM or TCG and says which and why. */
void accel_choose(struct run_options *o);

/*
 * Runs the machine to its end and returns the tool's exit status; -1 if a forwarded port was taken
 * by someone else in between and nothing has run: choose again.
 */
int supervise(struct run_options *o, const struct boot_source *source);

#endif
