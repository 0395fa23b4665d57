// SPDX-License-Identifier: MIT
/* Names of errors, signals and flags, for the tracer: tables, and looking things up in them. */
#include <abi/epoll.h>
#include <abi/errno.h>
#include <abi/eventfd.h>
#include <abi/fcntl.h>
#include <abi/futex.h>
#include <abi/mman.h>
#include <abi/poll.h>
#include <abi/resource.h>
#include <abi/sched.h>
#include <abi/socket.h>
#include <abi/time.h>
#include <abi/timerfd.h>
#include <core/signal.h>

#include "trace_impl.h"

#define NAME(n) [n] = #n

static const char error_names[][16] = {
	NAME(EPERM),
	NAME(ENOENT),
	NAME(ESRCH),
	NAME(EINTR),
	NAME(EIO),
	NAME(ENXIO),
	NAME(E2BIG),
	NAME(ENOEXEC),
	NAME(EBADF),
	NAME(ECHILD),
	NAME(EAGAIN),
	NAME(ENOMEM),
	NAME(EACCES),
	NAME(EFAULT),
	NAME(ENOTBLK),
	NAME(EBUSY),
	NAME(EEXIST),
	NAME(EXDEV),
	NAME(ENODEV),
	NAME(ENOTDIR),
	NAME(EISDIR),
	NAME(EINVAL),
	NAME(ENFILE),
	NAME(EMFILE),
	NAME(ENOTTY),
	NAME(ETXTBSY),
	NAME(EFBIG),
	NAME(ENOSPC),
	NAME(ESPIPE),
	NAME(EROFS),
	NAME(EMLINK),
	NAME(EPIPE),
	NAME(EDOM),
	NAME(ERANGE),
	NAME(EDEADLK),
	NAME(ENAMETOOLONG),
	NAME(ENOLCK),
	NAME(ENOSYS),
	NAME(ENOTEMPTY),
	NAME(ELOOP),
	NAME(ENOMSG),
	NAME(EIDRM),
	NAME(ECHRNG),
	NAME(EL2NSYNC),
	NAME(EL3HLT),
	NAME(EL3RST),
	NAME(ELNRNG),
	NAME(EUNATCH),
	NAME(ENOCSI),
	NAME(EL2HLT),
	NAME(EBADE),
	NAME(EBADR),
	NAME(EXFULL),
	NAME(ENOANO),
	NAME(EBADRQC),
	NAME(EBADSLT),
	NAME(EBFONT),
	NAME(ENOSTR),
	NAME(ENODATA),
	NAME(ETIME),
	NAME(ENOSR),
	NAME(ENONET),
	NAME(ENOPKG),
	NAME(EREMOTE),
	NAME(ENOLINK),
	NAME(EADV),
	NAME(ESRMNT),
	NAME(ECOMM),
	NAME(EPROTO),
	NAME(EMULTIHOP),
	NAME(EDOTDOT),
	NAME(EBADMSG),
	NAME(EOVERFLOW),
	NAME(ENOTUNIQ),
	NAME(EBADFD),
	NAME(EREMCHG),
	NAME(ELIBACC),
	NAME(ELIBBAD),
	NAME(ELIBSCN),
	NAME(ELIBMAX),
	NAME(ELIBEXEC),
	NAME(EILSEQ),
	NAME(ERESTART),
	NAME(ESTRPIPE),
	NAME(EUSERS),
	NAME(ENOTSOCK),
	NAME(EDESTADDRREQ),
	NAME(EMSGSIZE),
	NAME(EPROTOTYPE),
	NAME(ENOPROTOOPT),
	NAME(EPROTONOSUPPORT),
	NAME(ESOCKTNOSUPPORT),
	NAME(EOPNOTSUPP),
	NAME(EPFNOSUPPORT),
	NAME(EAFNOSUPPORT),
	NAME(EADDRINUSE),
	NAME(EADDRNOTAVAIL),
	NAME(ENETDOWN),
	NAME(ENETUNREACH),
	NAME(ENETRESET),
	NAME(ECONNABORTED),
	NAME(ECONNRESET),
	NAME(ENOBUFS),
	NAME(EISCONN),
	NAME(ENOTCONN),
	NAME(ESHUTDOWN),
	NAME(ETOOMANYREFS),
	NAME(ETIMEDOUT),
	NAME(ECONNREFUSED),
	NAME(EHOSTDOWN),
	NAME(EHOSTUNREACH),
	NAME(EALREADY),
	NAME(EINPROGRESS),
	NAME(ESTALE),
	NAME(EUCLEAN),
	NAME(ENOTNAM),
	NAME(ENAVAIL),
	NAME(EISNAM),
	NAME(EREMOTEIO),
	NAME(EDQUOT),
	NAME(ENOMEDIUM),
	NAME(EMEDIUMTYPE),
	NAME(ECANCELED),
	NAME(ENOKEY),
	NAME(EKEYEXPIRED),
	NAME(EKEYREVOKED),
	NAME(EKEYREJECTED),
	NAME(EOWNERDEAD),
	NAME(ENOTRECOVERABLE),
	NAME(ERFKILL),
	NAME(EHWPOISON),
};

