/* SPDX-License-Identifier: MIT */
/* Limits of the system: Linux's, where the core has any. */
#ifndef _SYS_SYSLIMITS_H_
#define _SYS_SYSLIMITS_H_

#define ARG_MAX	      131072
#define LINK_MAX      127
#define MAX_CANON     255
#define MAX_INPUT     255
#define NAME_MAX      255
#define NGROUPS_MAX   65536
#define OPEN_MAX      65536
#define PATH_MAX      4096
#define PIPE_BUF      4096
#define IOV_MAX	      1024
#define SSIZE_MAX     __LONG_MAX__
#define HOST_NAME_MAX 64
#define LINE_MAX      2048
#define RE_DUP_MAX    255

#define PTHREAD_STACK_MIN	      16384
#define PTHREAD_KEYS_MAX	      1024
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define SEM_VALUE_MAX		      2147483647

#endif
