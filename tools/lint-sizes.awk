# SPDX-License-Identifier: MIT
# Sizes: a C file at most 700 lines, one of assembly 300, a function 100. A function begins at a "{"
# in the first column and ends at the "}" in the first column.

FNR == 1 {
	check_file()
	file = FILENAME
	start = 0
	signature = ""
}
{ lines = FNR }
/^[A-Za-z_].*\(/ { signature = $0 }
/^{/ { start = FNR }
/^}/ && start {
	if (FNR - start - 1 > 100)
		bad(start, "a function of " FNR - start - 1 " lines, at most 100: " signature)
	start = 0
}
END {
	check_file()
	exit failed
}

function check_file(limit)
{
	limit = file ~ /\.S$/ ? 300 : 700
	if (file != "" && lines > limit)
		bad(lines, lines " lines; at most " limit)
}

function bad(line, why)
{
	printf "%s:%d: %s\n", file, line, why
	failed = 1
}
