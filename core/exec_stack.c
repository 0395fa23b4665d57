// SPDX-License-Identifier: MIT
/*
 * The app's stack at its start: argument count, pointers to arguments and environment, auxiliary
 * vector, then the strings. Built in core memory and copied over in one piece. Owns the list of the
 * environment. Called by exec.c.
 */
#include <abi/auxv.h>
#include <abi/errno.h>
#include <arch/thread.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/process.h>
#include <core/random.h>
#include <core/string.h>
#include <core/uaccess.h>
#include <core/vm.h>

#include "exec.h"

#define STACK_DEFAULT (8ul << 20)
#define STACK_LEAST   (64ul << 10)
#define PLATFORM      "x86_64"
#define AUX_MOST      24
#define CLOCK_TICKS   100

static size_t stack_limit; /* of the stack mapped last */

struct builder {
	char *image;	/* what goes to the app's stack from sp on */
	uintptr_t sp;	/* where that will be */
	size_t words;	/* 8-byte words written at the image's start */
	size_t strings; /* where in the image the next string goes */
};

static unsigned count(char *const *v)
{
	unsigned n = 0;

	while (v[n])
		n++;
	return n;
}

static size_t string_bytes(char *const *v)
{
	size_t n = 0;

	for (; *v; v++)
		n += strlen(*v) + 1;
	return n;
}

static void put_word(struct builder *b, uint64_t v)
{
	memcpy(b->image + 8 * b->words++, &v, sizeof(v));
}

/* Where the bytes will be in the app's memory. */
static uintptr_t put_bytes(struct builder *b, const void *p, size_t n)
{
	uintptr_t at = b->sp + b->strings;

	memcpy(b->image + b->strings, p, n);
	b->strings += n;
	return at;
}

static uintptr_t put_string(struct builder *b, const char *s)
{
	return put_bytes(b, s, strlen(s) + 1);
}

static void put_vector(struct builder *b, char *const *v)
{
	for (; *v; v++)
		put_word(b, put_string(b, *v));
	put_word(b, 0);
}

static void put_aux(struct builder *b, uint64_t type, uint64_t value)
{
	put_word(b, type);
	put_word(b, value);
}

static void put_auxv(struct builder *b, const struct start_state *s)
{
	uint8_t seed[16];

	random_bytes(seed, sizeof(seed));
	put_aux(b, AT_PAGESZ, PAGE_SIZE);
	if (s->phdr) {
		put_aux(b, AT_PHDR, s->phdr);
		put_aux(b, AT_PHENT, s->phentsize);
		put_aux(b, AT_PHNUM, s->phnum);
	}
	if (s->vdso)
		put_aux(b, AT_SYSINFO_EHDR, s->vdso);
	put_aux(b, AT_BASE, s->base);
	put_aux(b, AT_FLAGS, 0);
	put_aux(b, AT_ENTRY, s->entry);
	put_aux(b, AT_UID, 0);
	put_aux(b, AT_EUID, 0);
	put_aux(b, AT_GID, 0);
	put_aux(b, AT_EGID, 0);
	put_aux(b, AT_SECURE, 0);
	put_aux(b, AT_RANDOM, put_bytes(b, seed, sizeof(seed)));
	put_aux(b, AT_HWCAP, arch_hwcap(0));
	put_aux(b, AT_HWCAP2, arch_hwcap(1));
	put_aux(b, AT_CLKTCK, CLOCK_TICKS);
	put_aux(b, AT_MINSIGSTKSZ, arch_minsigstksz());
	put_aux(b, AT_EXECFN, put_string(b, s->path));
	put_aux(b, AT_PLATFORM, put_string(b, PLATFORM));
	put_aux(b, AT_NULL, 0);
}

size_t exec_stack_limit(void)
{
	return stack_limit;
}

/* Maps the stack; its top, or -errno. */
static long map_stack(size_t image, const char **why)
{
	size_t limit = max(boot_option_size("stack", STACK_DEFAULT), STACK_LEAST);
	long top = vm_map_stack(limit);

	stack_limit = ALIGN_UP(limit, PAGE_SIZE);
	if (top < 0) {
		*why = "cannot have a stack of this size (option stack=)";
		return top;
	}
	/* Linux's rule as well: arguments and environment may take a quarter. */
	if (image > limit / 4) {
		*why = "has more arguments and environment than its stack (option stack=) can hold";
		return -E2BIG;
	}
	return top;
}

int exec_stack(const struct start_state *s, uintptr_t *sp, const char **why)
{
	size_t words = 1 + count(s->argv) + 1 + count(s->envp) + 1 + 2 * AUX_MOST;
	size_t strings = string_bytes(s->argv) + string_bytes(s->envp) + strlen(s->path) + 1 +
			 sizeof(PLATFORM) + 16;
	size_t size = ALIGN_UP(words * 8 + strings, 16ul);
	struct builder b = {.strings = words * 8};
	long top = map_stack(size, why);
	int r = 0;

	if (top < 0)
		return (int)top;
	b.sp = ALIGN_DOWN((uintptr_t)top, 16ul) - size;
	b.image = kzalloc(size);
	if (b.image) {
		put_word(&b, count(s->argv));
		put_vector(&b, s->argv);
		put_vector(&b, s->envp);
		put_auxv(&b, s);
	}
	if (!b.image || copy_to_user((void __user *)b.sp, b.image, size)) {
		*why = "does not fit in memory: give the machine more (-m)";
		r = -ENOMEM;
	}
	kfree(b.image);
	*sp = b.sp;
	return r;
}

/* ---- environment ---- */

static char *environment[CMDLINE_MAX_WORDS + 4];

static size_t name_length(const char *s)
{
	const char *eq = strchr(s, '=');

	return eq ? (size_t)(eq - s) : strlen(s);
}

/* Adds "NAME=VALUE" in place of one of the same name. */
static unsigned set_variable(unsigned n, char *v)
{
	size_t len = name_length(v) + 1;
	unsigned i = 0;

	while (i < n && strncmp(environment[i], v, len))
		i++;
	environment[i] = v;
	return max(n, i + 1);
}

char *const *exec_environment(const struct cmdline *c)
{
	static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", home[] = "HOME=/";
	static char term[] = "TERM=linux";
	unsigned n = 0;

	n = set_variable(n, path);
	n = set_variable(n, home);
	n = set_variable(n, term);
	for (unsigned i = 0; i < c->options; i++) {
		char *v = c->option[i] + 4;

		if (strncmp(c->option[i], "env.", 4))
			continue;
		if (*v && *v != '=' && strchr(v, '='))
			n = set_variable(n, v);
		else
			log_warn("option %s sets no variable (env.NAME=VALUE): ignored",
				 c->option[i]);
	}
	environment[n] = NULL;
	return environment;
}
