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

const char *locate_core(void)
{
	static char path[PATH_MAX + 64];
	const char *env = getenv("RINGLET_CORE");
	char self[PATH_MAX], *slash;
	ssize_t n;

	if (env && *env) {
		if (access(env, R_OK))
			die("RINGLET_CORE: there is no readable file %s", env);
		return env;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		die("cannot tell where the tool is: is /proc mounted?");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	for (size_t i = 0; i < sizeof(core_places) / sizeof(core_places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", self, core_places[i]);
		if (!access(path, R_OK))
			return path;
	}
	die("the core (core.elf) is not beside the tool in %s: run make, or set RINGLET_CORE",
	    self);
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
