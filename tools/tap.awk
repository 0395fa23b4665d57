# SPDX-License-Identifier: MIT
# TAP to verdicts for check.sh: lines "ok|fail|skip NAME/TEST [WHY]". -v name is the program's name
# and -v status its exit status. What was announced and never came is a failure, and so is a program
# that ends badly without a failed test to show for it, or says nothing at all.

function verdict(what, test, why)
{
	gsub(/[ \t]+/, "-", test)
	print what, name (test == "" ? "" : "/" test), why
	count++
	failed += what == "fail"
}

/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; plan = 1 }

/^(not )?ok([ \t]|$)/ {
	bad = sub(/^not /, "")
	sub(/^ok[ \t]*[0-9]*[ \t]*(- )?/, "")
	directive = tolower($0)
	if (match(directive, /#[ \t]*skip/)) {
		why = substr($0, RSTART + RLENGTH)
		test = substr($0, 1, RSTART - 1)
		sub(/[ \t]+$/, "", test)
		verdict("skip", test, why)
	} else {
		verdict(bad ? "fail" : "ok", $0, "")
	}
}

/^Bail out!/ { verdict("fail", "bail-out", $0) }

END {
	if (plan && planned == 0 && status == 0)
		verdict("skip", "", "nothing to do here")
	for (missing = count; plan && missing < planned; missing++)
		verdict("fail", "test-" missing + 1, "announced and never run")
	if (!plan && status == 0)
		verdict("fail", "", "says no plan (1..N): it did not end as it should")
	if (status != 0 && !failed)
		verdict("fail", "", status == 124 ? "took too long" : "exit status " status)
}
