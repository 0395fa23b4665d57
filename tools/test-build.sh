#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests of what builds Ringlet: the generators, fetching third parties (with a stand-in for apt and
# the network), configure, the lint checks, the counting of tests. Prints TAP. Works in a temporary
# folder and needs no network. Environment: SRC, the source folder; AWK. Called by check.sh.

set -u
: "${SRC:=.}" "${AWK:=awk}"
src=$(cd "$SRC" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ringlet-build.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
tests=0
bad=0

# check NAME STATUS: one line of TAP; STATUS 0 is good.
check() {
	tests=$((tests + 1))
	if [ "$2" = 0 ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		bad=$((bad + 1))
	fi
}

# says NAME TEXT: the file "out" must have TEXT.
says() {
	grep -qF -e "$2" out
	check "$1" $?
}

# refuses NAME TEXT COMMAND...: it must fail and say TEXT.
refuses() {
	name=$1 text=$2
	shift 2
	if "$@" >out 2>&1; then
		check "$name" 1
	elif [ -z "$text" ]; then
		check "$name" 0
	else
		says "$name" "$text"
	fi
}

# accepts NAME COMMAND...: it must succeed; what it says is in the file "out".
accepts() {
	name=$1
	shift
	"$@" >out 2>&1
	check "$name" $?
}

# ---- Generators ---------------------------------------------------------------------------------

table() {
	printf '%b' "$1" >tbl
	"$AWK" -v out="${2-table}" -f "$src/tools/syscalls.awk" tbl
}

good='# comment\n\n0\tread\t(int fd, void __user *buf, size_t n)\n3\tclose\t(int fd)\n'
accepts "syscalls: a table" table "$good"
says "syscalls: a handler in its place" "[3] = HANDLER(close)"
says "syscalls: the gap is unknown calls" "[1 ... 2] = sys_unknown"
table "$good" numbers >out
says "syscalls: the count is the highest number and one" "#define SYSCALL_COUNT 4"
table "$good" protos >out
says "syscalls: a prototype" "long sys_read(int fd, void __user *buf, size_t n);"
table "$good" infos >out
says "syscalls: name and kinds" '[0] = {"read", "'
refuses "syscalls: a number twice" "tbl:2: the number stands there twice" \
	table '1\ta\t(void)\n1\tb\t(void)\n'
refuses "syscalls: a name twice" "the name stands there twice" table '1\ta\t(void)\n2\ta\t(void)\n'
refuses "syscalls: a bad number" "the number is not" table 'x1\ta\t(void)\n'
refuses "syscalls: a bad name" "the name is not" table '1\tA-b\t(void)\n'
refuses "syscalls: a bad prototype" "the prototype is not" table '1\ta\tint fd\n'
refuses "syscalls: seven arguments" "more than six" \
	table '1\ta\t(int a, int b, int c, int d, int e, int f, int g)\n'
refuses "syscalls: an empty table" "no system call" table '# nothing\n'

printf '\t.ascii "->REGS_SP 152"\n\tmovl $1, %%eax\n\t.ascii "->NEG -8"\n' >asm
accepts "offsets: a definition" "$AWK" -f "$src/tools/offsets.awk" asm
says "offsets: its value" "#define REGS_SP 152"
echo '.ascii "->BAD $x"' >asm
refuses "offsets: no number" "not a name and a number" "$AWK" -f "$src/tools/offsets.awk" asm
: >asm
refuses "offsets: nothing found" "" "$AWK" -f "$src/tools/offsets.awk" asm

cat >nm <<'END'
ffffffff80000000 T core_image_start
ffffffff80000000 T boot
ffffffff80000010 t helper
ffffffff80000020 D data
END
accepts "symbols: a table" "$AWK" -f "$src/tools/symbols.awk" nm
says "symbols: an offset from the image's start" ".uleb128 0x80000000 - 0x80000000"
says "symbols: the next from the one before" ".uleb128 0x80000010 - 0x80000000"
[ "$(grep -c asciz out)" = 2 ]
check "symbols: functions only" $?

cp "$src/VERSION" .
accepts "version: without git" sh "$src/tools/version.sh" .
says "version: is the file's" "$(cat "$src/VERSION")"

# ---- Third parties ------------------------------------------------------------------------------

cp -r "$src/deps" deps
mkdir -p thing/src/include/lwip bin
echo content >thing/src/include/lwip/init.h
tar -cf good.tar thing
echo other >thing/src/include/lwip/init.h
tar -cf other.tar thing
sum() {
	sha256sum <"$1" | cut -d' ' -f1
}
manifest() {
	printf 'lwip %s debian %s trixie\nlwip %s upstream %s http://127.0.0.1:1/lwip.tar\n' \
		"$1" "$2" "$1" "$(sum good.tar)" >deps/manifest
}
# Stand-ins: apt-get brings the file ./apt-has as version ./apt-version, curl brings ./web-has.
cat >bin/apt-get <<END
#!/bin/sh
case " \$* " in
*" source "*)
	[ -f $tmp/apt-has ] || exit 1
	cp $tmp/apt-has "lwip_\$(cat $tmp/apt-version).orig.tar.xz"
	;;
esac
END
cat >bin/curl <<END
#!/bin/sh
while [ \$# -gt 1 ]; do
	[ "\$1" != -o ] || out=\$2
	shift
done
cp $tmp/web-has "\$out"
END
chmod +x bin/apt-get bin/curl
fetch() {
	PATH=$tmp/bin:$PATH deps/fetch "$@"
}
# As if there were one Debian mirror, whatever this machine has.
sed -i 's|^mirrors() {|mirrors() {\n\techo "http://127.0.0.1:1/debian -"\n\treturn|' deps/fetch
manifest 2.2.1 "$(sum good.tar)"

accepts "fetch: a given tarball" fetch lwip d1 good.tar
grep -q content d1/lwip/src/include/lwip/init.h
check "fetch: is unpacked" $?
refuses "fetch: a given tarball with another checksum" "which is not in" fetch lwip d1 other.tar
accepts "fetch: a given folder" fetch lwip d2 thing
refuses "fetch: a given folder of something else" "is not the source of lwip" fetch lwip d2 bin
refuses "fetch: a name that is not in the manifest" "not in" fetch nothing d2

if command -v dpkg >/dev/null 2>&1; then
	cp good.tar apt-has
	echo 2.2.1 >apt-version
	accepts "fetch: by apt" fetch lwip d3
	rm -rf d3/lwip apt-has
	accepts "fetch: what was kept needs no network" fetch lwip d3
	cp other.tar apt-has
	refuses "fetch: apt's tarball with another checksum" "the manifest says" fetch lwip d4
	echo 2.2.2 >apt-version
	accepts "fetch: a newer point release by apt" fetch lwip d5
	says "fetch: with a warning" "warning: lwip: using version 2.2.2"
	rm -rf d5/lwip apt-has
	accepts "fetch: that was kept too" fetch lwip d5
	cp other.tar apt-has
	cp good.tar web-has
	for version in 2.1.0 2.3.0; do
		echo $version >apt-version
		accepts "fetch: version $version of apt is not used" fetch lwip d6-$version
		says "fetch: but upstream's instead of $version" "not using lwip_$version"
	done
	rm -f apt-has
fi
cp good.tar web-has
accepts "fetch: from upstream" fetch lwip d7
cp other.tar web-has
refuses "fetch: a forged download" "the manifest says" fetch lwip d8
[ ! -e d8/lwip ]
check "fetch: which is not unpacked" $?
rm -f web-has
refuses "fetch: neither apt nor network" "--with-lwip=FILE" fetch lwip d9

printf 'deb [arch=amd64 signed-by=/k.gpg] http://a/debian bookworm contrib main\n
deb http://b/debian-security bookworm-security main\ndeb cdrom:[x]/ bookworm main\n
deb http://c/pool bookworm-pgdg main\n' |
	"$AWK" -v codename=bookworm -f "$src/deps/mirrors-list.awk" >out
[ "$(cat out)" = "http://a/debian /k.gpg" ]
check "mirrors: the one-line format" $?
printf 'Types: deb\nURIs: http://a/debian\n http://b/debian\nSuites: bookworm bookworm-updates
Components: main\nSigned-By: /k.gpg\n\nEnabled: no\nTypes: deb\nURIs: http://off/
Suites: bookworm\nComponents: main\n\nTypes: deb\nURIs: http://c/\nSuites: bookworm-security
Components: main\n' | "$AWK" -v codename=bookworm -f "$src/deps/mirrors-sources.awk" >out
[ "$(tr '\n' ' ' <out)" = "http://a/debian /k.gpg http://b/debian /k.gpg " ]
check "mirrors: the deb822 format" $?

# ---- configure and make -------------------------------------------------------------------------

mkdir empty conf
cp "$src/GNUmakefile" empty/
refuses "make: before configure" "./configure first" make -C empty
refuses "configure: an unknown option" "unknown option '--enable-speed'" \
	"$src/configure" --enable-speed
refuses "configure: a relative prefix" "absolute path" "$src/configure" --prefix=here
refuses "configure: a tarball that is not there" "no such file" "$src/configure" --with-lwip=/none
refuses "configure: a missing compiler is named" "none-such-gcc (package gcc" \
	"$src/configure" CC=none-such-gcc
mkdir "a b"
refuses "configure: a folder with a blank" "has a space" sh -c "cd 'a b' && '$src/configure'"

# A machine without apt: only what configure itself runs, and the compiler.
mkdir poor
for command in awk basename cat cmp cut dirname gcc grep id mkdir mv pwd rm sed sort tr uname; do
	ln -s "$(command -v $command)" poor/$command
done
refuses "configure: without apt, a list of packages" "  qemu-system-x86" \
	env PATH="$tmp/poor" "$(command -v sh)" "$src/configure" --install-deps
says "configure: and that there is no apt" "has no apt"

in_conf() {
	(cd conf && "$@")
}
if in_conf "$src/configure" "CFLAGS=-DX='a b'" --enable-debug >out 2>&1; then
	check "configure: in a folder of its own" 0
	cp conf/Makefile before
	accepts "configure: config.status does it again" in_conf sh ./config.status
	cmp -s before conf/Makefile
	check "configure: with the same result" $?
	accepts "make: knows its targets" make -C conf help
	says "make: and tells of them" "check-unit"
else
	cat out >&2
	check "configure: in a folder of its own" 1
fi

# ---- Lint and counting --------------------------------------------------------------------------

mkdir -p core net
layering() {
	printf '%b' "$2" >"$1"
	"$AWK" -f "$src/tools/lint-layering.awk" "$1"
}
accepts "layering: core may include core" layering core/x.c '#include <core/page.h>\n'
refuses "layering: core may not include lwIP" "core/x.c:1: must not include <lwip/tcp.h>" \
	layering core/x.c '#include <lwip/tcp.h>\n'
refuses "layering: nor the host's headers" "must not include <stdio.h>" \
	layering core/x.c '  #  include <stdio.h>\n'
refuses "layering: nor another folder by its path" "another folder's" \
	layering core/x.c '#include "../net/net.h"\n'
accepts "layering: net may include lwIP" layering net/x.c '#include <lwip/tcp.h>\n'

lines() {
	printf 'int f(void)\n{\n'
	i=0
	while [ $i -lt "$1" ]; do
		printf '\tg();\n'
		i=$((i + 1))
	done
	printf '}\n'
}
lines 100 >core/y.c
accepts "sizes: a function of 100 lines" "$AWK" -f "$src/tools/lint-sizes.awk" core/y.c
lines 101 >core/y.c
refuses "sizes: one of 101" "a function of 101 lines" "$AWK" -f "$src/tools/lint-sizes.awk" core/y.c
lines 298 >core/y.S
refuses "sizes: assembly of 301 lines" "301 lines; at most 300" \
	"$AWK" -f "$src/tools/lint-sizes.awk" core/y.S

verdicts() {
	printf '%b' "$2" | "$AWK" -v name=p -v status="$1" -f "$src/tools/tap.awk" | tr -s ' \n' ' '
}
tap() {
	[ "$(verdicts "$2" "$3")" = "$4" ]
	check "tap: $1" $?
}
tap "a passed test" 0 'ok 1 - a b\n1..1\n' "ok p/a-b "
tap "a failed test" 1 'ok 1 - a\nnot ok 2 - b\n1..2\n' "ok p/a fail p/b "
tap "a skipped test" 0 '1..1\nok 1 - a # SKIP no card\n' "skip p/a no card "
tap "a crash" 139 'ok 1 - a\n' "ok p/a fail p exit status 139 "
tap "too few tests" 0 '1..2\nok 1 - a\n' "ok p/a fail p/test-2 announced and never run "
tap "silence" 0 '' "fail p says no plan (1..N): it did not end as it should "
tap "too slow" 124 '1..1\nok 1 - a\n' "ok p/a fail p took too long "

cat >junit.xml <<'END'
<testsuites><testsuite name="pytest" tests="3"><testcase classname="tests.system.test_x" name="a" />
<testcase classname="tests.system.test_x" name="b"><failure message="m">no</failure></testcase>
<testcase classname="tests.system.test_x" name="c"><skipped message="m">no</skipped></testcase>
</testsuite></testsuites>
END
junit() {
	"$AWK" -v suite=s -v status="$1" -f "$src/tools/junit.awk" "$2"
}
[ "$(junit 1 junit.xml | tr '\n' ' ')" = "ok s/x/a fail s/x/b skip s/x/c " ]
check "junit: passed, failed, skipped" $?
echo '<testsuites><testsuite name="pytest"></testsuite></testsuites>' >junit.xml
[ "$(junit 3 junit.xml)" = "fail s/pytest" ]
check "junit: a broken-off run" $?
: >junit.xml
refuses "junit: no report" "" junit 1 junit.xml

echo "1..$tests"
[ "$bad" = 0 ]
