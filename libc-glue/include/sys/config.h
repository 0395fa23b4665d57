/* SPDX-License-Identifier: MIT */
/* newlib's configuration, with read and write typed as POSIX says. */
#ifndef _RINGLET_SYS_CONFIG_H
#define _RINGLET_SYS_CONFIG_H

#define _READ_WRITE_RETURN_TYPE	 _ssize_t
#define _READ_WRITE_BUFSIZE_TYPE __size_t

#include_next <sys/config.h>

#endif
