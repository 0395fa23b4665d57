/* SPDX-License-Identifier: MIT */
/*
 * The way of a command line through GRUB: its script parser takes words in quotes, and the
 * multiboot2 command joins them again in a way of its own. Whether the core will see the same words
 * is found out by doing both here and reading the result with the core's parser.
 */
#include <string.h>
#include <core/cmdline.h>
#include "grub_words.h"
#include "tool.h"

/* For GRUB's script parser: single quotes, in which nothing is special but the quote itself. */
static void add_quoted(struct buffer *b, const char *word)
{
	buffer_add(b, " '", 2);
	for (; *word; word++) {
		if (*word == '\'')
			buffer_add(b, "'\\''", 4);
		else
			buffer_add(b, word, 1);
	}
	buffer_add(b, "'", 1);
}

/*
 * As GRUB joins a word to the command line: quoted only if it has a space, quotes and backslashes
 * escaped. Some distributions' GRUB leaves \xHH alone, so that does not survive everywhere.
 */
static void add_joined(struct buffer *b, const char *word)
{
	bool space = strchr(word, ' ');

	buffer_add(b, "\"", space);
	for (; *word; word++) {
		if (strchr("\\'\"", *word) && !(word[0] == '\\' && word[1] == 'x'))
			buffer_add(b, "\\", 1);
		buffer_add(b, word, 1);
	}
	buffer_add(b, "\" ", space ? 2 : 0);
	buffer_add(b, " ", 1);
}

static bool same_words(char *const a[], unsigned na, char *const b[], unsigned nb)
{
	if (na != nb)
		return false;
	for (unsigned i = 0; i < na; i++)
		if (strcmp(a[i], b[i]))
			return false;
	return true;
}

void grub_words(struct buffer *out, const struct cmdline *c)
{
	struct buffer joined = {0};
	static struct cmdline seen;
	const char *why = "";
	bool same;

	for (unsigned i = 0; i < c->options; i++) {
		add_quoted(out, c->option[i]);
		add_joined(&joined, c->option[i]);
	}
	if (c->args) {
		add_quoted(out, "--");
		add_joined(&joined, "--");
	}
	for (unsigned i = 0; i < c->args; i++) {
		add_quoted(out, c->arg[i]);
		add_joined(&joined, c->arg[i]);
	}
	seen = (struct cmdline){0};
	buffer_add(&joined, "", 0);
	same = !cmdline_add(&seen, joined.data, &why) &&
	       same_words(c->option, c->options, seen.option, seen.options) &&
	       same_words(c->arg, c->args, seen.arg, seen.args);
	if (!same || strpbrk(joined.data, "\n\r"))
		usage_error("an option or argument is empty, or has a line break, tab or \\x in "
			    "it: GRUB cannot pass that on (ringlet run can: give it there)");
	buffer_free(&joined);
}
