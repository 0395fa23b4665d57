/* SPDX-License-Identifier: MIT */
/*
 * Where a read or write of the app goes: its buffers as a list of segments (core/uio.c). The list
 * itself is core memory, the segments point into the app's half and were range-checked when the uio
 * was made. Copying moves the position forward; resid is what is left.
 */
#ifndef CORE_UIO_H
#define CORE_UIO_H

#include <core/uaccess.h>

struct iovec {
	void __user *iov_base;
	size_t iov_len;
};

struct uio {
	const struct iovec *iov; /* the current segment */
	size_t offset;		 /* bytes of it already used */
	size_t resid;		 /* bytes left in all segments */
	bool kernel;		 /* the segment is core memory: plain copies (sendfile) */
	struct iovec one;	 /* storage for the single-segment case */
};

/* No transfer moves more in one call (Linux's MAX_RW_COUNT). */
#define UIO_MAX_BYTES 0x7ffff000UL

#define UIO_MAXIOV 1024
#define UIO_FAST   8 /* segments that fit on the stack of the caller of uio_import() */

/* One segment, cut at UIO_MAX_BYTES; -EFAULT if it does not lie in the app's half. */
static inline int uio_init(struct uio *u, void __user *buf, size_t len)
{
	uintptr_t end;

	if (unlikely(__builtin_add_overflow((uintptr_t)buf, len, &end) || end > ARCH_USER_END))
		return -EFAULT;
	u->one.iov_base = buf;
	u->one.iov_len = u->resid = min(len, (size_t)UIO_MAX_BYTES);
	u->iov = &u->one;
	u->offset = 0;
	u->kernel = false;
	return 0;
}
/* One segment of core memory; its copies never fault. */
void uio_init_kernel(struct uio *u, void *buf, size_t len);
/*
 * Copies in an iovec array of the app's. fast is storage for UIO_FAST entries; a longer array is
 * allocated and *heap is set to it (else NULL): kfree(*heap) when done.
 */
int uio_import(struct uio *u, const struct iovec __user *iov, unsigned count, struct iovec *fast,
	       struct iovec **heap);

/*
 * Copy n bytes (n <= resid) out of, or into, the app's buffers: 0 or -EFAULT. At a fault the
 * position stands where the copy stopped, so that the difference of resid is what was moved.
 */
int __must_check uio_copy_from(struct uio *u, void *dst, size_t n);
int __must_check uio_copy_to(struct uio *u, const void *src, size_t n);
/* Writes n zero bytes to the app. */
int __must_check uio_clear(struct uio *u, size_t n);
/* Skips n bytes (n <= resid). */
void uio_advance(struct uio *u, size_t n);

#endif
