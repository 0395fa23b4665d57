# SPDX-License-Identifier: MIT
# From sources lists in the deb822 format to "URI KEYRING" lines; see mirrors() in deps/fetch.
# -v codename=NAME is the machine's own release. A stanza ends at an empty line.

BEGIN { forget() }

/^#/ { next }
/^[ \t]*$/ {
	stanza()
	forget()
	next
}
/^[A-Za-z-]+:/ {
	key = tolower($1)
	sub(/:.*/, "", key)
	sub(/^[^:]*:/, "")
}
{ value[key] = value[key] " " $0 }
END { stanza() }

function forget(k)
{
	for (k in value)
		delete value[k]
	key = ""
}

function has(list, pattern, n, i, word)
{
	n = split(list, word, " ")
	for (i = 1; i <= n; i++)
		if (word[i] ~ pattern)
			return 1
	return 0
}

function stanza(n, i, uri, keyring)
{
	if (tolower(value["enabled"]) ~ /no/ || !has(value["types"], "^deb") ||
	    !has(value["components"], "^main$"))
		return
	if (!has(value["suites"], "^(trixie|oldstable|stable|testing|unstable|sid)$") &&
	    (codename == "" || !has(value["suites"], "^" codename "$")))
		return
	split(value["signed-by"], keyring, " ")
	if (keyring[1] !~ /^\//)
		keyring[1] = "-"
	n = split(value["uris"], uri, " ")
	for (i = 1; i <= n; i++)
		if (uri[i] !~ /^cdrom:/)
			print uri[i], keyring[1]
}
