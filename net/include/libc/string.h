/* SPDX-License-Identifier: MIT */
/* lwIP's <string.h> in the core: on the include path of freestanding builds only. */
#include <core/string.h>
