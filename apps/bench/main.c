/* SPDX-License-Identifier: MIT */
/* The command line, and each chosen operation in turn: bench --help. */
#include "bench.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct op *const groups[] = {
	call_ops, file_ops, poll_ops, memory_ops, signal_ops, thread_ops, socket_ops,
};

struct options {
	struct settings set;
	struct output out;
	bool list, pin;
	char *only; /* a list with commas, NULL for all */
};

static void usage(FILE *to)
{
	fputs("Usage: bench [OPTION]...\n"
	      "Measures what system calls and what is built on them cost, in ticks of the "
	      "time-stamp\n"
	      "counter and in nanoseconds. With QEMU's -icount shift=0 a tick is an instruction.\n"
	      "\n"
	      "  -l, --list               names of the operations, and what each is\n"
	      "  -o, --only PATTERN[,..]  only those; * stands for anything, as in "
	      "'epoll_*,poll_*'\n"
	      "  -j, --json               one JSON object a line, the machine's first\n"
	      "  -r, --reps N             repetitions the median is taken of (9)\n"
	      "  -t, --time MS            about how long a repetition takes (1)\n"
	      "  -i, --iters N            operations in a repetition, instead of --time\n"
	      "  -d, --dir PATH           where files are made (/tmp)\n"
	      "      --no-pin             let threads run on all CPUs\n"
	      "  -h, --help               this text\n"
	      "\n"
	      "An operation the system does not have is skipped, and why is told. Exit status: 0; "
	      "1\n"
	      "if one failed that the system has; 2 for a wrong command line.\n",
	      to);
}

static unsigned long parse_number(const char *s, const char *option, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || !n || n > most) {
		fprintf(stderr, "bench: %s: \"%s\" is not a number from 1 to %lu\n", option, s,
			most);
		exit(2);
	}
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"list", no_argument, NULL, 'l'},	{"only", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'},	{"reps", required_argument, NULL, 'r'},
		{"time", required_argument, NULL, 't'}, {"iters", required_argument, NULL, 'i'},
		{"dir", required_argument, NULL, 'd'},	{"no-pin", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},	{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "lo:jr:t:i:d:h", longs, NULL)) != -1) {
		switch (c) {
		case 'l':
			o->list = true;
			break;
		case 'o':
			o->only = optarg;
			break;
		case 'j':
			o->out.json = true;
			break;
		case 'r':
			o->set.reps = (unsigned)parse_number(optarg, "--reps", MOST_REPS);
			break;
		case 't':
			o->set.time_ns = parse_number(optarg, "--time", 60000) * 1000000;
			break;
		case 'i':
			o->set.iters = parse_number(optarg, "--iters", 1000000000);
			break;
		case 'd':
			o->set.dir = optarg;
			break;
		case 'n':
			o->pin = false;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "bench: \"%s\" is not an option; see bench --help\n", argv[optind]);
		exit(2);
	}
}

/* ---- which operations ---- */

/* Whether name is what the pattern, of len bytes, describes. */
static bool matches(const char *pattern, size_t len, const char *name)
{
	if (!len)
		return !*name;
	if (*pattern == '*')
		return matches(pattern + 1, len - 1, name) ||
		       (*name && matches(pattern, len, name + 1));
	return *name == *pattern && matches(pattern + 1, len - 1, name + 1);
}

static bool chosen(const char *only, const char *name)
{
	for (const char *p = only; p;) {
		size_t len = strcspn(p, ",");

		if (matches(p, len, name))
			return true;
		p = p[len] ? p + len + 1 : NULL;
	}
	return !only;
}

/* Every pattern must choose something: a wrong name is no empty result. */
static void check_patterns(const char *only)
{
	for (const char *p = only; p;) {
		size_t len = strcspn(p, ",");
		bool found = false;

		for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
			for (const struct op *op = groups[g]; op->name; op++)
				found |= matches(p, len, op->name);
		if (!found) {
			fprintf(stderr,
				"bench: no operation is called \"%.*s\"; see bench --list\n",
				(int)len, p);
			exit(2);
		}
		p = p[len] ? p + len + 1 : NULL;
	}
}

static void each_chosen(struct options *o, void (*each)(struct options *o, const struct op *op))
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct op *op = groups[g]; op->name; op++)
			if (chosen(o->only, op->name))
				each(o, op);
}

static void list(struct options *o, const struct op *op)
{
	char name[32];

	(void)o;
	snprintf(name, sizeof(name), "%s%s", op->name, op->halts ? "*" : "");
	printf("%-14s %s\n", name, op->about);
}

/* ---- measuring ---- */

static bool failed;

static void run(struct options *o, const struct op *op)
{
	struct bench b = {.op = op, .set = &o->set};
	struct figures f;
	double own = 0;
	int err = op->setup ? op->setup(&b) : 0;
	bool skipped = err;

	if (!err) {
		err = measure(&b, op->run, o->set.reps, o->set.time_ns, &f);
		skipped = err && b.error == ENOSYS;
	}
	if (!err)
		own = own_cost(&b);
	if (op->teardown)
		op->teardown(&b);
	if (err) {
		output_reason(&o->out, op, b.why, !skipped);
		failed |= !skipped;
		return;
	}
	output_row(&o->out, op, &f, own);
}

static unsigned count_cpus(void)
{
	unsigned long mask[16] = {0};
	unsigned n = 0;

	if (raw3(NR_sched_getaffinity, 0, sizeof(mask), (long)mask) < 0)
		return 1;
	for (unsigned i = 0; i < sizeof(mask) / sizeof(mask[0]); i++)
		n += (unsigned)__builtin_popcountl(mask[i]);
	return n;
}

/* Keeps all threads to the CPU this one runs on first. */
static bool pin(void)
{
	unsigned long mask[16] = {0};

	if (raw3(NR_sched_getaffinity, 0, sizeof(mask), (long)mask) < 0)
		return false;
	for (unsigned i = 0; i < sizeof(mask) / sizeof(mask[0]); i++) {
		if (mask[i]) {
			unsigned long first = mask[i] & -mask[i];

			memset(mask, 0, sizeof(mask));
			mask[i] = first;
			break;
		}
	}
	return raw3(NR_sched_setaffinity, 0, sizeof(mask), (long)mask) == 0;
}

static void begin(struct options *o)
{
	struct bench b = {.set = &o->set};
	struct machine m = {.cpus = count_cpus()};

	m.pinned = o->pin && pin();
	m.tick_rate = tick_rate();
	m.reading = reading_cost(&b);
	output_begin(&o->out, &m);
}

int main(int argc, char **argv)
{
	struct options o = {
		.set = {.reps = 9, .time_ns = 1000000, .dir = "/tmp"},
		.pin = true,
	};

	parse(&o, argc, argv);
	check_patterns(o.only);
	if (o.list) {
		each_chosen(&o, list);
		return 0;
	}
	begin(&o);
	each_chosen(&o, run);
	output_end(&o.out);
	return failed;
}
