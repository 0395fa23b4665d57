// SPDX-License-Identifier: MIT
/* core/chacha20.c against RFC 8439, and core/random.c: seeding, reseeding, getrandom. */
#include "test.h"

#include <abi/errno.h>
#include <core/chacha20.h>
#include <core/page.h>

/* Included, so that each test can begin with a generator that was never seeded. */
#include "../../core/random.c"

static void start_over(void)
{
	memset(&rng, 0, sizeof(rng));
	sources = NULL;
	fake_has_random = true;
}

TEST(chacha20_block_rfc8439_2_3_2)
{
	static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	static const uint8_t want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
		0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
		0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
		0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
		0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
	uint8_t key[32], out[64];

	for (int i = 0; i < 32; i++)
		key[i] = i;
	chacha20_block(out, key, 1, nonce);
	CHECK_MEM(out, want, 64);
}

/* RFC 8439, appendix A.1, test vectors 1, 2 and 5 (the first bytes). */
TEST(chacha20_block_rfc8439_a1)
{
	static const uint8_t want1[8] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90};
	static const uint8_t want2[8] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a};
	static const uint8_t want5[8] = {0xc2, 0xc6, 0x4d, 0x37, 0x8c, 0xd5, 0x36, 0x37};
	uint8_t key[32] = {0}, nonce[12] = {0}, out[64];

	chacha20_block(out, key, 0, nonce);
	CHECK_MEM(out, want1, 8);
	chacha20_block(out, key, 1, nonce);
	CHECK_MEM(out, want2, 8);
	nonce[11] = 2;
	chacha20_block(out, key, 0, nonce);
	CHECK_MEM(out, want5, 8);
}

TEST(seeds_itself_when_first_used)
{
	start_over();
	CHECK(random_u64() != random_u64());
	CHECK(rng.seeded);
	CHECK_EQ(fake_log_lines, 0);
}

TEST(warns_when_there_is_no_source)
{
	start_over();
	fake_has_random = false;
	random_init();
	CHECK(strstr(fake_log_last, "virtio-rng"));
	CHECK(random_u64() != random_u64());
}

/* The fake's clock ticks evenly: worth nothing, and the log must say so. */
TEST(an_even_clock_earns_nothing)
{
	start_over();
	fake_has_random = false;
	random_init();
	CHECK(strstr(fake_log_last, "NOT SAFE"));
	CHECK(strstr(fake_log_last, "gave 0 of"));
}

static unsigned asked;
static size_t give;

static size_t fill(void *buf, size_t n)
{
	asked++;
	memset(buf, asked, min(n, give));
	return min(n, give);
}

TEST(a_device_source_is_enough)
{
	static struct random_source s = {.name = "test", .fill = fill};

	start_over();
	fake_has_random = false;
	asked = 0;
	give = 64;
	random_source_register(&s);
	CHECK_EQ(asked, 0);
	random_init();
	CHECK_EQ(asked, 1);
	CHECK_EQ(fake_log_lines, 0);
}

TEST(a_late_source_is_used_at_once)
{
	static struct random_source s = {.name = "late", .fill = fill};
	uint8_t before[32];

	start_over();
	random_init();
	memcpy(before, rng.key, 32);
	asked = 0;
	give = 64;
	random_source_register(&s);
	CHECK_EQ(asked, 1);
	CHECK(memcmp(before, rng.key, 32));
	CHECK(strstr(fake_log_last, "late"));
}

TEST(a_source_that_overstates_or_gives_nothing_is_not_believed)
{
	static struct random_source s = {.name = "short", .fill = fill};

	start_over();
	fake_has_random = false;
	give = 8;
	random_source_register(&s);
	random_init();
	CHECK(strstr(fake_log_last, "virtio-rng"));
}

TEST(reseeds_by_volume_and_by_time)
{
	static struct random_source s = {.name = "test", .fill = fill};
	static uint8_t big[RESEED_BYTES];

	start_over();
	give = 64;
	random_source_register(&s);
	random_init();
	asked = 0;
	random_u64();
	CHECK_EQ(asked, 0);
	random_bytes(big, sizeof(big));
	random_u64();
	CHECK_EQ(asked, 1);
	random_u64();
	CHECK_EQ(asked, 1);
	fake_clock_advance(RESEED_NS);
	random_u64();
	CHECK_EQ(asked, 2);
	random_u64();
	CHECK_EQ(asked, 2);
}

/* Words that are left over are given out once, and not at all once the key is another. */
TEST(spare_words_are_new)
{
	static const uint8_t none[sizeof(rng.spare)];
	uint64_t v[4 * (1 + SPARES)];

	start_over();
	random_init();
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		v[i] = random_u64();
		for (unsigned j = 0; j < i; j++)
			CHECK(v[i] != v[j]);
	}
	CHECK(!memcmp(rng.spare, none, sizeof(none)));
	random_u64();
	CHECK_EQ(rng.spares, SPARES);
	random_add(none, sizeof(none), SEED_BITS);
	CHECK_EQ(rng.spares, 0);
	CHECK(!memcmp(rng.spare, none, sizeof(none)));
}

/* Small additions gather in the pool; the key changes only once they are worth a seed. */
TEST(additions_wait_until_they_are_worth_a_seed)
{
	uint8_t key[32];

	start_over();
	random_init();
	memcpy(key, rng.key, 32);
	for (unsigned bits = 0; bits < SEED_BITS - 16; bits += 16) {
		random_add("x", 1, 16);
		CHECK_MEM(key, rng.key, 32);
	}
	random_add("x", 1, 16);
	CHECK(memcmp(key, rng.key, 32));
}

