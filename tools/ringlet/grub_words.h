/* SPDX-License-Identifier: MIT */
/* A core command line in GRUB's quoting. */
#ifndef GRUB_WORDS_H
#define GRUB_WORDS_H

struct buffer;
struct cmdline;

/* Appends c's words to out, each after a space; a usage error if GRUB could not pass them on. */
void grub_words(struct buffer *out, const struct cmdline *c);

#endif
