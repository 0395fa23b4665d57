/* SPDX-License-Identifier: MIT */
/* Where Linux programs look for the feature tests. */
#ifndef _FEATURES_H
#define _FEATURES_H

#include <sys/features.h>

#endif
