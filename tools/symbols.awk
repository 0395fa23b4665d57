# SPDX-License-Identifier: MIT
# `nm -n` of the linked core to the symbol table the core carries for its own backtraces: from
# core_symbols to core_symbols_end for each function, sorted by address,
#
#	how far it is from the one before, the first from core_image_start (unsigned LEB128)
#	how many characters of its name are those of the name before (a byte)
#	the others, NUL-terminated
#
# Without input it is an empty table: what the first link uses. Addresses stay text, since awk's
# numbers cannot hold 64 bits; their low halves are enough, as the image lies in the top 2 GiB.

BEGIN {
	base = "0"
	count = 0
}

$3 == "core_image_start" { base = "0x" substr($1, length($1) - 7) }

$2 ~ /^[TtWw]$/ && $3 !~ /^\.|^core_(image|text)_(start|end)$/ && $1 != last {
	last = $1
	address[count] = "0x" substr($1, length($1) - 7)
	name[count++] = $3
}

# The length of what two names begin with.
function common(a, b,    n) {
	while (n < length(a) && n < length(b) && substr(a, n + 1, 1) == substr(b, n + 1, 1))
		n++
	return n + 0
}

END {
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Generated from the linked core by tools/symbols.awk. */"
	print "\t.section .core_symbols, \"a\""
	print "\t.globl core_symbols, core_symbols_end"
	print "core_symbols:"
	for (i = 0; i < count; i++) {
		same = i ? common(name[i - 1], name[i]) : 0
		printf "\t.uleb128 %s - %s\n", address[i], i ? address[i - 1] : base
		printf "\t.byte %d\n\t.asciz \"%s\"\n", same, substr(name[i], same + 1)
	}
	print "core_symbols_end:"
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
