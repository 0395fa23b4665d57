// SPDX-License-Identifier: MIT
/* Values of the core's options (core/boot.h). Owns nothing; called during boot. */
#include <core/boot.h>
#include <core/log.h>
#include <core/string.h>

/* The shift of a unit's letter, -1 for another character. */
static int unit_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	}
	return -1;
}

static bool parse_size(const char *s, size_t *out)
{
	size_t n = strlen(s);
	char digits[24];
	uint64_t v;
	int shift;

	if (!n || n >= sizeof(digits))
		return false;
	memcpy(digits, s, n + 1);
	shift = unit_shift(digits[n - 1]);
	if (shift >= 0)
		digits[n - 1] = '\0';
	else
		shift = 0;
	if (kstrtou64(digits, &v) || v > SIZE_MAX >> shift)
		return false;
	*out = v << shift;
	return true;
}

size_t boot_option_size(const char *key, size_t otherwise)
{
	const char *s = cmdline_get(&boot_info.cmdline, key);
	size_t v;

	if (!s)
		return otherwise;
	if (parse_size(s, &v))
		return v;
	log_warn("option %s=%s is not a size (as in 64M): ignored", key, s);
	return otherwise;
}
