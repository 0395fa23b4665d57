#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs suites of tests and counts: check.sh SUITE..., of lint, build (the build's own scripts),
# unit, guest, system, bench (instruction counts beside the baseline), ubsan (the guest tests once
# more, on a core that checks itself), ablate (tests/ablate), conformance (Linux's x86 selftests) and
# bochs (the guest tests on Bochs). The last line is "N passed, N failed", with ", N skipped" if any
# were; the exit status is 0 only if none failed. A program that dies, stops halfway or says nothing
# counts as a failed test. T=NAME runs one test (a program of unit or guest, a lint check, or what
# pytest -k selects). LONG=1 includes the long ones. Called by the Makefile, which sets O, SRC, PYTHON,
# CLANG_FORMAT, AWK and VARIANT. Output of each program stays in O/check/.

set -u
: "${O:=build}" "${SRC:=.}" "${PYTHON=}" "${AWK:=awk}" "${T:=}" "${LONG:=}"
here=$(cd "$(dirname "$0")" && pwd)
export O SRC AWK
log=$O/check
results=$log/results
rm -rf "$log"
mkdir -p "$log"
: >"$results"

wanted() {
	[ -z "$T" ] || [ "$T" = "$1" ] || [ "$T" = "${1#test_}" ]
}

# record ok|fail|skip NAME [WHY]
record() {
	echo "$1 $2" >>"$results"
	case $1 in
	ok) echo "ok    $2${3:+ ($3)}" ;;
	fail) echo "FAIL  $2${3:+: $3}" ;;
	skip) echo "skip  $2${3:+: $3}" ;;
	esac
}

# tap NAME SECONDS COMMAND...: a program that prints TAP; standard error goes to its log.
tap() {
	name=$1 seconds=$2
	shift 2
	out=$log/$(echo "$name" | tr / -)
	timeout -k 5 "$seconds" "$@" >"$out.tap" 2>"$out.err" </dev/null
	status=$?
	"$AWK" -v name="$name" -v status=$status -f "$here/tap.awk" "$out.tap" >"$out.results"
	while read -r verdict what why; do
		echo "$verdict $what" >>"$results"
		[ "$verdict" = ok ] || echo "  $verdict $what $why"
	done <"$out.results"
	if grep -q '^fail' "$out.results"; then
		echo "FAIL  $name; from $out.tap and $out.err:"
		tail -n 25 "$out.tap" "$out.err" | sed 's/^/      /'
	else
		echo "ok    $name ($(grep -c '^ok' "$out.results"))"
	fi
}

suite_lint() {
	for check in $("$here/lint.sh" list); do
		wanted "$check" || continue
		"$here/lint.sh" "$check" >"$log/lint-$check" 2>&1
		case $? in
		0) record ok "lint/$check" ;;
		77) record skip "lint/$check" "what it checks, or checks with, is not there" ;;
		*)
			record fail "lint/$check"
			head -n 40 "$log/lint-$check" | sed 's/^/      /'
			;;
		esac
	done
}

suite_build() {
	! wanted build || tap build 300 "$here/test-build.sh"
}

suite_unit() {
	for source in "$SRC"/tests/unit/test_*.c; do
		test=$(basename "$source" .c)
		[ "$test" != test_main ] && [ -f "$source" ] && wanted "$test" || continue
		if [ -x "$O/unit/$test" ]; then
			tap "unit/${test#test_}" 300 "$O/unit/$test"
		else
			record skip "unit/${test#test_}" "this compiler has no sanitizers"
		fi
	done
}

# pytest SUITE ARGUMENT...: what it reports, as verdicts of that suite.
pytest() {
	suite=$1
	report=$log/$suite.xml
	shift
	if [ -z "$PYTHON" ]; then
		record skip "$suite" "pytest is not installed"
		return
	fi
	set -- -p no:cacheprovider -q --tb=short --junitxml="$report" "$@"
	[ -n "$LONG" ] || set -- -m "not long" "$@"
	[ -z "$T" ] || set -- -k "$T" "$@"
	RINGLET_BUILD=$(cd "$O" && pwd) PYTHONDONTWRITEBYTECODE=1 "$PYTHON" -m pytest "$@"
	status=$?
	# 5: nothing selected.
	[ $status != 5 ] || return 0
	"$AWK" -v suite="$suite" -v status=$status -f "$here/junit.awk" "$report" >>"$results" ||
		record fail "$suite" "pytest ended with status $status and no report"
}

# The programs of tests/guest, as their sources ask to be run.
suite_guest() {
	pytest guest "$SRC/tests/system/test_guest.py"
}

suite_ubsan() {
	RINGLET_CORE=$(cd "$O" && pwd)/ubsan/build/core.elf
	export RINGLET_CORE
	pytest ubsan "$SRC/tests/system/test_guest.py"
	unset RINGLET_CORE
}

suite_ablate() {
	if [ -z "$PYTHON" ]; then
		record skip ablate "pytest is not installed"
		return
	fi
	"$PYTHON" -B "$SRC/tests/ablate/ablate.py" "$O" "$SRC" ${T:+"$T"} 2>&1 | tee "$log/ablate"
	"$AWK" '
		$2 ~ /^ablate\// && $1 ~ /^(ok|FAIL)$/ { print tolower($1), $2 }
		/^[0-9]+ passed, [0-9]+ failed$/ { whole = 1 }
		END { if (!whole) print "fail", "ablate" }' "$log/ablate" >>"$results"
}

suite_system() {
	pytest system --ignore="$SRC/tests/system/test_guest.py" "$SRC/tests/system"
}

# A core for debugging has other figures.
suite_bench() {
	wanted bench || return 0
	if [ -n "${VARIANT-}" ]; then
		record skip bench "this core is built for debugging"
	else
		tap bench 120 env RINGLET_QEMU="${QEMU-}" "${PYTHON:-python3}" -B "$SRC/tools/bench" \
			check "$O/ringlet" "$SRC/tests/bench/baseline.json"
	fi
}

# Linux's x86 selftests; it shows a line for each and counts them itself.
suite_conformance() {
	RINGLET_QEMU="${QEMU-}" "${PYTHON:-python3}" -B "$SRC/tests/conformance/conformance.py" "$(cd "$O" && pwd)" \
		--only "$T" --record "$results" || record fail conformance "it could not run"
}

# The guest tests on another machine than QEMU's.
suite_bochs() {
	if ! command -v bochs >/dev/null 2>&1; then
		record skip bochs "install bochs bochs-term bochsbios vgabios"
		return
	fi
	pytest bochs -vv "$SRC/tests/bochs"
}

for suite; do
	"suite_$suite"
done

count() {
	grep -c "^$1 " "$results"
}
passed=$(count ok) failed=$(count fail) skipped=$(count skip)
if [ "$((passed + failed + skipped))" = 0 ]; then
	echo "no test is named $T" >&2
	failed=1
elif [ "$failed" != 0 ]; then
	echo
	echo "Failed:"
	sed -n 's/^fail /  /p' "$results"
fi
tail=
[ "$skipped" = 0 ] || tail=", $skipped skipped"
echo "$passed passed, $failed failed$tail"
[ "$failed" = 0 ]
