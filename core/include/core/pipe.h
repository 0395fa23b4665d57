/* SPDX-License-Identifier: MIT */
/* Pipes (core/fs/pipe.c). */
#ifndef CORE_PIPE_H
#define CORE_PIPE_H

#include <core/file.h>

/* The two ends, each with one reference; flags: O_NONBLOCK. 0 or -ENOMEM. */
int pipe_new(uint32_t flags, struct file **reader, struct file **writer);

#endif