/* Results that the exit to ring 3 still turns into others (core/signal.h). */
static const char restart_names[][24] = {
	"ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "", "ERESTART_RESTARTBLOCK",
};

static const char signal_names[][10] = {
	NAME(SIGHUP),	 NAME(SIGINT),	NAME(SIGQUIT),	NAME(SIGILL),  NAME(SIGTRAP),
	NAME(SIGABRT),	 NAME(SIGBUS),	NAME(SIGFPE),	NAME(SIGKILL), NAME(SIGUSR1),
	NAME(SIGSEGV),	 NAME(SIGUSR2), NAME(SIGPIPE),	NAME(SIGALRM), NAME(SIGTERM),
	NAME(SIGSTKFLT), NAME(SIGCHLD), NAME(SIGCONT),	NAME(SIGSTOP), NAME(SIGTSTP),
	NAME(SIGTTIN),	 NAME(SIGTTOU), NAME(SIGURG),	NAME(SIGXCPU), NAME(SIGXFSZ),
	NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),   NAME(SIGPWR),
	NAME(SIGSYS),
};

const char *trace_error_name(long error)
{
	const char *s = "";

	if (error > 0 && error < (long)ARRAY_SIZE(error_names))
		s = error_names[error];
	else if (error >= ERESTARTSYS && error <= ERESTART_RESTARTBLOCK)
		s = restart_names[error - ERESTARTSYS];
	return *s ? s : NULL;
}

const char *trace_signal_name(long sig)
{
	return sig > 0 && sig < (long)ARRAY_SIZE(signal_names) ? signal_names[sig] : NULL;
}

struct code_name {
	int sig, code; /* sig 0: any */
	const char *name;
};

static const struct code_name code_names[] = {
	{0, ABI_SI_USER, "SI_USER"},
	{0, ABI_SI_KERNEL, "SI_KERNEL"},
	{0, ABI_SI_QUEUE, "SI_QUEUE"},
	{0, ABI_SI_TIMER, "SI_TIMER"},
	{0, ABI_SI_TKILL, "SI_TKILL"},
	{SIGSEGV, ABI_SEGV_MAPERR, "SEGV_MAPERR"},
	{SIGSEGV, ABI_SEGV_ACCERR, "SEGV_ACCERR"},
	{SIGSEGV, ABI_SEGV_PKUERR, "SEGV_PKUERR"},
	{SIGBUS, ABI_BUS_ADRALN, "BUS_ADRALN"},
	{SIGBUS, ABI_BUS_ADRERR, "BUS_ADRERR"},
	{SIGBUS, ABI_BUS_MCEERR_AR, "BUS_MCEERR_AR"},
	{SIGILL, ABI_ILL_ILLOPN, "ILL_ILLOPN"},
	{SIGFPE, ABI_FPE_INTDIV, "FPE_INTDIV"},
	{SIGFPE, ABI_FPE_FLTDIV, "FPE_FLTDIV"},
	{SIGFPE, ABI_FPE_FLTOVF, "FPE_FLTOVF"},
	{SIGFPE, ABI_FPE_FLTUND, "FPE_FLTUND"},
	{SIGFPE, ABI_FPE_FLTRES, "FPE_FLTRES"},
	{SIGFPE, ABI_FPE_FLTINV, "FPE_FLTINV"},
	{SIGTRAP, ABI_TRAP_BRKPT, "TRAP_BRKPT"},
	{SIGTRAP, ABI_TRAP_TRACE, "TRAP_TRACE"},
	{SIGTRAP, ABI_TRAP_HWBKPT, "TRAP_HWBKPT"},
	{SIGSYS, ABI_SYS_SECCOMP, "SYS_SECCOMP"},
};

