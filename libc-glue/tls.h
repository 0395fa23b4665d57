/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage, variant II (Drepper, "ELF handling for thread-local storage"): the program's
 * TLS image ends where the thread's control block begins, and FS points there. Private to libc-glue.
 */
#ifndef LIBC_GLUE_TLS_H
#define LIBC_GLUE_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* At FS. Offsets 0 and 0x28 are the ABI's: the compiler emits them. */
struct thread_control {
	struct thread_control *self;
	uintptr_t reserved[4];
	uintptr_t canary;
	uintptr_t spare[2];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct thread_control, canary) == 0x28, "the compiler reads fs:0x28");

struct tls_image {
	const void *data; /* PT_TLS's initialised part */
	size_t filesz, memsz;
	size_t align; /* PT_TLS's, at least 1 */
};

/* What a thread's block has to be aligned to. */
static inline size_t tls_block_align(const struct tls_image *image)
{
	return image->align > _Alignof(struct thread_control) ? image->align
							      : _Alignof(struct thread_control);
}

/* Bytes of a thread's block: the image, rounded up so that what follows is aligned, and the TCB. */
static inline size_t tls_block_size(const struct tls_image *image)
{
	size_t align = tls_block_align(image);

	return ((image->memsz + align - 1) & -align) + sizeof(struct thread_control);
}

/*
 * Fills a zeroed block; the thread pointer for it. The canary is the caller's to set. The linker
 * counts the image's start back from the thread pointer by its size rounded up to its own alignment.
 */
__attribute__((no_stack_protector)) static inline struct thread_control *tls_block_init(
	const struct tls_image *image, void *block)
{
	size_t size = tls_block_size(image) - sizeof(struct thread_control);
	struct thread_control *tcb = (void *)((char *)block + size);
	size_t back = (image->memsz + image->align - 1) & -image->align;

	memcpy((char *)tcb - back, image->data, image->filesz);
	tcb->self = tcb;
	return tcb;
}

#endif
