#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of our own text: lint.sh CHECK, one of those that `lint.sh list` prints. Each prints
# what it found, FILE:LINE first, and exits with 1 if that is anything. Environment: SRC, the source
# folder; O, the build folder; CLANG_FORMAT (empty: not installed, exit 77); AWK. Called by check.sh.

set -eu
: "${SRC:=.}" "${O:=build}" "${AWK:=awk}"
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$O" 2>/dev/null && pwd || echo /nonexistent)
cd "$SRC"

# files PATTERN...: our files whose name matches one of the shell patterns.
files() {
	for pattern; do
		find configure Makefile.in GNUmakefile README.md NOTICE LICENSE .ci apps arch core deps \
			docs images libc-glue net tests tools -name __pycache__ -prune -o \
			-path 'apps/*/www' -prune -o -type f -name "$pattern" -print 2>/dev/null || :
	done | sort -u
}

check_format() {
	[ -n "${CLANG_FORMAT-}" ] || exit 77
	# A header of assembly macros is no C. One line a file is enough: clang-format -i does the rest.
	files '*.c' '*.h' | xargs grep -L '^\.macro' |
		xargs "$CLANG_FORMAT" --dry-run --Werror 2>&1 |
		"$AWK" -F: '
			/: error: / && !seen[$1]++ {
				print $1 ":" $2 ": not as clang-format -i has it"
				found = 1
			}
			END { exit found }'
}

check_layering() {
	files '*.c' '*.h' '*.S' | xargs "$AWK" -f "$here/lint-layering.awk"
}

check_sizes() {
	files '*.c' '*.h' '*.S' | xargs "$AWK" -f "$here/lint-sizes.awk"
}

# The promise of the project: the core as it boots.
check_core_size() {
	limit=500000
	[ -z "${VARIANT-}" ] && [ -f "$build/core.elf" ] || exit 77
	size=$(wc -c <"$build/core.elf")
	[ "$size" -le $limit ] || {
		echo "core.elf: $size bytes; at most $limit"
		exit 1
	}
}

# Licence line first, no marks of unfinished work, no stray blanks.
check_text() {
	status=0
	for file in $(files '*.c' '*.h' '*.S' '*.lds' '*.sh' '*.awk' '*.mk' '*.py' '*.tbl' '*.ablate' \
		configure Makefile.in fetch build manifest run); do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
			echo "$file:1: no SPDX line"
			status=1
		}
	done
	marks="TO""DO|FIX""ME|XX""X"
	if files '*' | xargs grep -InwE "$marks" /dev/null; then
		status=1
	fi
	# A diff has a blank for an empty line.
	if files '*' | grep -v '\.ablate$' | xargs grep -InE "[[:blank:]]+$|$(printf '\r')$" /dev/null; then
		status=1
	fi
	return $status
}

check_shell() {
	status=0
	for file in configure $(files '*.sh' fetch build run ringlet-cc accept); do
		case $(head -n 1 "$file") in
		'#!/bin/sh') sh -n "$file" || status=1 ;;
		*bash) bash -n "$file" || status=1 ;;
		esac
	done
	return $status
}

# docs/ENTRY.md lists every guard of tests/ablate, and each can be taken out of what is here.
check_guards() {
	status=0
	for file in tests/ablate/*.ablate; do
		patch -p1 --fuzz=0 --force --dry-run -s -i "$file" >/dev/null || {
			echo "$file: its diff does not apply"
			status=1
		}
	done
	python3 -B tests/ablate/table.py . --check || status=1
	return $status
}

case ${1-} in
list) echo "format layering sizes core_size text shell guards" ;;
format | layering | sizes | core_size | text | shell | guards) "check_$1" ;;
*)
	echo "usage: lint.sh CHECK; lint.sh list prints them" >&2
	exit 2
	;;
esac
