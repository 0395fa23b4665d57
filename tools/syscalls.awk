# SPDX-License-Identifier: MIT
# core/syscall.tbl to C: -v out=protos, numbers, table or infos says which of the generated files is
# written to standard output. A line of the table is NUMBER NAME PROTOTYPE; anything else that is
# neither empty nor a comment is an error, as are a number or a name told twice.

function bad(why)
{
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0 | "cat >&2"
	failed = 1
}

/^[ \t]*(#|$)/ { next }
$1 !~ /^(0|[1-9][0-9]*)$/ || $1 + 0 > 1023 {
	bad("the number is not one of 0 to 1023")
	next
}
$2 !~ /^[a-z][a-z0-9_]*$/ {
	bad("the name is not one of a system call")
	next
}
!/^[0-9]+[ \t]+[a-z0-9_]+[ \t]+\([a-z][A-Za-z0-9_ *,]*\)[ \t]*$/ {
	bad("the prototype is not (TYPE NAME, ...)")
	next
}
{
	if ($1 + 0 in name)
		bad("the number stands there twice")
	if ($2 in seen)
		bad("the name stands there twice")
	if (gsub(/,/, ",") > 5)
		bad("more than six arguments")
	seen[$2] = 1
	name[$1 + 0] = $2
	proto[$1 + 0] = substr($0, index($0, "("))
	sub(/[ \t]*$/, "", proto[$1 + 0])
	if ($1 + 1 > count)
		count = $1 + 1
}

END {
	if (!failed && !count) {
		printf "%s: no system call in it\n", FILENAME | "cat >&2"
		failed = 1
	}
	if (failed)
		exit 1
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Generated from core/syscall.tbl by tools/syscalls.awk. */"
	if (out == "protos")
		protos()
	else if (out == "numbers")
		numbers()
	else if (out == "infos")
		infos()
	else
		table()
}

# KEY=LETTER; ...: into letter.
function map(list, n, i, pair)
{
	n = split(list, pair, /; */)
	for (i = 1; i <= n; i++)
		letter[substr(pair[i], 1, length(pair[i]) - 2)] = substr(pair[i], length(pair[i]))
}

# One letter for each argument, by what it is: what core/trace_args.c tells it as. What is known of
# this call's argument goes before what is known of its name, and that before its type.
BEGIN {
	map("open.flags=O; openat.flags=O; pipe2.flags=X; dup3.flags=X; accept4.flags=K; mmap.flags=M")
	map("newfstatat.flags=A; unlinkat.flags=A; clock_nanosleep.flags=N; clone.flags=n; clone.tls=p; futex.op=f; madvise.advice=Y")
	map("sendto.flags=G; recvfrom.flags=G; sendmsg.flags=G; recvmsg.flags=G")
	map("socket.domain=F; socket.type=K; socket.protocol=D; shutdown.how=h")
	map("setsockopt.level=U; setsockopt.name=W; setsockopt.val=E; getsockopt.level=U; getsockopt.name=W")
	map("rt_sigprocmask.how=H; rt_sigprocmask.old=Z; rt_sigpending.set=Z")
	map("rt_sigaction.act=j; rt_sigaction.old=J; getitimer.which=Q; setitimer.which=Q")
	map("faccessat2.flags=A; fchmodat2.flags=A; fchownat.flags=A; utimensat.flags=A; statx.flags=A; linkat.flags=A")
	map("faccessat2.mode=R; statx.mask=x; statx.buf=p; utimensat.times=p")
	map("access.mode=R; faccessat.mode=R; fcntl.cmd=C; arch_prctl.code=c")
	# Not text, not written on success, not signals.
	map("uname.buf=p; getdents.buf=p; getdents64.buf=p; fallocate.mode=x; nanosleep.rem=p; clock_nanosleep.rem=p")
	map("sched_setaffinity.mask=p; sched_getaffinity.mask=p")

	map("sig=g; prot=P; mode=o; whence=w; clock=k; resource=r; set=z; mask=z; msg=m")
	map("dirfd=d; fromfd=d; tofd=d; flags=x; arg=x; cmd=x")

	map("const char __user *=s; const void __user *buf=b; void __user *buf=B; char __user *buf=B")
	map("const void __user *addr=a; void __user *addr=y; int __user *fds=e")
	map("const struct iovec __user *=v; struct abi_stat __user *=S; struct abi_pollfd __user *=q")
	map("const struct abi_timespec __user *=t; struct abi_timespec __user *=T")
	map("epoll_create1.flags=X; epoll_ctl.op=1; eventfd2.flags=5; timerfd_create.flags=X")
	map("timerfd_settime.flags=6; signalfd4.flags=X; const struct abi_itimerspec __user *=7; struct abi_itimerspec __user *=8")
	map("const struct abi_epoll_event __user *=2; struct abi_epoll_event __user *=3")
	map("struct abi_timeval __user *=V; const struct abi_itimerval __user *=I")
	map("struct abi_itimerval __user *=L")
}

function kind(call, arg, word, type)
{
	word = type = arg
	sub(/.*[ *]/, "", word)
	type = substr(arg, 1, length(arg) - length(word))
	if (call "." word in letter)
		return letter[call "." word]
	if (word in letter)
		return letter[word]
	if (arg in letter)
		return letter[arg]
	if (type in letter)
		return letter[type]
	if (arg ~ /\*/ || arg ~ /^uintptr_t /)
		return "p"
	if (arg ~ /^(unsigned|size_t)/)
		return "u"
	return arg ~ /^int / ? "i" : arg == "void" ? "" : "l"
}

function kinds(call, proto, arg, n, i, letters)
{
	n = split(substr(proto, 2, length(proto) - 2), arg, /, */)
	letters = ""
	for (i = 1; i <= n; i++)
		letters = letters kind(call, arg[i])
	return letters
}

function protos(n)
{
	for (n = 0; n < count; n++)
		if (n in name)
			printf "long sys_%s%s;\n", name[n], proto[n]
}

function numbers(n)
{
	print "#ifndef GENERATED_SYSCALL_NUMBERS_H"
	print "#define GENERATED_SYSCALL_NUMBERS_H\n"
	for (n = 0; n < count; n++)
		if (n in name)
			printf "#define __NR_%s %d\n#define SYS_%s %d\n", name[n], n, name[n], n
	printf "\n#define SYSCALL_COUNT %d\n\n#endif\n", count
}

# Handlers take different arguments, so each is cast to the table's type; by way of void (*)(void),
# which tells the compiler that this is meant.
function table(n, last)
{
	print "#include <core/syscall.h>"
	print "#include <generated/syscall_numbers.h>\n"
	print "#define HANDLER(name) ((syscall_handler)(void (*)(void))sys_##name)\n"
	print "const syscall_handler syscall_table[SYSCALL_COUNT] = {"
	for (n = 0; n < count; n++) {
		if (n in name) {
			printf "\t[%d] = HANDLER(%s),\n", n, name[n]
			continue
		}
		for (last = n; !(last + 1 in name); last++)
			continue
		printf "\t[%d ... %d] = sys_unknown,\n", n, last
		n = last
	}
	print "};"
}

function infos(n)
{
	print "#include <core/syscall_info.h>"
	print "#include <generated/syscall_numbers.h>\n"
	print "const struct syscall_info syscall_infos[SYSCALL_COUNT] = {"
	for (n = 0; n < count; n++)
		if (n in name)
			printf "\t[%d] = {\"%s\", \"%s\"},\n", n, name[n], kinds(name[n], proto[n])
	print "};"
}
