/* SPDX-License-Identifier: MIT */
/* lwIP's <stdio.h> in the core: it includes it, but nothing it uses of it is configured in. */
