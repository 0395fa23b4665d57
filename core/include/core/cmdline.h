/* SPDX-License-Identifier: MIT */
/*
 * The command line: core options, then "--", then the app's arguments:
 *
 *	ip=dhcp app=/bin/httpd env.TZ=UTC -- -v "two words"
 *
 * Words are split at blanks; double quotes keep blanks, a backslash keeps the next character.
 * Portable and without allocation: shared with the host's tools (core/cmdline.c).
 */
#ifndef CORE_CMDLINE_H
#define CORE_CMDLINE_H

#include <stddef.h>

#define CMDLINE_MAX_WORDS 256
#define CMDLINE_SIZE	  4096

struct cmdline {
	char text[CMDLINE_SIZE]; /* the words, each NUL-terminated */
	size_t used;
	char *option[CMDLINE_MAX_WORDS]; /* "key=value" or "key" */
	unsigned options;
	char *arg[CMDLINE_MAX_WORDS]; /* the app's arguments, without its name */
	unsigned args;
};

/*
 * Adds the words of s to c (zeroed before the first call). Options of a later call override
 * earlier ones; a later "--" replaces the earlier arguments. 0, or -1 with *why set.
 */
int cmdline_add(struct cmdline *c, const char *s, const char **why);
/* Value of the last option key ("" where it has none), or NULL if it is not given. */
const char *cmdline_get(const struct cmdline *c, const char *key);
/* Writes word to out quoted so that cmdline_add() reads it back; the length, or -1 if it is long. */
int cmdline_quote(char *out, size_t size, const char *word);

#endif