const char *trace_signal_code(int sig, int code)
{
	for (const struct code_name *c = code_names; c < code_names + ARRAY_SIZE(code_names); c++)
		if (c->code == code && (!c->sig || c->sig == sig))
			return c->name;
	return NULL;
}

/* ---- bits ---- */

#define ALL 0xffffffffu
#define BIT(n)           \
	{                \
		n, n, #n \
	}
#define FIELD(m, n)      \
	{                \
		m, n, #n \
	}
#define VALUE(n)           \
	{                  \
		ALL, n, #n \
	}
#define END                \
	{                  \
		0, 0, NULL \
	}

/* Calls that make no file by its name take the bits behind the modes. */
#define OPEN_MODES 3

static const struct trace_bits open_bits[] = {FIELD(O_ACCMODE, O_RDONLY),
					      FIELD(O_ACCMODE, O_WRONLY),
					      FIELD(O_ACCMODE, O_RDWR),
					      BIT(O_CREAT),
					      BIT(O_EXCL),
					      BIT(O_NOCTTY),
					      BIT(O_TRUNC),
					      BIT(O_APPEND),
					      BIT(O_NONBLOCK),
					      BIT(O_SYNC),
					      BIT(O_DSYNC),
					      BIT(O_ASYNC),
					      BIT(O_DIRECT),
					      BIT(O_LARGEFILE),
					      BIT(O_TMPFILE),
					      BIT(O_DIRECTORY),
					      BIT(O_NOFOLLOW),
					      BIT(O_NOATIME),
					      BIT(O_CLOEXEC),
					      BIT(O_PATH),
					      END};
static const struct trace_bits prot_bits[] = {VALUE(PROT_NONE), BIT(PROT_READ), BIT(PROT_WRITE),
					      BIT(PROT_EXEC), END};
static const struct trace_bits map_bits[] = {FIELD(MAP_TYPE, MAP_SHARED),
					     FIELD(MAP_TYPE, MAP_PRIVATE),
					     FIELD(MAP_TYPE, MAP_SHARED_VALIDATE),
					     BIT(MAP_FIXED),
					     BIT(MAP_ANONYMOUS),
					     BIT(MAP_32BIT),
					     BIT(MAP_GROWSDOWN),
					     BIT(MAP_DENYWRITE),
					     BIT(MAP_EXECUTABLE),
					     BIT(MAP_LOCKED),
					     BIT(MAP_NORESERVE),
					     BIT(MAP_POPULATE),
					     BIT(MAP_NONBLOCK),
					     BIT(MAP_STACK),
					     BIT(MAP_HUGETLB),
					     BIT(MAP_FIXED_NOREPLACE),
					     END};
/* One bit has two names: of unlinkat, the only one that takes it here. */
static const struct trace_bits at_bits[] = {BIT(AT_SYMLINK_NOFOLLOW), BIT(AT_REMOVEDIR),
					    BIT(AT_SYMLINK_FOLLOW), BIT(AT_EMPTY_PATH), END};
static const struct trace_bits access_bits[] = {
	{ALL, 0, "F_OK"}, {1, 1, "X_OK"}, {2, 2, "W_OK"}, {4, 4, "R_OK"}, END};
