/* SPDX-License-Identifier: MIT */
/* Lists of the system calls an app may make: core/filter.h tells what becomes of them. */
#ifndef ALLOW_H
#define ALLOW_H

struct archive;
struct strings;

/*
 * spec: names of system calls, split by commas or blanks, or else a file of such names ('#' begins a
 * comment). The names in the order of their numbers with separator behind each (a comma: between
 * two); the caller frees them. Dies if one is no call of the core's.
 */
char *allow_parse(const char *spec, char separator);
/* Puts the list into an image, where the core looks for it. */
void allow_add(struct archive *a, const char *spec);
/* Dies if a list that the user put there by hand is one the core would not take. */
void allow_check(const struct archive *a);
/* Adds the calls to those the file names; it need not be there. */
void allow_learn(const char *path, const struct strings *calls);

#endif
