/* SPDX-License-Identifier: MIT */
/*
 * Thread-specific data. A key is a slot of keys[], whose number of life is odd while the key exists:
 * a value stored under an earlier life of the slot no longer counts, so deleting a key touches no
 * thread.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include "thread.h"

_Static_assert(PTHREAD_KEYS_MAX == KEY_BLOCKS * KEYS_PER_BLOCK, "keys");

static struct {
	uintptr_t life;
	void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

static bool in_use(uintptr_t life)
{
	return life & 1;
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
		uintptr_t life = __atomic_load_n(&keys[i].life, __ATOMIC_RELAXED);

		if (in_use(life) ||
		    !__atomic_compare_exchange_n(&keys[i].life, &life, life + 1, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		keys[i].destructor = destructor;
		*key = i;
		return 0;
	}
	return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
	uintptr_t life;

	if (key >= PTHREAD_KEYS_MAX)
		return EINVAL;
	life = __atomic_load_n(&keys[key].life, __ATOMIC_RELAXED);
	return in_use(life) && __atomic_compare_exchange_n(&keys[key].life, &life, life + 1, false,
							   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)
		       ? 0
		       : EINVAL;
}

void *pthread_getspecific(pthread_key_t key)
{
	struct thread_control *self = thread_self();
	struct key_value *v;

	if (likely(key < KEYS_PER_BLOCK)) {
		v = &self->first_keys[key];
	} else {
		if (key >= PTHREAD_KEYS_MAX || !self->key_block[key / KEYS_PER_BLOCK])
			return NULL;
		v = &self->key_block[key / KEYS_PER_BLOCK][key % KEYS_PER_BLOCK];
	}
	return v->value && v->life == keys[key].life ? v->value : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct thread_control *self = thread_self();
	struct key_value *block = self->first_keys;
	unsigned n = key / KEYS_PER_BLOCK;

	if (key >= PTHREAD_KEYS_MAX || !in_use(keys[key].life))
		return EINVAL;
	if (n) {
		block = self->key_block[n];
		if (!block && !value)
			return 0;
		if (!block) {
			block = calloc(KEYS_PER_BLOCK, sizeof(*block));
			if (!block)
				return ENOMEM;
			self->key_block[n] = block;
		}
	}
	self->keys_used |= value != NULL;
	block[key % KEYS_PER_BLOCK] = (struct key_value){keys[key].life, (void *)value};
	return 0;
}

/* Calls destructors for what a block holds; it is empty then, but for what they store anew. */
static void destroy_block(struct key_value *block, unsigned first)
{
	for (unsigned i = 0; i < KEYS_PER_BLOCK; i++) {
		struct key_value was = block[i];

		if (!was.value)
			continue;
		block[i].value = NULL;
		if (was.life == keys[first + i].life && keys[first + i].destructor)
			keys[first + i].destructor(was.value);
	}
}

void keys_destroy(struct thread_control *self)
{
	if (likely(!self->keys_used))
		return;
	for (int round = 0; self->keys_used && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		self->keys_used = false;
		destroy_block(self->first_keys, 0);
		for (unsigned n = 1; n < KEY_BLOCKS; n++)
			if (self->key_block[n])
				destroy_block(self->key_block[n], n * KEYS_PER_BLOCK);
	}
	for (unsigned n = 1; n < KEY_BLOCKS; n++) {
		free(self->key_block[n]);
		self->key_block[n] = NULL;
	}
	memset(self->first_keys, 0, sizeof(self->first_keys));
	self->keys_used = false;
}
