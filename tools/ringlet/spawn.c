/* SPDX-License-Identifier: MIT */
/* Host programs the tool calls to build an image: run to the end, their output shown on failure. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tool.h"

bool program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char *copy, *dir, *save = NULL, *full;
	bool found = false;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	copy = xstrdup(path ? path : "/usr/bin:/bin");
	for (dir = strtok_r(copy, ":", &save); dir && !found; dir = strtok_r(NULL, ":", &save)) {
		full = xasprintf("%s/%s", dir, name);
		found = access(full, X_OK) == 0;
		free(full);
	}
	free(copy);
	return found;
}

static void child_exec(char *const argv[], int out)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

/* What the program wrote, to be read by whoever must find out why it failed. */
static void show_output(int fd)
{
	char buf[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write_all(STDERR_FILENO, buf, n))
			break;
}

void spawn_tool(char *const argv[], const char *package)
{
	int out, status;
	pid_t pid;

	if (!program_exists(argv[0]))
		die("%s is missing: install the package %s", argv[0], package);
	out = memfd_create("output", MFD_CLOEXEC);
	if (out < 0)
		die("cannot run %s: %s", argv[0], strerror(errno));
	pid = fork();
	if (pid < 0)
		die("cannot run %s: %s", argv[0], strerror(errno));
	if (pid == 0)
		child_exec(argv, out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		show_output(out);
		die("%s failed (its output is above)", argv[0]);
	}
	close(out);
}
