/* SPDX-License-Identifier: MIT */
/* newlib's patterns; its extensions are always visible, as its own source needs them. */
#ifndef _RINGLET_FNMATCH_H
#define _RINGLET_FNMATCH_H

#include_next <fnmatch.h>

#ifndef FNM_LEADING_DIR
#define FNM_LEADING_DIR 0x08
#define FNM_CASEFOLD	0x10
#define FNM_IGNORECASE	FNM_CASEFOLD
#define FNM_FILE_NAME	FNM_PATHNAME
#endif

#endif