static const struct trace_bits whence_bits[] = {{ALL, 0, "SEEK_SET"},  {ALL, 1, "SEEK_CUR"},
						{ALL, 2, "SEEK_END"},  {ALL, 3, "SEEK_DATA"},
						{ALL, 4, "SEEK_HOLE"}, END};
static const struct trace_bits fcntl_bits[] = {
	VALUE(F_DUPFD),	 VALUE(F_GETFD),  VALUE(F_SETFD),	  VALUE(F_GETFL),
	VALUE(F_SETFL),	 VALUE(F_GETLK),  VALUE(F_SETLK),	  VALUE(F_SETLKW),
	VALUE(F_SETOWN), VALUE(F_GETOWN), VALUE(F_DUPFD_CLOEXEC), END};
static const struct trace_bits family_bits[] = {VALUE(AF_UNSPEC), VALUE(AF_UNIX), VALUE(AF_INET),
						VALUE(AF_INET6), END};
static const struct trace_bits type_bits[] = {FIELD(0xf, SOCK_STREAM),
					      FIELD(0xf, SOCK_DGRAM),
					      FIELD(0xf, SOCK_RAW),
					      FIELD(0xf, SOCK_SEQPACKET),
					      BIT(SOCK_NONBLOCK),
					      BIT(SOCK_CLOEXEC),
					      END};
static const struct trace_bits message_bits[] = {
	BIT(MSG_OOB),	   BIT(MSG_PEEK),     BIT(MSG_DONTROUTE),    BIT(MSG_CTRUNC),
	BIT(MSG_TRUNC),	   BIT(MSG_DONTWAIT), BIT(MSG_EOR),	     BIT(MSG_WAITALL),
	BIT(MSG_NOSIGNAL), BIT(MSG_MORE),     BIT(MSG_CMSG_CLOEXEC), END};
static const struct trace_bits shutdown_bits[] = {VALUE(SHUT_RD), VALUE(SHUT_WR), VALUE(SHUT_RDWR),
						  END};
static const struct trace_bits level_bits[] = {VALUE(SOL_SOCKET),   VALUE(IPPROTO_IP),
					       VALUE(IPPROTO_TCP),  VALUE(IPPROTO_UDP),
					       VALUE(IPPROTO_IPV6), END};
static const struct trace_bits protocol_bits[] = {VALUE(IPPROTO_IP), VALUE(IPPROTO_ICMP),
						  VALUE(IPPROTO_TCP), VALUE(IPPROTO_UDP), END};
static const struct trace_bits clock_bits[] = {
	VALUE(CLOCK_REALTIME),		VALUE(CLOCK_MONOTONIC),	    VALUE(CLOCK_PROCESS_CPUTIME_ID),
	VALUE(CLOCK_THREAD_CPUTIME_ID), VALUE(CLOCK_MONOTONIC_RAW), VALUE(CLOCK_REALTIME_COARSE),
	VALUE(CLOCK_MONOTONIC_COARSE),	VALUE(CLOCK_BOOTTIME),	    END};
static const struct trace_bits timer_bits[] = {BIT(TIMER_ABSTIME), END};
static const struct trace_bits itimer_bits[] = {
	{ALL, 0, "ITIMER_REAL"}, {ALL, 1, "ITIMER_VIRTUAL"}, {ALL, 2, "ITIMER_PROF"}, END};
static const struct trace_bits resource_bits[] = {VALUE(RLIMIT_CPU),
						  VALUE(RLIMIT_FSIZE),
						  VALUE(RLIMIT_DATA),
						  VALUE(RLIMIT_STACK),
						  VALUE(RLIMIT_CORE),
						  VALUE(RLIMIT_RSS),
						  VALUE(RLIMIT_NPROC),
						  VALUE(RLIMIT_NOFILE),
						  VALUE(RLIMIT_MEMLOCK),
						  VALUE(RLIMIT_AS),
						  VALUE(RLIMIT_LOCKS),
						  VALUE(RLIMIT_SIGPENDING),
						  VALUE(RLIMIT_MSGQUEUE),
						  VALUE(RLIMIT_NICE),
						  VALUE(RLIMIT_RTPRIO),
						  VALUE(RLIMIT_RTTIME),
						  END};
