/* SPDX-License-Identifier: MIT */
/* errno: Linux's numbers, shared with the core; the variable is newlib's, in thread-local storage. */
#ifndef _SYS_ERRNO_H_
#define _SYS_ERRNO_H_

#include <sys/reent.h>
#include <abi/errno.h>

#ifdef _REENT_THREAD_LOCAL
#define errno (_tls_errno)
#else
#define errno (*__errno())
extern int *__errno(void);
#endif

#define __errno_r(ptr) _REENT_ERRNO(ptr)

extern const char *const _sys_errlist[];
extern int _sys_nerr;

#if __GNU_VISIBLE
extern char *program_invocation_name;
extern char *program_invocation_short_name;
#endif

#ifdef _LIBC
/* newlib's hash tables answer BSD's "wrong type of file". */
#define EFTYPE EMEDIUMTYPE
#endif

/* Where newlib lets a program number errors of its own. */
#define __ELASTERROR 2000

#endif
