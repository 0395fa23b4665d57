# SPDX-License-Identifier: MIT
# From sources lists in the one-line format (comments taken out) to "URI KEYRING" lines; see
# mirrors() in deps/fetch. -v codename=NAME is the machine's own release.
#	deb [signed-by=KEYRING ...] URI SUITE COMPONENT...

$1 == "deb" || $1 == "deb-src" {
	keyring = "-"
	field = 2
	if (sub(/\[[^]]*\]/, " & ") && match($0, /\[[^]]*\]/)) {
		options = substr($0, RSTART + 1, RLENGTH - 2)
		$0 = substr($0, 1, RSTART - 1) " " substr($0, RSTART + RLENGTH)
		if (match(options, /signed-by=\/[^ ,]*/))
			keyring = substr(options, RSTART + 10, RLENGTH - 10)
	}
	if ($field ~ /^cdrom:/ || !own_suite($(field + 1)))
		next
	for (i = field + 2; i <= NF; i++)
		if ($i == "main")
			print $field, keyring
}

function own_suite(s)
{
	return s == codename || s ~ /^(trixie|oldstable|stable|testing|unstable|sid)$/
}
