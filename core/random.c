// SPDX-License-Identifier: MIT
/*
 * The random generator. Two ChaCha20 keys: `pool` takes in what the sources give, with a count of
 * its entropy; `key` makes the output. Only when the pool has gathered SEED_BITS is the key renewed
 * from it, so that whoever saw the key once cannot follow it by guessing small additions. Each
 * request takes a key of its own out of the generator and the generator's key is replaced in the
 * same step (fast key erasure), so what was given out cannot be computed again from the state.
 * Lock: guards both keys and the counters; taken with interrupts off, held for two blocks at most.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <arch/cpu.h>
#include <core/chacha20.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/spinlock.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>

#define SEED_BITS      256
#define RESEED_BYTES   (1u << 20)
#define RESEED_NS      (300 * NSEC_PER_SEC)
#define SOURCE_BYTES   64 /* asked of each source */
#define SPARES	       3  /* what one block gives but for the word that was asked for */
#define JITTER_NS      (10 * NSEC_PER_MSEC)
#define JITTER_SAMPLES 16384
#define JITTER_BUFFER  4096u
#define SAMPLES_A_BIT  8    /* live timing samples for one bit of credit */
#define JITTER_PROOF   1024 /* samples in which a clock must have shown that it lives */

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4
#define READ_MAX      0x7ffff000ul /* as Linux: the most one call moves */

static struct {
	struct spinlock lock;
	uint8_t pool[CHACHA20_KEY];
	uint8_t key[CHACHA20_KEY];
	unsigned pool_bits;
	uint64_t spare[SPARES]; /* output for random_u64(), not given out yet */
	unsigned spares;
	uint64_t given; /* bytes since the key was renewed */
	uint64_t renewed;
	bool seeded, reseeding;
} rng;

static struct random_source *sources;

/* Nonces keep the uses of the block function apart. */
static const uint8_t absorb_nonce[CHACHA20_NONCE] = "absorb";
static const uint8_t renew_nonce[CHACHA20_NONCE] = "renew";
static const uint8_t output_nonce[CHACHA20_NONCE] = "output";

static void wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ volatile("" ::"r"(p) : "memory"); /* or the compiler takes it out as dead */
}

/* Mixes n bytes into the pool: each piece changes the pool's key, which is then hashed by a block. */
static void pool_absorb(const uint8_t *data, size_t n)
{
	uint8_t block[CHACHA20_BLOCK];

	while (n) {
		size_t k = min(n, (size_t)CHACHA20_KEY);

		for (size_t i = 0; i < k; i++)
			rng.pool[i] ^= data[i];
		chacha20_block(block, rng.pool, k, absorb_nonce);
		memcpy(rng.pool, block, sizeof(rng.pool));
		data += k;
		n -= k;
	}
	wipe(block, sizeof(block));
}

/* Moves what the pool has gathered into the key; the old key stays part of the new one. */
static void key_renew(void)
{
	uint8_t block[CHACHA20_BLOCK];

	chacha20_block(block, rng.pool, 0, renew_nonce);
	memcpy(rng.pool, block, CHACHA20_KEY);
	for (size_t i = 0; i < CHACHA20_KEY; i++)
		rng.key[i] ^= block[CHACHA20_KEY + i];
	wipe(block, sizeof(block));
	wipe(rng.spare, sizeof(rng.spare));
	rng.spares = 0;
	rng.pool_bits = 0;
	rng.given = 0;
	rng.renewed = arch_clock_now();
}

void random_add(const void *data, size_t n, unsigned credit)
{
	unsigned long flags = spin_lock_irqsave(&rng.lock);

	pool_absorb(data, n);
	rng.pool_bits += min(credit, (unsigned)SEED_BITS);
	if (rng.pool_bits >= SEED_BITS)
		key_renew();
	spin_unlock_irqrestore(&rng.lock, flags);
}

