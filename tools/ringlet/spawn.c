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
#include <sys/resource.h>
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

/* Starts argv with its output going to a new file in memory, which is told in *out. */
static pid_t start(char *const argv[], unsigned seconds, int *out)
{
	static char *const none[] = {NULL};
	struct rlimit limit = {seconds, seconds};
	pid_t pid;

	*out = memfd_create("output", MFD_CLOEXEC);
	pid = *out < 0 ? -1 : fork();
	if (pid < 0)
		die("cannot run %s: %s", argv[0], strerror(errno));
	if (pid)
		return pid;
	if (seconds) {
		setrlimit(RLIMIT_CPU, &limit);
		environ = (char **)none;
		if (chdir("/"))
			_exit(127);
	}
	child_exec(argv, *out);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_read(char *const argv[], unsigned seconds, struct buffer *out)
{
	char buf[4096];
	int fd, status = wait_for(start(argv, seconds, &fd));
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		buffer_add(out, buf, (size_t)n);
	close(fd);
	return status;
}

void spawn_tool(char *const argv[], const char *package)
{
	pid_t pid;
	int out;

	if (!program_exists(argv[0]))
		die("%s is missing: install the package %s", argv[0], package);
	pid = start(argv, 0, &out);
	if (wait_for(pid)) {
		show_output(out);
		die("%s failed (its output is above)", argv[0]);
	}
	close(out);
}
