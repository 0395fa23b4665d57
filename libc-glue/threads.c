/* SPDX-License-Identifier: MIT */
/* C11's threads: POSIX threads by other names and with other results. */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <threads.h>

/* pthread.c: pthread_create() for a function that returns an int. */
int __ringlet_thrd_create(pthread_t *thread, int (*start)(void *), void *arg);

static int result_of(int err)
{
	switch (err) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ENOMEM:
	case EAGAIN:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	}
	return thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	return result_of(__ringlet_thrd_create(thread, start, arg));
}

thrd_t thrd_current(void)
{
	return pthread_self();
}

int thrd_detach(thrd_t thread)
{
	return result_of(pthread_detach(thread));
}

int thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

_Noreturn void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
}

int thrd_join(thrd_t thread, int *result)
{
	void *value;
	int err = pthread_join(thread, &value);

	if (!err && result)
		*result = (int)(intptr_t)value;
	return result_of(err);
}

/* -1 when a signal came, another negative number for what is no time. */
int thrd_sleep(const struct timespec *duration, struct timespec *remaining)
{
	int err = clock_nanosleep(CLOCK_REALTIME, 0, duration, remaining);

	return !err ? 0 : err == EINTR ? -1 : -2;
}

void thrd_yield(void)
{
	sched_yield();
}

void call_once(once_flag *flag, void (*init)(void))
{
	pthread_once(flag, init);
}

int mtx_init(mtx_t *mutex, int type)
{
	static const pthread_mutexattr_t recursive = {PTHREAD_MUTEX_RECURSIVE};

	if (type & ~(mtx_recursive | mtx_timed))
		return thrd_error;
	return result_of(pthread_mutex_init(mutex, type & mtx_recursive ? &recursive : NULL));
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy(mutex);
}

int mtx_lock(mtx_t *mutex)
{
	return result_of(pthread_mutex_lock(mutex));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict at)
{
	return result_of(pthread_mutex_timedlock(mutex, at));
}

int mtx_trylock(mtx_t *mutex)
{
	return result_of(pthread_mutex_trylock(mutex));
}

int mtx_unlock(mtx_t *mutex)
{
	return result_of(pthread_mutex_unlock(mutex));
}

int cnd_init(cnd_t *cond)
{
	return result_of(pthread_cond_init(cond, NULL));
}

void cnd_destroy(cnd_t *cond)
{
	pthread_cond_destroy(cond);
}

int cnd_signal(cnd_t *cond)
{
	return result_of(pthread_cond_signal(cond));
}

int cnd_broadcast(cnd_t *cond)
{
	return result_of(pthread_cond_broadcast(cond));
}

int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
	return result_of(pthread_cond_wait(cond, mutex));
}

int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex, const struct timespec *restrict at)
{
	return result_of(pthread_cond_timedwait(cond, mutex, at));
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return result_of(pthread_key_create(key, destructor)) ? thrd_error : thrd_success;
}

void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
	return pthread_setspecific(key, value) ? thrd_error : thrd_success;
}
