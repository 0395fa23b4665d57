/* SPDX-License-Identifier: MIT */
/* Copying from a file to a socket inside the core. */
#ifndef _SYS_SENDFILE_H
#define _SYS_SENDFILE_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS
ssize_t sendfile(int out, int in, off_t *pos, size_t n);
__END_DECLS

#endif
