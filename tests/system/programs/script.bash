# SPDX-License-Identifier: MIT
# Builtins alone: no pipes between commands, no substitution of them.
echo "$BASH_VERSION $# $1 ${@: -1}"
a=(one two "three four"); declare -A m=([x]=1 [y]=2)
printf '<%s>' "${a[@]}" "${#a[@]}" "${m[y]}" "${!a[@]}"; echo
shopt -s extglob nullglob
[[ foobar =~ ^(foo)(b.*)$ ]] && echo "${BASH_REMATCH[@]}"
case ringlet in @(ring|king)@(let|dom)) echo matched;; esac
f() { local -i n=$1; ((n < 2)) && { r=1; return; }; f n-1; ((r *= n)); }
f 10; echo "$r $((16#ff)) $((2 ** 40)) $((7 / -2)) $((r % 1000))"
s="The Quick"; echo "${s,,} ${s^^} ${s/Quick/Slow} ${s:4:3} ${s%% *} ${#s}"
while IFS=: read -r name _ id rest; do printf -v line '%-8s %03d' "$name" "$id"; echo "$line"; done <in/passwd
mapfile -t lines <in/words; echo "${#lines[@]} ${lines[3]}"
for ((i = 0; i < 3; i++)); do [ $i = 1 ] && continue; echo -n "$i "; done; echo
exec 5>/tmp/out; echo written >&5; exec 5>&-; read -r back </tmp/out; echo "$back"
echo in/t* in/+(s)orted?
trap 'echo "trap $?"' EXIT; trap 'echo usr1' USR1; kill -USR1 $$
set -- x y z; shift; echo "$*"; getopts ab: o -b v && echo "$o $OPTARG"
exit 9
