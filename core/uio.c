// SPDX-License-Identifier: MIT
/*
 * Positions in the app's buffers (core/uio.h). Owns nothing: a uio lives on its caller's stack.
 * Segments were range-checked when the uio was made, so copies go straight to the architecture.
 * Called by the system calls that make them and by every file operation that uses them.
 */
#include <core/heap.h>
#include <core/string.h>
#include <core/uaccess.h>
#include <core/uio.h>

void uio_init_kernel(struct uio *u, void *buf, size_t len)
{
	u->one.iov_base = buf;
	u->one.iov_len = u->resid = len;
	u->iov = &u->one;
	u->offset = 0;
	u->kernel = true;
}

/* Checks the segments; the sum is cut at UIO_MAX_BYTES by shortening them. */
static int check_segments(struct uio *u, struct iovec *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if ((ssize_t)v[i].iov_len < 0)
			return -EINVAL;
		if (!user_range_ok(v[i].iov_base, v[i].iov_len))
			return -EFAULT;
		v[i].iov_len = min(v[i].iov_len, UIO_MAX_BYTES - u->resid);
		u->resid += v[i].iov_len;
	}
	return 0;
}

int uio_import(struct uio *u, const struct iovec __user *iov, unsigned count, struct iovec *fast,
	       struct iovec **heap)
{
	struct iovec *v = fast;
	int r = -EFAULT;

	*heap = NULL;
	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > UIO_FAST) {
		v = *heap = kmalloc(count * sizeof(*v));
		if (!v)
			return -ENOMEM;
	}
	if (!count)
		*fast = (struct iovec){NULL, 0};
	u->iov = v;
	u->offset = u->resid = 0;
	u->kernel = false;
	if (!copy_from_user(v, iov, count * sizeof(*v)))
		r = check_segments(u, v, count);
	if (r) {
		kfree(*heap);
		*heap = NULL;
	}
	return r;
}

enum direction {
	FROM,
	TO,
	CLEAR,
};

/* Bytes not copied. */
static inline size_t copy_piece(enum direction dir, void *core, char *app, size_t n, bool kernel)
{
	if (unlikely(kernel)) {
		if (dir == FROM)
			memcpy(core, app, n);
		else if (dir == TO)
			memcpy(app, core, n);
		else
			memset(app, 0, n);
		return 0;
	}
	if (dir == FROM)
		return arch_copy_from_user(core, app, n);
	if (dir == TO)
		return arch_copy_to_user(app, core, n);
	return arch_clear_user(app, n);
}

/* n bytes that the current segment has. */
static inline int move_piece(struct uio *u, void *core, size_t n, enum direction dir)
{
	char *app = (char *)u->iov->iov_base + u->offset;
	size_t bad = copy_piece(dir, core, app, n, u->kernel);

	u->offset += n - bad;
	u->resid -= n - bad;
	return unlikely(bad) ? -EFAULT : 0;
}

static __noinline int move_pieces(struct uio *u, char *core, size_t n, enum direction dir)
{
	while (n) {
		size_t piece = min(n, u->iov->iov_len - u->offset);
		int r;

		if (!piece) {
			u->iov++;
			u->offset = 0;
			continue;
		}
		r = move_piece(u, core, piece, dir);
		if (r)
			return r;
		if (core)
			core += piece;
		n -= piece;
	}
	return 0;
}

/* Inlined for each direction, so that the usual case, one segment, is short. */
static inline int uio_move(struct uio *u, void *core, size_t n, enum direction dir)
{
	if (likely(n <= u->iov->iov_len - u->offset))
		return move_piece(u, core, n, dir);
	return move_pieces(u, core, n, dir);
}

int uio_copy_from(struct uio *u, void *dst, size_t n)
{
	return uio_move(u, dst, n, FROM);
}

int uio_copy_to(struct uio *u, const void *src, size_t n)
{
	return uio_move(u, (void *)(uintptr_t)src, n, TO);
}

int uio_clear(struct uio *u, size_t n)
{
	return uio_move(u, NULL, n, CLEAR);
}

void uio_advance(struct uio *u, size_t n)
{
	u->resid -= n;
	while (n) {
		size_t piece = min(n, u->iov->iov_len - u->offset);

		u->offset += piece;
		n -= piece;
		if (n) {
			u->iov++;
			u->offset = 0;
		}
	}
}
