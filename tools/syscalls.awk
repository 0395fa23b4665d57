# SPDX-License-Identifier: MIT
# core/syscall.tbl to C: -v out=protos, numbers, table or infos says which of the generated files is
# written to standard output. A line of the table is NUMBER NAME PROTOTYPE; anything else that is
# neither empty nor a comment is an error, as are a number or a name told twice.

function bad(why)
{
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0 | "cat >&2"
	failed = 1
}

/^[ \t]*(#|$)/ { next }
$1 !~ /^(0|[1-9][0-9]*)$/ || $1 + 0 > 1023 {
	bad("the number is not one of 0 to 1023")
	next
}
$2 !~ /^[a-z][a-z0-9_]*$/ {
	bad("the name is not one of a system call")
	next
}
!/^[0-9]+[ \t]+[a-z0-9_]+[ \t]+\([a-z][A-Za-z0-9_ *,]*\)[ \t]*$/ {
	bad("the prototype is not (TYPE NAME, ...)")
	next
}
{
	if ($1 + 0 in name)
		bad("the number stands there twice")
	if ($2 in seen)
		bad("the name stands there twice")
	if (gsub(/,/, ",") > 5)
		bad("more than six arguments")
	seen[$2] = 1
	name[$1 + 0] = $2
	proto[$1 + 0] = substr($0, index($0, "("))
	sub(/[ \t]*$/, "", proto[$1 + 0])
	if ($1 + 1 > count)
		count = $1 + 1
}

END {
	if (!failed && !count) {
		printf "%s: no system call in it\n", FILENAME | "cat >&2"
		failed = 1
	}
	if (failed)
		exit 1
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Generated from core/syscall.tbl by tools/syscalls.awk. */"
	if (out == "protos")
		protos()
	else if (out == "numbers")
		numbers()
	else if (out == "infos")
		infos()
	else
		table()
}

# One letter for each argument, by what it is: what core/trace.c prints it as.
function kinds(proto, arg, n, i, letters)
{
	n = split(substr(proto, 2, length(proto) - 2), arg, /, */)
	letters = ""
	for (i = 1; i <= n; i++) {
		if (arg[i] ~ /^const char __user \*/)
			letters = letters "s"
		else if (arg[i] ~ /^const void __user \*buf$/)
			letters = letters "b"
		else if (arg[i] ~ /\*/ || arg[i] ~ /^uintptr_t /)
			letters = letters "p"
		else if (arg[i] ~ / (flags|arg|cmd)$/)
			letters = letters "x"
		else if (arg[i] ~ / mode$/)
			letters = letters "o"
		else if (arg[i] ~ /^(unsigned|size_t)/)
			letters = letters "u"
		else if (arg[i] ~ /^int /)
			letters = letters "i"
		else if (arg[i] != "void")
			letters = letters "l"
	}
	return letters
}

function protos(n)
{
	for (n = 0; n < count; n++)
		if (n in name)
			printf "long sys_%s%s;\n", name[n], proto[n]
}

function numbers(n)
{
	print "#ifndef GENERATED_SYSCALL_NUMBERS_H"
	print "#define GENERATED_SYSCALL_NUMBERS_H\n"
	for (n = 0; n < count; n++)
		if (n in name)
			printf "#define __NR_%s %d\n#define SYS_%s %d\n", name[n], n, name[n], n
	printf "\n#define SYSCALL_COUNT %d\n\n#endif\n", count
}

# Handlers take different arguments, so each is cast to the table's type; by way of void (*)(void),
# which tells the compiler that this is meant.
function table(n, last)
{
	print "#include <core/syscall.h>"
	print "#include <generated/syscall_numbers.h>\n"
	print "#define HANDLER(name) ((syscall_handler)(void (*)(void))sys_##name)\n"
	print "const syscall_handler syscall_table[SYSCALL_COUNT] = {"
	for (n = 0; n < count; n++) {
		if (n in name) {
			printf "\t[%d] = HANDLER(%s),\n", n, name[n]
			continue
		}
		for (last = n; !(last + 1 in name); last++)
			continue
		printf "\t[%d ... %d] = sys_unknown,\n", n, last
		n = last
	}
	print "};"
}

function infos(n)
{
	print "#include <core/syscall_info.h>"
	print "#include <generated/syscall_numbers.h>\n"
	print "const struct syscall_info syscall_infos[SYSCALL_COUNT] = {"
	for (n = 0; n < count; n++)
		if (n in name)
			printf "\t[%d] = {\"%s\", \"%s\"},\n", n, name[n], kinds(proto[n])
	print "};"
}
