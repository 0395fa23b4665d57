/* SPDX-License-Identifier: MIT */
/* lwIP's <time.h> in the core: its SNTP client includes it and needs nothing of it. */
