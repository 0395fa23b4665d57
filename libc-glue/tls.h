/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage, variant II (Drepper, "ELF handling for thread-local storage"): the program's
 * TLS image ends where the thread's control block begins, and FS points there. Private to libc-glue.
 */
#ifndef LIBC_GLUE_TLS_H
#define LIBC_GLUE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KEYS_PER_BLOCK 32
#define KEY_BLOCKS     32

/* A thread's value for a key (pthread_key.c); it counts while the key's number of life is the same. */
struct key_value {
	uintptr_t life;
	void *value;
};

/* What the kernel looks at when the thread ends: Linux's struct robust_list_head. */
struct robust_list {
	void *next;
	long word_offset;
	void *pending;
};

struct __pthread_cleanup;

/*
 * At FS: all the library knows of a thread; a pthread_t is its address. Offsets 0 and 0x28 are the
 * ABI's: the compiler emits them. What has no other remark is the thread's own.
 */
struct thread_control {
	struct thread_control *self;
	uintptr_t reserved[4];
	uintptr_t canary;
	uintptr_t spare[2];
	uint32_t tid;	    /* zeroed and woken by the core at the thread's end */
	uint32_t cancel;    /* CANCEL_*: atomic, changed by other threads too */
	uint32_t no_cancel; /* locks of the library held: no cancellation now */
	uint32_t life;	    /* LIFE_*: atomic */
	void *result;
	union {
		void *(*start)(void *);
		int (*start_c11)(void *);
	};
	void *arg;
	struct __pthread_cleanup *cleanup; /* innermost first */
	struct robust_list robust;
	bool robust_known; /* to the core */
	bool returns_int;
	bool unblock_cancel; /* the creator had the signal of cancellation blocked */
	bool keys_used;
	uint32_t kill_lock; /* guards ending against who wants to signal the thread */
	bool ending;
	char name[16];
	struct thread_sched *sched; /* what the creator wants set first */
	/* The mapping the thread lives in, NULL for main and for stacks of the app's own. */
	void *map;
	size_t map_size, guard;
	void *stack; /* lowest byte that may be used */
	size_t stack_size;
	struct thread_control *next; /* in the list of stacks kept */
	struct key_value *key_block[KEY_BLOCKS];
	struct key_value first_keys[KEYS_PER_BLOCK];
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct thread_control, canary) == 0x28, "the compiler reads fs:0x28");

static inline struct thread_control *thread_self(void)
{
	struct thread_control *tcb;

	__asm__("movq %%fs:0, %0" : "=r"(tcb));
	return tcb;
}

struct tls_image {
	const void *data; /* PT_TLS's initialised part */
	size_t filesz, memsz;
	size_t align; /* PT_TLS's, at least 1 */
};

/* The program's, once start.c has found it. */
extern struct tls_image __ringlet_tls __attribute__((visibility("hidden")));

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
 * Fills a block, its control block zeroed before; the thread pointer for it. The canary is the
 * caller's to set. The linker counts the image's start back from the thread pointer by its size
 * rounded up to its own alignment.
 */
__attribute__((no_stack_protector)) static inline struct thread_control *tls_block_init(
	const struct tls_image *image, void *block)
{
	size_t size = tls_block_size(image) - sizeof(struct thread_control);
	struct thread_control *tcb = (void *)((char *)block + size);
	size_t back = (image->memsz + image->align - 1) & -image->align;

	memcpy((char *)tcb - back, image->data, image->filesz);
	memset((char *)tcb - back + image->filesz, 0, back - image->filesz);
	tcb->self = tcb;
	return tcb;
}

#endif
