/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls where -fsanitize=undefined finds undefined behaviour (configure
 * --enable-ubsan). Each is our bug: it is logged with its place and stops the machine. The structs
 * and names are the compiler's, common to gcc and clang. Called anywhere; takes no lock; compiled
 * without the sanitizer itself.
 */
#include <core/log.h>
#include <core/string.h>

struct ubsan_place {
	const char *file;
	uint32_t line, column;
};

/* kind 0 is an integer: bit 0 of info tells signed, the rest log2 of its width in bits. */
struct ubsan_type {
	uint16_t kind, info;
	char name[];
};

/* Every report's data begins with the place; most go on with one or two types. */
struct ubsan_data {
	struct ubsan_place place;
	const struct ubsan_type *type, *type2;
};

struct ubsan_type_mismatch {
	struct ubsan_place place;
	const struct ubsan_type *type;
	uint8_t log_align, kind;
};

struct ubsan_nonnull {
	struct ubsan_place place, attribute;
	int argument;
};

struct ubsan_builtin {
	struct ubsan_place place;
	uint8_t kind;
};

/* A value is passed in the word itself if it fits, else the word is its address. */
typedef uintptr_t ubsan_value;

static _Noreturn void __printf(2, 3)
	ubsan_report(const struct ubsan_place *place, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_err("undefined behaviour at %s:%u:%u: %s", place->file, place->line, place->column,
		text);
	panic("bug: undefined behaviour at %s:%u: %s", place->file, place->line, text);
}

static unsigned type_bits(const struct ubsan_type *t)
{
	return 1U << (t->info >> 1);
}

/* The value as text; of numbers wider than a word only that they are. */
static const char *value_text(char *buf, size_t size, const struct ubsan_type *t, ubsan_value v)
{
	unsigned bits = type_bits(t);

	if (t->kind != 0 || bits > 64)
		ksnprintf(buf, size, "(%s)", t->name);
	else if (t->info & 1)
		ksnprintf(buf, size, "%lld", (long long)(v << (64 - bits)) >> (64 - bits));
	else
		ksnprintf(buf, size, "%llu", (unsigned long long)v);
	return buf;
}

static _Noreturn void report_overflow(const struct ubsan_data *d, const char *op, ubsan_value a,
				      ubsan_value b)
{
	char left[32], right[32];

	ubsan_report(&d->place, "%s %s %s overflows %s", value_text(left, sizeof(left), d->type, a),
		     op, value_text(right, sizeof(right), d->type, b), d->type->name);
}

/* The compiler calls these by name only; the declarations keep -Wmissing-prototypes content. */
void __ubsan_handle_add_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b);
void __ubsan_handle_sub_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b);
void __ubsan_handle_mul_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b);
void __ubsan_handle_divrem_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b);
void __ubsan_handle_negate_overflow(const struct ubsan_data *d, ubsan_value v);
void __ubsan_handle_shift_out_of_bounds(const struct ubsan_data *d, ubsan_value a, ubsan_value b);
void __ubsan_handle_out_of_bounds(const struct ubsan_data *d, ubsan_value index);
void __ubsan_handle_type_mismatch_v1(const struct ubsan_type_mismatch *d, ubsan_value p);
void __ubsan_handle_pointer_overflow(const struct ubsan_data *d, ubsan_value p, ubsan_value q);
void __ubsan_handle_load_invalid_value(const struct ubsan_data *d, ubsan_value v);
void __ubsan_handle_vla_bound_not_positive(const struct ubsan_data *d, ubsan_value v);
void __ubsan_handle_nonnull_arg(const struct ubsan_nonnull *d);
void __ubsan_handle_nonnull_return_v1(const struct ubsan_data *d, const struct ubsan_place *at);
void __ubsan_handle_invalid_builtin(const struct ubsan_builtin *d);
void __ubsan_handle_alignment_assumption(const struct ubsan_data *d, ubsan_value p,
					 ubsan_value align, ubsan_value offset);
void __ubsan_handle_function_type_mismatch(const struct ubsan_data *d, ubsan_value fn);
void __ubsan_handle_builtin_unreachable(const struct ubsan_data *d);
void __ubsan_handle_missing_return(const struct ubsan_data *d);

