/* SPDX-License-Identifier: MIT */
/* Memory mappings: anonymous ones, for now. */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <abi/mman.h>

__BEGIN_DECLS
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int munmap(void *addr, size_t len);
int mprotect(void *addr, size_t len, int prot);
int madvise(void *addr, size_t len, int advice);
int msync(void *addr, size_t len, int flags);
#if __GNU_VISIBLE
void *mremap(void *addr, size_t len, size_t newlen, int flags, ...);
#endif
__END_DECLS

#endif
