/* SPDX-License-Identifier: MIT */
/*
 * remove() for files and folders; newlib's own takes files only. Found first by the linker's order;
 * both of newlib's names are here, so that its own object is then never wanted.
 */
#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <unistd.h>

int remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == EISDIR || errno == EPERM ? rmdir(path) : -1;
}

int _remove_r(struct _reent *reent, const char *path)
{
	(void)reent;
	return remove(path);
}
