#!/bin/sh
# SPDX-License-Identifier: MIT
# Links the core with the table of its own symbols, which is only known once it is linked:
#
#	link-core.sh OUT SCRIPT OBJECT...
#
# First with an empty table, then with the table of the link before, until no function's address
# differs from the one before (the linker script puts the table behind all text, so the second link
# is normally the last). Fails if that never comes. Environment: CC LD NM AWK.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
script=$2
shift 2
symbols=${out%.elf}.symbols

# The symbols of text in OUT, with what the table gives addresses relative to.
list() {
	"$NM" -n "$out" | "$AWK" '$2 ~ /^[TtWw]$/ || $3 == "core_image_start"'
}

# One link of the objects with the table in symbols.S.
link_with() {
	"$CC" -c -o "$symbols.o" "$symbols.S"
	"$LD" -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none --gc-sections \
		-T "$script" -o "$out" "$@" "$symbols.o"
}

trap 'rm -f "$symbols.old" "$symbols.new"; [ "$?" = 0 ] || rm -f "$out"' EXIT
: >"$symbols.new"
for _ in 1 2 3 4; do
	mv "$symbols.new" "$symbols.old"
	"$AWK" -f "$here/symbols.awk" "$symbols.old" >"$symbols.S"
	link_with "$@"
	list >"$symbols.new"
	if cmp -s "$symbols.old" "$symbols.new"; then
		exit 0
	fi
done
echo "link-core.sh: $out: functions move with each link" >&2
exit 1
