# SPDX-License-Identifier: MIT
# pytest's --junitxml report to verdicts for check.sh: lines "ok|fail|skip SUITE/FILE/TEST".
# -v suite is the suite's name and -v status pytest's exit status. Fails if the report is not one.

BEGIN { RS = "<" }

function attribute(key)
{
	return match($0, " " key "=\"[^\"]*\"") ? \
		substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4) : ""
}

function finish()
{
	if (test != "")
		print verdict, test
	test = ""
}

/^testsuite / { seen = 1 }
/^testcase / {
	finish()
	class = attribute("classname")
	sub(/.*test_/, "", class)
	test = suite "/" class "/" attribute("name")
	gsub(/[ \t]+/, "-", test)
	verdict = "ok"
	if (/\/>[ \t\n]*$/)
		finish()
}
/^(failure|error)[ >]/ { verdict = "fail"; failed = 1 }
/^skipped[ \/>]/ && verdict != "fail" { verdict = "skip" }
/^\/testcase>/ { finish() }

END {
	if (!seen)
		exit 1
	if (status != 0 && !failed)
		print "fail " suite "/pytest"
}
