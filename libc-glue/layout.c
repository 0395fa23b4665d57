/* SPDX-License-Identifier: MIT */
/* The library's structs are the core's: checked here, at compile time, field by field. */
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>

#define SAME_SIZE(a, b) _Static_assert(sizeof(a) == sizeof(b), #a " has another size than " #b)
#define SAME(a, fa, b, fb)                                                   \
	_Static_assert(offsetof(a, fa) == offsetof(b, fb) &&                 \
			       sizeof(((a *)0)->fa) == sizeof(((b *)0)->fb), \
		       #a "." #fa " is not " #b "." #fb)

SAME_SIZE(struct stat, struct abi_stat);
SAME(struct stat, st_dev, struct abi_stat, st_dev);
SAME(struct stat, st_ino, struct abi_stat, st_ino);
SAME(struct stat, st_nlink, struct abi_stat, st_nlink);
SAME(struct stat, st_mode, struct abi_stat, st_mode);
SAME(struct stat, st_uid, struct abi_stat, st_uid);
SAME(struct stat, st_gid, struct abi_stat, st_gid);
SAME(struct stat, st_rdev, struct abi_stat, st_rdev);
SAME(struct stat, st_size, struct abi_stat, st_size);
SAME(struct stat, st_blksize, struct abi_stat, st_blksize);
SAME(struct stat, st_blocks, struct abi_stat, st_blocks);
SAME(struct stat, st_atim.tv_sec, struct abi_stat, st_atime_sec);
SAME(struct stat, st_mtim.tv_sec, struct abi_stat, st_mtime_sec);
SAME(struct stat, st_mtim.tv_nsec, struct abi_stat, st_mtime_nsec);
SAME(struct stat, st_ctim.tv_nsec, struct abi_stat, st_ctime_nsec);

SAME(struct dirent, d_ino, struct abi_dirent64, d_ino);
SAME(struct dirent, d_off, struct abi_dirent64, d_off);
SAME(struct dirent, d_reclen, struct abi_dirent64, d_reclen);
SAME(struct dirent, d_type, struct abi_dirent64, d_type);
_Static_assert(offsetof(struct dirent, d_name) == offsetof(struct abi_dirent64, d_name),
	       "struct dirent.d_name");

SAME_SIZE(struct timespec, struct abi_timespec);
SAME(struct timespec, tv_nsec, struct abi_timespec, tv_nsec);
SAME_SIZE(struct timeval, struct abi_timeval);
SAME(struct timeval, tv_usec, struct abi_timeval, tv_usec);

SAME_SIZE(struct pollfd, struct abi_pollfd);
SAME(struct pollfd, revents, struct abi_pollfd, revents);

SAME_SIZE(struct sockaddr_in, struct abi_sockaddr_in);
SAME(struct sockaddr_in, sin_port, struct abi_sockaddr_in, sin_port);
SAME(struct sockaddr_in, sin_addr, struct abi_sockaddr_in, sin_addr);
SAME_SIZE(struct msghdr, struct abi_msghdr);
SAME(struct msghdr, msg_namelen, struct abi_msghdr, msg_namelen);
SAME(struct msghdr, msg_iov, struct abi_msghdr, msg_iov);
SAME(struct msghdr, msg_iovlen, struct abi_msghdr, msg_iovlen);
SAME(struct msghdr, msg_control, struct abi_msghdr, msg_control);
SAME(struct msghdr, msg_controllen, struct abi_msghdr, msg_controllen);
SAME(struct msghdr, msg_flags, struct abi_msghdr, msg_flags);

/* Layouts of Linux that the core's headers do not describe yet. */
_Static_assert(sizeof(struct sockaddr_storage) == 128, "struct sockaddr_storage");
_Static_assert(sizeof(struct sockaddr_in6) == 28, "struct sockaddr_in6");
_Static_assert(sizeof(siginfo_t) == 128, "siginfo_t");
_Static_assert(offsetof(siginfo_t, si_addr) == 16, "siginfo_t.si_addr");
_Static_assert(offsetof(siginfo_t, si_value) == 24, "siginfo_t.si_value");
_Static_assert(sizeof(stack_t) == 24, "stack_t");
_Static_assert(sizeof(sigset_t) == 8, "sigset_t");
_Static_assert(sizeof(struct utsname) == 390, "struct utsname");
_Static_assert(sizeof(clockid_t) == 4 && sizeof(time_t) == 8 && sizeof(off_t) == 8, "widths");