static const struct trace_bits mask_bits[] = {{ALL, ABI_SIG_BLOCK, "SIG_BLOCK"},
					      {ALL, ABI_SIG_UNBLOCK, "SIG_UNBLOCK"},
					      {ALL, ABI_SIG_SETMASK, "SIG_SETMASK"},
					      END};
/* Linux's values; other architectures have no such call. */
static const struct trace_bits prctl_bits[] = {{ALL, 0x1001, "ARCH_SET_GS"},
					       {ALL, 0x1002, "ARCH_SET_FS"},
					       {ALL, 0x1003, "ARCH_GET_FS"},
					       {ALL, 0x1004, "ARCH_GET_GS"},
					       END};
static const struct trace_bits clone_bits[] = {BIT(CLONE_VM),
					       BIT(CLONE_FS),
					       BIT(CLONE_FILES),
					       BIT(CLONE_SIGHAND),
					       BIT(CLONE_VFORK),
					       BIT(CLONE_THREAD),
					       BIT(CLONE_SYSVSEM),
					       BIT(CLONE_SETTLS),
					       BIT(CLONE_PARENT_SETTID),
					       BIT(CLONE_CHILD_CLEARTID),
					       BIT(CLONE_CHILD_SETTID),
					       END};
static const struct trace_bits futex_bits[] = {
	FIELD(0x7f, FUTEX_WAIT),	FIELD(0x7f, FUTEX_WAKE),
	FIELD(0x7f, FUTEX_REQUEUE),	FIELD(0x7f, FUTEX_CMP_REQUEUE),
	FIELD(0x7f, FUTEX_WAKE_OP),	FIELD(0x7f, FUTEX_WAIT_BITSET),
	FIELD(0x7f, FUTEX_WAKE_BITSET), BIT(FUTEX_PRIVATE_FLAG),
	BIT(FUTEX_CLOCK_REALTIME),	END};
static const struct trace_bits advice_bits[] = {
	VALUE(MADV_NORMAL),   VALUE(MADV_RANDOM),     VALUE(MADV_SEQUENTIAL),
	VALUE(MADV_WILLNEED), VALUE(MADV_DONTNEED),   VALUE(MADV_FREE),
	VALUE(MADV_HUGEPAGE), VALUE(MADV_NOHUGEPAGE), END};
static const struct trace_bits eventfd_bits[] = {BIT(EFD_SEMAPHORE), BIT(EFD_NONBLOCK),
						 BIT(EFD_CLOEXEC), END};
static const struct trace_bits timerfd_bits[] = {BIT(TFD_TIMER_ABSTIME),
						 BIT(TFD_TIMER_CANCEL_ON_SET), END};
static const struct trace_bits epoll_bits[] = {VALUE(EPOLL_CTL_ADD), VALUE(EPOLL_CTL_DEL),
					       VALUE(EPOLL_CTL_MOD), END};
const struct trace_bits trace_epoll_bits[] = {BIT(EPOLLIN),
					      BIT(EPOLLPRI),
					      BIT(EPOLLOUT),
					      BIT(EPOLLERR),
					      BIT(EPOLLHUP),
					      BIT(EPOLLRDHUP),
					      BIT(EPOLLEXCLUSIVE),
					      BIT(EPOLLWAKEUP),
					      BIT(EPOLLONESHOT),
					      BIT(EPOLLET),
					      END};
const struct trace_bits trace_poll_bits[] = {
	BIT(POLLIN),   BIT(POLLPRI),	BIT(POLLOUT),	 BIT(POLLERR),	 BIT(POLLHUP),
	BIT(POLLNVAL), BIT(POLLRDNORM), BIT(POLLWRNORM), BIT(POLLRDHUP), END};
