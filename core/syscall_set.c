// SPDX-License-Identifier: MIT
/* Sets of system calls as text (core/syscall_set.h). Owns nothing. */
#include <core/string.h>
#include <core/syscall_info.h>
#include <core/syscall_set.h>

static bool separates(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == '#' || !c;
}

bool syscall_names_next(struct syscall_names *n)
{
	const char *p = n->at;

	while (p < n->end && separates(*p)) {
		if (*p == '#')
			while (p < n->end && *p != '\n')
				p++;
		else
			p++;
	}
	n->name = p;
	while (p < n->end && !separates(*p))
		p++;
	n->len = (size_t)(p - n->name);
	n->at = p;
	return n->len;
}

int syscall_number(const char *name, size_t len)
{
	for (unsigned i = 0; i < SYSCALL_COUNT; i++) {
		const char *s = syscall_infos[i].name;

		if (s && !strncmp(s, name, len) && !s[len])
			return (int)i;
	}
	return -1;
}

int syscall_set_parse(struct syscall_set *s, const char *text, size_t size,
		      struct syscall_names *bad)
{
	*bad = (struct syscall_names){.at = text, .end = text + size};
	while (syscall_names_next(bad)) {
		int number = syscall_number(bad->name, bad->len);

		if (number < 0)
			return -1;
		syscall_set_add(s, (unsigned)number);
	}
	return 0;
}
