# SPDX-License-Identifier: MIT
# `nm -n` of the linked core to the symbol table the core carries for its own backtraces:
#
#	core_symbols		pairs of 32-bit numbers, sorted: offset of a function from
#				core_image_start, offset of its name in core_symbol_names
#	core_symbol_count	how many pairs
#	core_symbol_names	the names, each NUL-terminated
#
# Without input it is an empty table: what the first link uses. Addresses stay text, since awk's
# numbers cannot hold 64 bits; their low halves are enough, as the image lies in the top 2 GiB.

BEGIN { base = "0" }

$3 == "core_image_start" { base = "0x" substr($1, length($1) - 7) }

$2 ~ /^[TtWw]$/ && $3 !~ /^\.|^core_(image|text)_(start|end)$/ && $1 != last {
	last = $1
	address[count] = "0x" substr($1, length($1) - 7)
	name[count++] = $3
}

END {
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Generated from the linked core by tools/symbols.awk. */"
	print "\t.section .core_symbols, \"a\""
	print "\t.globl core_symbols, core_symbol_count, core_symbol_names"
	print "\t.balign 8\ncore_symbols:"
	for (i = 0; i < count; i++) {
		printf "\t.long %s - %s, %d\n", address[i], base, at
		at += length(name[i]) + 1
	}
	printf "core_symbol_count:\n\t.long %d\ncore_symbol_names:\n", count
	for (i = 0; i < count; i++)
		printf "\t.asciz \"%s\"\n", name[i]
	print "\t.section .note.GNU-stack, \"\", @progbits"
}
