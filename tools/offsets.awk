# SPDX-License-Identifier: MIT
# Assembly of arch/*/offsets.c to generated/offsets.h: each line  .ascii "->NAME VALUE"  becomes a
# #define, so that assembly has the offsets the C compiler chose.

BEGIN {
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Generated from offsets.c by tools/offsets.awk. */"
	print "#ifndef GENERATED_OFFSETS_H"
	print "#define GENERATED_OFFSETS_H\n"
}

match($0, /"->[^"]*"/) {
	split(substr($0, RSTART + 3, RLENGTH - 4), word, " ")
	if (word[1] !~ /^[A-Z][A-Z0-9_]*$/ || word[2] !~ /^-?[0-9]+$/) {
		print "offsets.awk: not a name and a number: " $0 | "cat >&2"
		exit failed = 1
	}
	# The header of the constant may be included too: the same value is no redefinition there.
	printf "#ifndef %s\n#define %s %s\n#endif\n", word[1], word[1], word[2]
	count++
}

END {
	print "\n#endif"
	if (failed || !count)
		exit 1
}