const struct trace_bits trace_action_bits[] = {{ABI_SA_NOCLDSTOP, ABI_SA_NOCLDSTOP, "SA_NOCLDSTOP"},
					       {ABI_SA_SIGINFO, ABI_SA_SIGINFO, "SA_SIGINFO"},
					       {ABI_SA_RESTORER, ABI_SA_RESTORER, "SA_RESTORER"},
					       {ABI_SA_ONSTACK, ABI_SA_ONSTACK, "SA_ONSTACK"},
					       {ABI_SA_RESTART, ABI_SA_RESTART, "SA_RESTART"},
					       {ABI_SA_NODEFER, ABI_SA_NODEFER, "SA_NODEFER"},
					       {ABI_SA_RESETHAND, ABI_SA_RESETHAND, "SA_RESETHAND"},
					       END};
const struct trace_bits trace_socket_options[] = {
	VALUE(SO_DEBUG),      VALUE(SO_REUSEADDR), VALUE(SO_TYPE),     VALUE(SO_ERROR),
	VALUE(SO_DONTROUTE),  VALUE(SO_BROADCAST), VALUE(SO_SNDBUF),   VALUE(SO_RCVBUF),
	VALUE(SO_KEEPALIVE),  VALUE(SO_OOBINLINE), VALUE(SO_LINGER),   VALUE(SO_REUSEPORT),
	VALUE(SO_RCVLOWAT),   VALUE(SO_SNDLOWAT),  VALUE(SO_RCVTIMEO), VALUE(SO_SNDTIMEO),
	VALUE(SO_ACCEPTCONN), VALUE(SO_PROTOCOL),  VALUE(SO_DOMAIN),   END};
const struct trace_bits trace_tcp_options[] = {
	VALUE(TCP_NODELAY),  VALUE(TCP_MAXSEG),	   VALUE(TCP_CORK),
	VALUE(TCP_KEEPIDLE), VALUE(TCP_KEEPINTVL), VALUE(TCP_KEEPCNT),
	VALUE(TCP_INFO),     VALUE(TCP_QUICKACK),  END};

/* The letters are those of tools/syscalls.awk. */
const struct trace_bits *trace_bits(char kind)
{
	static const struct trace_bits *const kinds['z' - '0' + 1] = {
		['5' - '0'] = eventfd_bits,  ['6' - '0'] = timerfd_bits,
		['1' - '0'] = epoll_bits,    ['A' - '0'] = at_bits,
		['C' - '0'] = fcntl_bits,    ['D' - '0'] = protocol_bits,
		['F' - '0'] = family_bits,   ['G' - '0'] = message_bits,
		['H' - '0'] = mask_bits,     ['K' - '0'] = type_bits,
		['M' - '0'] = map_bits,	     ['N' - '0'] = timer_bits,
		['O' - '0'] = open_bits,     ['P' - '0'] = prot_bits,
		['Q' - '0'] = itimer_bits,   ['R' - '0'] = access_bits,
		['U' - '0'] = level_bits,    ['X' - '0'] = open_bits + OPEN_MODES,
		['Y' - '0'] = advice_bits,   ['c' - '0'] = prctl_bits,
		['f' - '0'] = futex_bits,    ['h' - '0'] = shutdown_bits,
		['k' - '0'] = clock_bits,    ['n' - '0'] = clone_bits,
		['r' - '0'] = resource_bits, ['w' - '0'] = whence_bits,
	};

	return kind >= '0' && kind <= 'z' ? kinds[kind - '0'] : NULL;
}

void trace_put_bits(struct trace_line *l, const struct trace_bits *b, uint32_t value)
{
	uint32_t told = 0;
	bool any = false;

	for (; b->name; b++) {
		if ((value & b->mask) != b->bits || (any && !(b->mask & ~told)))
			continue;
		trace_put(l, "%s%s", any ? "|" : "", b->name);
		told |= b->mask;
		any = true;
	}
	if (value & ~told || !any)
		trace_put(l, "%s%#x", any ? "|" : "", value & ~told);
}
