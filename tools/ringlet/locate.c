/* SPDX-License-Identifier: MIT */
/*
 * Where the parts are: the core beside the tool (in the build folder, or installed), GRUB's and
 * OVMF's files where distributions put them.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

/* The core's places, relative to the folder of the tool's own file. */
static const char *const core_places[] = {
	"core.elf", "build/core.elf", "../core.elf", "../../core.elf", "../lib/ringlet/core.elf",
};

static const char *const bench_places[] = {
	"bench-kit",
	"../share/ringlet/bench",
};

/* The tool's own path, from its process. */
static void self_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n <= 0)
		die("cannot tell where the tool is: is /proc mounted?");
	path[n] = '\0';
}

/* The first of n places that is there, relative to the tool's folder; that folder is in self. */
static bool find_beside(const char *const *places, size_t n, char *self, char *path, size_t size)
{
	self_path(self, PATH_MAX);
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < n; i++) {
		snprintf(path, size, "%s/%s", self, places[i]);
		if (!access(path, R_OK))
			return true;
	}
	return false;
}

const char *locate_core(void)
{
	static char path[PATH_MAX + 64];
	const char *env = getenv("RINGLET_CORE");
	char self[PATH_MAX];

	if (env && *env) {
		if (access(env, R_OK))
			die("RINGLET_CORE: there is no readable file %s", env);
		return env;
	}
	if (find_beside(core_places, sizeof(core_places) / sizeof(core_places[0]), self, path,
			sizeof(path)))
		return path;
	die("the core (core.elf) is not beside the tool in %s: run make, or set RINGLET_CORE",
	    self);
}

const char *locate_bench(void)
{
	static char path[PATH_MAX + 64];
	char self[PATH_MAX];

	if (find_beside(bench_places, sizeof(bench_places) / sizeof(bench_places[0]), self, path,
			sizeof(path)))
		return path;
	die("the measuring kit (bench-kit) is not beside the tool in %s: run make", self);
}

char *locate_grub(const char *platform, const char *package)
{
	static const char *const places[] = {"/usr/lib/grub", "/usr/lib/grub2", "/usr/share/grub2"};
	const char *env = getenv("RINGLET_GRUB");
	char *path;

	if (env && *env) {
		path = xasprintf("%s/%s", env, platform);
		if (access(path, R_OK))
			die("RINGLET_GRUB: there is no folder %s (it is in the package %s)", path,
			    package);
		return path;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		path = xasprintf("%s/%s", places[i], platform);
		if (!access(path, R_OK))
			return path;
		free(path);
	}
	die("GRUB's files for %s are missing: install the package %s", platform, package);
}

const char *locate_ovmf(void)
{
	static const char *const places[] = {
		"/usr/share/ovmf/OVMF.fd",
		"/usr/share/edk2/ovmf/OVMF.fd",
		"/usr/share/qemu/OVMF.fd",
		"/usr/share/edk2-ovmf/x64/OVMF.fd",
	};
	const char *env = getenv("RINGLET_OVMF");

	if (env && *env) {
		if (access(env, R_OK))
			die("RINGLET_OVMF: there is no readable file %s", env);
		return env;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], R_OK))
			return places[i];
	die("UEFI firmware for QEMU is missing: install the package ovmf");
}
