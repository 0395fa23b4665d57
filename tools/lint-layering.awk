# SPDX-License-Identifier: MIT
# Who may include whom (DESIGN: "Who may know whom"). Per-folder -I sets enforce most of it; this
# also finds what they let through, such as a header of the host or a path with ../ in it. Each rule
# is a folder and the headers its files may include with <>; the first folder that matches counts.
# Headers in quotes are a folder's own: they must not leave it.

BEGIN {
	std = "std(arg|bool|def|int)\\.h"
	rule("core/include/abi/", "abi/|" std)
	rule("core/include/arch/", "core/|arch/|arch_impl/|abi/|" std)
	rule("core/include/", "core/|arch/|abi/|generated/|" std)
	rule("core/", "core/|arch/|abi/|generated/|" std)
	rule("arch/", "core/|arch/|arch_impl/|abi/|generated/|x86/|" std)
	rule("net/include/libc/", "core/|" std)
	rule("net/", "core/|arch/|abi/|generated/|lwip/|netif/|" std)
	hosted = "[a-z0-9_]+\\.h|(sys|netinet|arpa|net|machine|bits|gnu|mbedtls|psa)/"
	rule("libc-glue/", "abi/|generated/syscall_numbers\\.h|" hosted)
	rule("apps/", hosted)
	rule("tests/guest/", hosted "|asm/|linux/")
	rule("tests/unit/", "core/|arch/|arch_impl/|abi/|generated/|" hosted)
	rule("tools/", "abi/|core/(cmdline|cpio|elf|output|syscall_info|syscall_set)\\.h|generated/version\\.h|linux/|" hosted)
}

function rule(prefix, allowed)
{
	folder[++rules] = prefix
	pattern[rules] = "^(" allowed ")"
}

FNR == 1 {
	for (which = 1; which <= rules; which++)
		if (index(FILENAME, folder[which]) == 1)
			break
	own = FILENAME ~ /^(tools|tests)\//
}

which <= rules && /^[ \t]*#[ \t]*include/ {
	line = $0
	sub(/^[ \t]*#[ \t]*include(_next)?[ \t]*/, "", line)
	if (line ~ /^</) {
		name = substr(line, 2, index(line, ">") - 2)
		if (name !~ pattern[which])
			bad("must not include <" name ">")
	} else if (line ~ /^"/) {
		name = substr(line, 2, index(substr(line, 2), "\"") - 1)
		# Tests include the file they test, the tools what an image is made with.
		if (name ~ /\.\.\// && !own)
			bad("must not include \"" name "\": it is another folder's")
	}
}

function bad(why)
{
	printf "%s:%d: %s\n", FILENAME, FNR, why
	failed = 1
}

END { exit failed }