/* What differs from boot to boot at least a little: never credited. */
static void gather_surroundings(void)
{
	struct {
		uint64_t cycles, now, wall;
		const void *stack;
	} s = {arch_cycles(), arch_clock_now(), arch_wall_clock(), &s};

	random_add(&s, sizeof(s), 0);
}

static bool gather_cpu(void)
{
	uint64_t words[8];
	unsigned n = 0;

	while (n < ARRAY_SIZE(words) && arch_random(&words[n]))
		n++;
	/* A generator that is stuck is worse than none. */
	if (n < ARRAY_SIZE(words) || (words[0] == words[1] && words[1] == words[2]))
		return false;
	random_add(words, sizeof(words), SEED_BITS);
	wipe(words, sizeof(words));
	return true;
}

static bool gather_source(struct random_source *s)
{
	uint8_t buf[SOURCE_BYTES];
	size_t n = s->fill(buf, sizeof(buf));

	if (n > sizeof(buf))
		n = 0;
	random_add(buf, n, n * 8);
	wipe(buf, sizeof(buf));
	return n * 8 >= SEED_BITS;
}

static bool gather_sources(void)
{
	bool any = gather_cpu();

	for (struct random_source *s = READ_ONCE(sources); s; s = s->next)
		any |= gather_source(s);
	return any;
}

/* Walks through memory that caches and the bus take differently long for; the time it took. */
static uint64_t jitter_sample(volatile uint8_t *memory, uint32_t *at)
{
	uint64_t start = arch_cycles();

	for (int i = 0; i < 16; i++) {
		*at = *at * 1103515245 + 12345;
		memory[(*at >> 8) % JITTER_BUFFER]++;
	}
	return arch_cycles() - start;
}

/*
 * Timing jitter: the differences between runs of the same work. A sample counts as live if it and
 * its first and second differences are not zero, so a clock that stands still, ticks evenly or
 * speeds up evenly earns nothing. The credit is far below what studies of such loops find.
 */
static unsigned gather_jitter(volatile uint8_t *memory, unsigned bits)
{
	uint64_t end = arch_clock_now() + JITTER_NS, last = 0, last_delta = 0, batch[4];
	unsigned live = 0, samples = 0;
	uint32_t at = 0;

	while (live / SAMPLES_A_BIT < bits && samples < JITTER_SAMPLES && arch_clock_now() < end) {
		uint64_t t = jitter_sample(memory, &at), delta = t - last;

		if (t && delta && delta != last_delta)
			live++;
		last = t;
		last_delta = delta;
		batch[samples++ % ARRAY_SIZE(batch)] = t;
		if (samples % ARRAY_SIZE(batch) == 0)
			random_add(batch, sizeof(batch), 0);
		if (samples == JITTER_PROOF && live < JITTER_PROOF / 16)
			break;
	}
	return live / SAMPLES_A_BIT;
}

static void seed_from_jitter(void)
{
	uint8_t *memory = kzalloc(JITTER_BUFFER);
	unsigned bits = memory ? gather_jitter(memory, SEED_BITS) : 0;

	kfree(memory);
	if (bits >= SEED_BITS)
		log_warn("random: neither the CPU nor a device gives random numbers: seeded from "
			 "timing alone; add a virtio-rng device");
	else
		log_warn("random: NOT SAFE: no source of random numbers, and timing gave %u of %u "
			 "bits; add a virtio-rng device",
			 bits, SEED_BITS);
}

void random_init(void)
{
	unsigned long flags;

	if (__atomic_exchange_n(&rng.seeded, true, __ATOMIC_ACQ_REL))
		return;
	gather_surroundings();
	if (!gather_sources())
		seed_from_jitter();
	flags = spin_lock_irqsave(&rng.lock);
	key_renew(); /* whatever came from timing is only in the pool yet */
	spin_unlock_irqrestore(&rng.lock, flags);
}

void random_source_register(struct random_source *s)
{
	s->next = sources;
	WRITE_ONCE(sources, s);
	if (READ_ONCE(rng.seeded) && gather_source(s))
		log_info("random: reseeded from %s", s->name);
}