void __ubsan_handle_add_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b)
{
	report_overflow(d, "+", a, b);
}

void __ubsan_handle_sub_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b)
{
	report_overflow(d, "-", a, b);
}

void __ubsan_handle_mul_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b)
{
	report_overflow(d, "*", a, b);
}

void __ubsan_handle_divrem_overflow(const struct ubsan_data *d, ubsan_value a, ubsan_value b)
{
	report_overflow(d, "/", a, b);
}

void __ubsan_handle_negate_overflow(const struct ubsan_data *d, ubsan_value v)
{
	char text[32];

	ubsan_report(&d->place, "-(%s) overflows %s", value_text(text, sizeof(text), d->type, v),
		     d->type->name);
}

void __ubsan_handle_shift_out_of_bounds(const struct ubsan_data *d, ubsan_value a, ubsan_value b)
{
	char left[32], right[32];

	ubsan_report(&d->place, "shift of %s %s by %s", d->type->name,
		     value_text(left, sizeof(left), d->type, a),
		     value_text(right, sizeof(right), d->type2, b));
}

void __ubsan_handle_out_of_bounds(const struct ubsan_data *d, ubsan_value index)
{
	char text[32];

	ubsan_report(&d->place, "index %s is outside %s",
		     value_text(text, sizeof(text), d->type2, index), d->type->name);
}

void __ubsan_handle_type_mismatch_v1(const struct ubsan_type_mismatch *d, ubsan_value p)
{
	static const char *const kinds[] = {
		"load of",   "store to",     "reference to", "member of",
		"call of",   "constructor",  "downcast of",  "downcast of",
		"upcast of", "virtual base", "nonnull",	     "dynamic use of",
	};
	const char *kind = d->kind < ARRAY_SIZE(kinds) ? kinds[d->kind] : "use of";

	if (!p)
		ubsan_report(&d->place, "%s %s by a null pointer", kind, d->type->name);
	if (p & ((1UL << d->log_align) - 1))
		ubsan_report(&d->place, "%s %s at %#lx, not aligned to %lu", kind, d->type->name, p,
			     1UL << d->log_align);
	ubsan_report(&d->place, "%s %s at %#lx, where there is no room for it", kind, d->type->name,
		     p);
}

/* Only the place is told: the data has no types. */
void __ubsan_handle_pointer_overflow(const struct ubsan_data *d, ubsan_value p, ubsan_value q)
{
	ubsan_report(&d->place, "pointer %#lx becomes %#lx", p, q);
}

void __ubsan_handle_load_invalid_value(const struct ubsan_data *d, ubsan_value v)
{
	ubsan_report(&d->place, "%lu is no value of %s", v, d->type->name);
}

void __ubsan_handle_vla_bound_not_positive(const struct ubsan_data *d, ubsan_value v)
{
	char text[32];

	ubsan_report(&d->place, "array of %s elements", value_text(text, sizeof(text), d->type, v));
}

void __ubsan_handle_nonnull_arg(const struct ubsan_nonnull *d)
{
	ubsan_report(&d->place, "argument %d must not be null", d->argument);
}

void __ubsan_handle_nonnull_return_v1(const struct ubsan_data *d, const struct ubsan_place *at)
{
	(void)d;
	ubsan_report(at, "null returned where it must not be");
}

void __ubsan_handle_invalid_builtin(const struct ubsan_builtin *d)
{
	ubsan_report(&d->place, "zero given to %s", d->kind ? "a builtin" : "ctz or clz");
}

void __ubsan_handle_alignment_assumption(const struct ubsan_data *d, ubsan_value p,
					 ubsan_value align, ubsan_value offset)
{
	ubsan_report(&d->place, "%#lx is assumed aligned to %lu (offset %lu)", p, align, offset);
}

void __ubsan_handle_function_type_mismatch(const struct ubsan_data *d, ubsan_value fn)
{
	ubsan_report(&d->place, "call of %#lx as if it were %s", fn, d->type->name);
}

void __ubsan_handle_builtin_unreachable(const struct ubsan_data *d)
{
	ubsan_report(&d->place, "a place that is never reached");
}

void __ubsan_handle_missing_return(const struct ubsan_data *d)
{
	ubsan_report(&d->place, "the end of a function that returns a value");
}