TEST(every_byte_of_an_addition_counts)
{
	uint8_t data[100] = {0}, pools[4][32];

	for (int i = 0; i < 4; i++) {
		start_over();
		if (i == 1)
			data[99] = 1;
		random_add(data, i == 2 ? 99 : i == 3 ? 96 : 100, 0);
		data[99] = 0;
		memcpy(pools[i], rng.pool, 32);
		for (int k = 0; k < i; k++)
			CHECK(memcmp(pools[i], pools[k], 32));
	}
}

TEST(the_key_is_erased_at_each_request)
{
	uint8_t key[32], out[200];

	start_over();
	random_init();
	for (size_t n = 0; n <= sizeof(out); n += 40) {
		memcpy(key, rng.key, 32);
		random_bytes(out, n);
		CHECK(memcmp(key, rng.key, 32));
	}
}

/* Sizes round the block: nothing outside is written, everything inside is. */
TEST(sizes_are_exact)
{
	for (size_t n = 0; n < 300; n++) {
		uint8_t *p = malloc(n + 2), any = 0;

		memset(p, 0, n + 2);
		p[0] = p[n + 1] = 0x5a;
		for (int i = 0; i < 40 && n; i++) {
			random_bytes(p + 1, n);
			any |= p[n];
		}
		CHECK_EQ(p[0], 0x5a);
		CHECK_EQ(p[n + 1], 0x5a);
		CHECK(!n || any == 0xff);
		free(p);
	}
}

TEST(bits_are_even)
{
	static uint8_t data[1 << 16];
	unsigned ones = 0;

	random_bytes(data, sizeof(data));
	for (size_t i = 0; i < sizeof(data); i++)
		ones += __builtin_popcount(data[i]);
	CHECK(ones > 4 * sizeof(data) - 3000 && ones < 4 * sizeof(data) + 3000);
}

TEST(getrandom_fills)
{
	uint8_t *u = fake_user_alloc(1000), *host;
	unsigned zeros = 0;

	host = fake_user_host(u);
	memset(host, 0, 1000);
	CHECK_EQ(sys_getrandom(u, 1000, 0), 1000);
	for (int i = 0; i < 1000; i++)
		zeros += !host[i];
	CHECK(zeros < 40);
	CHECK_EQ(sys_getrandom(u, 0, 0), 0);
	CHECK_EQ(sys_getrandom(u, 16, GRND_NONBLOCK), 16);
	CHECK_EQ(sys_getrandom(u, 16, GRND_RANDOM), 16);
	CHECK_EQ(sys_getrandom(u, 16, GRND_INSECURE | GRND_NONBLOCK), 16);
}

TEST(getrandom_refuses)
{
	uint8_t *u = fake_user_alloc(100);

	CHECK_EQ(sys_getrandom(u, 16, 8), -EINVAL);
	CHECK_EQ(sys_getrandom(u, 16, ~0u), -EINVAL);
	CHECK_EQ(sys_getrandom(u, 16, GRND_RANDOM | GRND_INSECURE), -EINVAL);
	CHECK_EQ(sys_getrandom(NULL, 1, 0), -EFAULT);
	CHECK_EQ(sys_getrandom((void *)0xffff800000000000, 1, 0), -EFAULT);
	CHECK_EQ(sys_getrandom((void *)(ARCH_USER_END - 8), 16, 0), -EFAULT);
	CHECK_EQ(sys_getrandom((void *)~0ul, ~0ul, 0), -EFAULT);
}

/* The whole range is looked at before the first byte is written. */
TEST(getrandom_refuses_what_only_begins_in_the_app_s_half)
{
	void *page = page_alloc_zeroed(0);
	uint8_t *u = (uint8_t *)(ARCH_USER_END - 256), zeros[256] = {0};

	REQUIRE(!arch_mmu_map(ARCH_USER_END - PAGE_SIZE, virt_to_phys(page),
			      MMU_READ | MMU_WRITE | MMU_USER));
	CHECK_EQ(sys_getrandom(u, 257, 0), -EFAULT);
	CHECK_MEM((uint8_t *)page + PAGE_SIZE - 256, zeros, 256);
	CHECK_EQ(sys_getrandom(u, 256, 0), 256);
}

/* What lies before a hole is filled, as on Linux. */
TEST(getrandom_stops_at_a_hole)
{
	uint8_t *u = fake_user_alloc(3 * PAGE_SIZE);

	CHECK_EQ(sys_getrandom(u, 4 * PAGE_SIZE, 0), 3 * PAGE_SIZE);
}

TEST(getrandom_ends_early_for_a_signal)
{
	uint8_t *u = fake_user_alloc(3 * PAGE_SIZE);

	current_thread()->work = WORK_SIGNAL; /* another thread has taken it */
	CHECK_EQ(sys_getrandom(u, 3 * PAGE_SIZE, 0), 3 * PAGE_SIZE);
	signal_send_self(SIGUSR1);
	CHECK_EQ(sys_getrandom(u, 3 * PAGE_SIZE, 0), PAGE_SIZE);
	CHECK_EQ(sys_getrandom(u, 256, 0), 256);
}