/* Asks the sources again after a MiB or five minutes of use; the CPU that finds it due does it. */
static void reseed_if_due(void)
{
	if (likely(READ_ONCE(rng.given) < RESEED_BYTES &&
		   arch_clock_now() - READ_ONCE(rng.renewed) < RESEED_NS))
		return;
	if (__atomic_exchange_n(&rng.reseeding, true, __ATOMIC_ACQUIRE))
		return;
	gather_surroundings();
	if (!gather_sources()) {
		unsigned long flags = spin_lock_irqsave(&rng.lock);

		key_renew();
		spin_unlock_irqrestore(&rng.lock, flags);
	}
	__atomic_store_n(&rng.reseeding, false, __ATOMIC_RELEASE);
}

/* Replaces the key and gives 32 bytes that nothing left in the generator can tell. */
static void take(uint8_t out[CHACHA20_KEY], size_t given)
{
	uint8_t block[CHACHA20_BLOCK];
	unsigned long flags;

	if (unlikely(!READ_ONCE(rng.seeded)))
		random_init();
	reseed_if_due();
	flags = spin_lock_irqsave(&rng.lock);
	chacha20_block(block, rng.key, 0, output_nonce);
	memcpy(rng.key, block, CHACHA20_KEY);
	rng.given += given;
	spin_unlock_irqrestore(&rng.lock, flags);
	memcpy(out, block + CHACHA20_KEY, CHACHA20_KEY);
	wipe(block, sizeof(block));
}

void random_bytes(void *buf, size_t n)
{
	uint8_t key[CHACHA20_KEY], block[CHACHA20_BLOCK], *out = buf;

	take(key, n);
	if (n <= sizeof(key)) {
		memcpy(buf, key, n);
		wipe(key, sizeof(key));
		return;
	}
	for (uint32_t counter = 0; n; counter++) {
		size_t k = min(n, sizeof(block));

		chacha20_block(block, key, counter, output_nonce);
		memcpy(out, block, k);
		out += k;
		n -= k;
	}
	wipe(key, sizeof(key));
	wipe(block, sizeof(block));
}

/* A spare word, which the generator forgets; false if there is none. */
static bool take_spare(uint64_t *v)
{
	unsigned long flags = spin_lock_irqsave(&rng.lock);
	bool found = rng.spares;

	if (found) {
		*v = rng.spare[--rng.spares];
		rng.spare[rng.spares] = 0;
	}
	spin_unlock_irqrestore(&rng.lock, flags);
	return found;
}

uint64_t random_u64(void)
{
	uint64_t words[1 + SPARES], v;
	unsigned long flags;

	reseed_if_due();
	if (take_spare(&v))
		return v;
	take((uint8_t *)words, sizeof(words));
	v = words[SPARES];
	flags = spin_lock_irqsave(&rng.lock);
	memcpy(rng.spare, words, sizeof(rng.spare));
	rng.spares = SPARES;
	spin_unlock_irqrestore(&rng.lock, flags);
	wipe(words, sizeof(words));
	return v;
}

/* One chunk of the app's request: 0, or -EFAULT with what was copied lost. */
static int give_chunk(uint8_t __user *to, size_t n)
{
	uint8_t chunk[256];
	int err;

	random_bytes(chunk, n);
	err = copy_to_user(to, chunk, n);
	wipe(chunk, sizeof(chunk));
	return err;
}

long sys_getrandom(void __user *buf, size_t n, unsigned flags)
{
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	n = min(n, READ_MAX);
	if (!user_range_ok(buf, n))
		return -EFAULT;
	while (done < n) {
		size_t k = min(n - done, (size_t)256);

		if (give_chunk((uint8_t __user *)buf + done, k))
			return done ? (long)done : -EFAULT;
		done += k;
		if (done % PAGE_SIZE)
			continue;
		if (signal_waiting())
			break;
		if (READ_ONCE(current_thread()->work) & WORK_RESCHED)
			sched_yield();
	}
	return done;
}
