// SPDX-License-Identifier: MIT
/*
 * The command line's words (core/cmdline.h). Owns nothing: all is in the caller's struct cmdline.
 * Called by the boot code for each piece of command line it finds, and by the host's tools.
 */
#include <core/cmdline.h>
#include <core/string.h>

#include <stdbool.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int put(struct cmdline *c, char ch, const char **why)
{
	if (c->used == sizeof(c->text)) {
		*why = "the command line is longer than 4096 bytes";
		return -1;
	}
	c->text[c->used++] = ch;
	return 0;
}

/* Copies the word at *s, unquoted and terminated, and moves *s behind it. */
static int take_word(struct cmdline *c, const char **s, const char **why)
{
	bool quoted = false;
	const char *p = *s;

	for (; *p && (quoted || !is_blank(*p)); p++) {
		if (*p == '"') {
			quoted = !quoted;
			continue;
		}
		if (*p == '\\' && !*++p) {
			*why = "the command line ends with a lone backslash";
			return -1;
		}
		if (put(c, *p, why))
			return -1;
	}
	if (quoted) {
		*why = "the command line has a double quote that is not closed";
		return -1;
	}
	*s = p;
	return put(c, '\0', why);
}

static int add_words(struct cmdline *c, const char *s, const char **why)
{
	bool args = false;

	for (;;) {
		char *word = c->text + c->used;

		while (is_blank(*s))
			s++;
		if (!*s)
			return 0;
		if (take_word(c, &s, why))
			return -1;
		if (!args && !strcmp(word, "--")) {
			args = true;
			c->args = 0;
			continue;
		}
		if ((args ? c->args : c->options) == CMDLINE_MAX_WORDS) {
			*why = "the command line has more than 256 words";
			return -1;
		}
		if (args)
			c->arg[c->args++] = word;
		else
			c->option[c->options++] = word;
	}
}

int cmdline_add(struct cmdline *c, const char *s, const char **why)
{
	size_t used = c->used;
	unsigned options = c->options;

	if (!add_words(c, s, why))
		return 0;
	/* Arguments may be replaced in part, so none stay; what was before is whole. */
	c->used = used;
	c->options = options;
	c->args = 0;
	return -1;
}

const char *cmdline_get(const struct cmdline *c, const char *key)
{
	size_t n = strlen(key);

	for (unsigned i = c->options; i--;) {
		const char *o = c->option[i];

		if (!strncmp(o, key, n) && (o[n] == '=' || !o[n]))
			return o[n] ? o + n + 1 : o + n;
	}
	return NULL;
}

static bool needs_quotes(const char *word)
{
	for (const char *p = word; *p; p++)
		if (is_blank(*p))
			return true;
	return !*word;
}

int cmdline_quote(char *out, size_t size, const char *word)
{
	bool quotes = needs_quotes(word);
	size_t n = 0;

	if (quotes && n < size)
		out[n++] = '"';
	for (; *word; word++) {
		if ((*word == '"' || *word == '\\') && n < size)
			out[n++] = '\\';
		if (n < size)
			out[n++] = *word;
	}
	if (quotes && n < size)
		out[n++] = '"';
	if (n >= size)
		return -1;
	out[n] = '\0';
	return (int)n;
}
