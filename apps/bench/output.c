/* SPDX-License-Identifier: MIT */
/* What was measured, as a table for people or as one JSON object a line for programs. */
#include "bench.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#else
#include <_newlib_version.h>
#endif

static const char *libc_name(void)
{
#ifdef __GLIBC__
	static char name[32];

	snprintf(name, sizeof(name), "glibc %s", gnu_get_libc_version());
	return name;
#else
	return "newlib " _NEWLIB_VERSION;
#endif
}

/* A member of a JSON object; a control character, which no text here has, becomes a blank. */
static void put_string(const char *key, const char *s)
{
	printf("\"%s\":\"", key);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar((unsigned char)*s < ' ' ? ' ' : *s);
	}
	putchar('"');
}

static const char *truth(bool b)
{
	return b ? "true" : "false";
}

/* Linux's name stands in sysname on Ringlet too; its own is in the version. */
static const char *system_name(const struct utsname *u)
{
	return strncmp(u->version, "Ringlet", 7) ? u->sysname : "Ringlet";
}

static void begin_json(const struct machine *m, const struct utsname *u)
{
	putchar('{');
	put_string("system", system_name(u));
	putchar(',');
	put_string("release", u->release);
	putchar(',');
	put_string("version", u->version);
	putchar(',');
	put_string("libc", libc_name());
	printf(",\"cpus\":%u,\"pinned\":%s,\"ticks_per_second\":%.0f,\"reading\":%.0f}\n", m->cpus,
	       truth(m->pinned), m->tick_rate, m->reading);
}

void output_begin(struct output *o, const struct machine *m)
{
	struct utsname u;

	uname(&u);
	if (o->json) {
		begin_json(m, &u);
	} else {
		printf("%s %s (%s), %s, %u CPU%s%s\n", system_name(&u), u.release, u.version,
		       libc_name(), m->cpus, m->cpus == 1 ? "" : "s",
		       m->pinned ? ", pinned to one" : "");
		printf("%.3f million ticks a second; reading the counter: %.0f ticks a repetition\n"
		       "ticks: median of one operation, the loop's own (own) included\n\n"
		       "%-14s %12s %10s %12s %12s %8s %12s\n",
		       m->tick_rate / 1e6, m->reading, "operation", "ticks", "+-", "least", "most",
		       "own", "ns");
	}
	fflush(stdout);
}

static void row_json(const struct op *op, const struct figures *f, double own)
{
	putchar('{');
	put_string("name", op->name);
	printf(",\"ticks\":%.2f,\"mad\":%.2f,\"min\":%.2f,\"max\":%.2f,\"own\":%.2f,\"ns\":%.2f,"
	       "\"iters\":%lu,\"reps\":%u,\"bytes\":%lu,\"halts\":%s}\n",
	       f->ticks, f->mad, f->min, f->max, own, f->ns, f->iters, f->reps, op->bytes,
	       truth(op->halts));
}

static void row_table(struct output *o, const struct op *op, const struct figures *f, double own)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%s", op->name, op->halts ? "*" : "");
	printf("%-14s %12.1f %10.1f %12.1f %12.1f %8.1f %12.1f", name, f->ticks, f->mad, f->min,
	       f->max, own, f->ns);
	if (op->bytes && f->ns > 0)
		printf("  %.0f MB/s", (double)op->bytes * 1e3 / f->ns);
	putchar('\n');
	o->halts |= op->halts;
}

void output_row(struct output *o, const struct op *op, const struct figures *f, double own)
{
	if (o->json)
		row_json(op, f, own);
	else
		row_table(o, op, f, own);
	fflush(stdout);
}

void output_reason(struct output *o, const struct op *op, const char *why, bool failed)
{
	if (o->json) {
		putchar('{');
		put_string("name", op->name);
		putchar(',');
		put_string(failed ? "failed" : "skip", why);
		printf(",\"halts\":%s}\n", truth(op->halts));
	} else {
		printf("%-14s %s: %s\n", op->name, failed ? "FAILED" : "skip", why);
	}
	fflush(stdout);
}

void output_end(const struct output *o)
{
	if (!o->json && o->halts)
		puts("\n* threads wait for each other: time in which a CPU halts is in these rows");
}
