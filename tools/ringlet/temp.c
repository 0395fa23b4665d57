/* SPDX-License-Identifier: MIT */
/*
 * Temporary files. One folder, made when first asked for, flat; it and every watched file are
 * removed at exit and when a signal ends the tool, so nothing is left behind whatever happens.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

static char dir[4096];
static char watched[4096];

static void cleanup(void)
{
	struct dirent *e;
	DIR *d;

	if (watched[0])
		unlink(watched);
	watched[0] = '\0';
	if (!dir[0])
		return;
	d = opendir(dir);
	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
	dir[0] = '\0';
}

/* The tool does nothing but wait for a child while these can come, so cleaning up here is safe. */
static void cleanup_on_signal(int sig)
{
	cleanup();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void register_cleanup(void)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	static bool done;

	if (done)
		return;
	done = true;
	atexit(cleanup);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		if (signal(sigs[i], cleanup_on_signal) == SIG_IGN)
			signal(sigs[i], SIG_IGN);
}

const char *temp_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (dir[0])
		return dir;
	if (!base || !*base)
		base = "/tmp";
	register_cleanup();
	if (snprintf(dir, sizeof(dir), "%s/ringlet-XXXXXX", base) >= (int)sizeof(dir) ||
	    !mkdtemp(dir)) {
		dir[0] = '\0';
		die("cannot make a temporary folder in %s: %s", base, strerror(errno));
	}
	return dir;
}

char *temp_path(const char *name)
{
	return xasprintf("%s/%s", temp_dir(), name);
}

void temp_watch(const char *path)
{
	register_cleanup();
	if (snprintf(watched, sizeof(watched), "%s", path) >= (int)sizeof(watched))
		die("%s: the path is too long", path);
}

void temp_keep(const char *path)
{
	if (!strcmp(watched, path))
		watched[0] = '\0';
}
