// SPDX-License-Identifier: MIT
/* mmap and its kin as system calls: flags, errors, files of the archive and in RAM. */
#include "fs_fixture.h"
#include "vm_fixture.h"

#define BIG  "/usr/share/big" /* of the archive, SIZE bytes */
#define SIZE sizeof(big)

static size_t heap_before, pages_before;

static void file_begin(void)
{
	begin(NULL);
	heap_before = heap_in_use();
	pages_before = page_free_count();
}

/* But for what the files themselves keep, nothing is left. */
static void file_end(void)
{
	vm_unmap_all();
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(vm_committed(), 0);
	CHECK(vm_can_commit(page_free_count() - page_total() / 64 - page_total() / 512));
	CHECK_EQ(heap_in_use(), heap_before);
	CHECK_EQ(page_free_count(), pages_before);
}

static long map(int fd, size_t len, unsigned prot, unsigned flags, off_t offset)
{
	return sys_mmap(0, len, (int)prot, (int)flags, fd, offset);
}

/* A new file in RAM with n bytes of big. */
static int ram_file(size_t n)
{
	int fd = open_path("/tmp/f", O_RDWR | O_CREAT | O_TRUNC);

	REQUIRE(sys_write(fd, fake_user_dup(big, n), n) == (long)n);
	return fd;
}

static void remove_file(int fd)
{
	REQUIRE(!sys_close(fd) && !sys_unlink(STR("/tmp/f")));
}

TEST(flags)
{
	begin(NULL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS | 0x0f, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, PRIVATE, -1, 1), -EINVAL);
	CHECK_EQ(sys_mmap(0, 0, RW, PRIVATE, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, 0, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, SIZE_MAX, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), -ENOMEM);
	CHECK_EQ(sys_mmap(0, P, RW, PRIVATE | MAP_HUGETLB, -1, 0), -ENOMEM);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_PRIVATE, -1, 0), -EBADF);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_PRIVATE, 1234, 0), -EBADF);
	CHECK_EQ(sys_brk(0), 0);
	CHECK_EQ(sys_personality(PERSONALITY_ASK), 0);
	CHECK_EQ(sys_personality(8), -EINVAL);
	CHECK_EQ(sys_personality(ADDR_NO_RANDOMIZE), 0);
	CHECK_EQ(sys_personality(READ_IMPLIES_EXEC), ADDR_NO_RANDOMIZE);
	CHECK_EQ(sys_mmap(BASE, P, PROT_READ, FIXED, -1, 0), BASE);
	CHECK(!vm_fault(BASE, VM_FAULT_EXEC));
	CHECK_EQ(sys_personality(0), READ_IMPLIES_EXEC);
	CHECK_EQ(sys_mprotect(BASE, P, PROT_READ), 0);
	CHECK_EQ(vm_fault(BASE, VM_FAULT_EXEC), -EACCES);
	vm_unmap_all();
}

static void check_mapped(uintptr_t at, off_t offset, size_t len)
{
	for (size_t i = 0; i < len; i += 61) {
		size_t from = (size_t)offset + i;
		int want = from < SIZE ? big[from] : from < ALIGN_UP(SIZE, P) ? 0 : -EFAULT;

		REQUIRE(peek(at + i) == want);
	}
}

static void check_private_mapping(int fd)
{
	long at = map(fd, SIZE, PROT_READ, MAP_PRIVATE, 0), b;

	REQUIRE(at > 0);
	check_mapped((uintptr_t)at, 0, ALIGN_UP(SIZE, P));
	CHECK_EQ(poke((uintptr_t)at, 1), -EFAULT);
	b = map(fd, 8 * P, RW, MAP_PRIVATE, P);
	REQUIRE(b > 0);
	check_mapped((uintptr_t)b, P, 8 * P);
	CHECK_EQ(vm_fault((uintptr_t)b + 5 * P, 0), -ENXIO);
	CHECK(!poke((uintptr_t)b + 5, 'X'));
	CHECK_EQ(peek((uintptr_t)b + 5), 'X');
	CHECK_EQ(peek((uintptr_t)b + 6), big[P + 6]);
	CHECK_EQ(peek((uintptr_t)at + P + 5), big[P + 5]);
	CHECK(!poke((uintptr_t)b + 2 * P, 'Y')); /* never read before */
	CHECK_EQ(peek((uintptr_t)b + 2 * P + 1), big[3 * P + 1]);
	CHECK_EQ(sys_madvise((uintptr_t)b, P, MADV_DONTNEED), 0);
	CHECK_EQ(peek((uintptr_t)b + 5), big[P + 5]);
	CHECK_EQ(sys_mmap(BASE, 5, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 3 * P),
		 BASE);
	check_mapped(BASE, 3 * P, P);
	CHECK_EQ(vm_fault(BASE, VM_FAULT_EXEC), 0);
	CHECK_EQ(sys_madvise((uintptr_t)b, P, MADV_FREE), -EINVAL);
	CHECK_EQ(sys_madvise((uintptr_t)b, P, MADV_REMOVE), -EACCES);
}

TEST(private_mappings)
{
	int fd;

	file_begin();
	fd = open_path(BIG, O_RDONLY);
	check_private_mapping(fd);
	sys_close(fd);
	file_end();
	file_begin();
	fd = ram_file(SIZE);
	check_private_mapping(fd);
	remove_file(fd);
	file_end();
}

TEST(archive_pages_are_mapped_in_place)
{
	size_t before;
	int fd;
	long at;

	file_begin();
	fd = open_path(BIG, O_RDONLY);
	before = page_free_count();
	at = map(fd, 4 * P, PROT_READ, MAP_PRIVATE, 0);
	REQUIRE(at > 0);
	check_mapped((uintptr_t)at, 0, 4 * P);
	CHECK(page_free_count() + 1 >= before); /* nothing was copied; one is kept for the next */
	sys_close(fd);
	file_end();
}

TEST(shared_mappings_are_the_file)
{
	int fd;
	char buf[4], *user = fake_user_alloc(4);
	uintptr_t a, b;

	file_begin();
	fd = ram_file(2 * P + 100);
	a = (uintptr_t)map(fd, 4 * P, RW, MAP_SHARED, 0);
	b = (uintptr_t)map(fd, P, PROT_READ, MAP_SHARED, P);
	CHECK(!poke(a + P + 7, 'w'));
	CHECK_EQ(peek(b + 7), 'w');
	CHECK_EQ(sys_pread64(fd, user, 1, P + 7), 1);
	CHECK_EQ(*(char *)fake_user_host(user), 'w');
	memcpy(fake_user_host(user), "new", 3);
	CHECK_EQ(sys_pwrite64(fd, user, 3, P + 8), 3);
	CHECK(!copy_from_user(buf, (void *)(b + 8), 3) && !memcmp(buf, "new", 3));
	CHECK_EQ(vm_fault(a + 3 * P, VM_FAULT_WRITE), -ENXIO);
	CHECK(!sys_madvise(a, 2 * P, MADV_DONTNEED)); /* the file keeps it */
	CHECK_EQ(peek(a + P + 8), 'n');
	CHECK_EQ(poke(b, 1), -EFAULT);
	CHECK_EQ(sys_mprotect(b, P, RW), 0); /* the file is open for it */
	CHECK(!poke(b, 1));
	CHECK_EQ(peek(a + P), 1);
	remove_file(fd); /* the mappings keep it alive */
	CHECK_EQ(peek(a + P), 1);
	file_end();
}

/* What is written behind the end of the file within its last page is never the file's. */
TEST(behind_the_end)
{
	char *user = fake_user_alloc(8);
	uintptr_t a;
	int fd;

	file_begin();
	fd = ram_file(100);
	a = (uintptr_t)map(fd, P, RW, MAP_SHARED, 0);
	CHECK_EQ(peek(a + 100), 0);
	CHECK(!poke(a + 100, 'x') && !poke(a + 200, 'y'));
	CHECK(!sys_ftruncate(fd, 150));
	CHECK_EQ(sys_pread64(fd, user, 1, 100), 1);
	CHECK_EQ(*(char *)fake_user_host(user), 0);
	CHECK(!poke(a + 150, 'z'));
	CHECK_EQ(sys_pwrite64(fd, user, 1, 300), 1);
	CHECK_EQ(peek(a + 200), 0);
	CHECK_EQ(peek(a + 150), 0);
	remove_file(fd);
	file_end();
}

TEST(truncation_takes_pages_from_mappings)
{
	uintptr_t a, b;
	int fd;

	file_begin();
	fd = ram_file(3 * P);
	a = (uintptr_t)map(fd, 3 * P, RW, MAP_SHARED, 0);
	b = (uintptr_t)map(fd, 3 * P, RW, MAP_PRIVATE, 0);
	for (unsigned i = 0; i < 3; i++)
		REQUIRE(!poke(a + i * P, 'a') && peek(b + i * P) == 'a');
	CHECK(!poke(b + 2 * P, 'b')); /* a copy */
	CHECK(!sys_ftruncate(fd, P));
	CHECK_EQ(vm_resident(), 2);
	CHECK_EQ(peek(a + P), -EFAULT);
	CHECK_EQ(peek(b + P), -EFAULT);
	CHECK_EQ(peek(b + 2 * P), -EFAULT);
	CHECK_EQ(peek(b), 'a');
	CHECK(!sys_ftruncate(fd, 3 * P));
	CHECK_EQ(peek(a + 2 * P), 0);
	CHECK_EQ(peek(b + 2 * P), 0);
	remove_file(fd);
	file_end();
}

TEST(holes)
{
	uintptr_t a, b;
	size_t before;
	int fd;

	file_begin();
	fd = ram_file(4 * P);
	a = (uintptr_t)map(fd, 4 * P, RW, MAP_SHARED, 0);
	b = (uintptr_t)map(fd, 4 * P, RW, MAP_PRIVATE, 0);
	CHECK_EQ(peek(a + P), big[P]);
	CHECK_EQ(peek(b + P), big[P]);
	before = page_free_count();
	CHECK_EQ(sys_madvise(a + P, 2 * P, MADV_REMOVE), 0);
	CHECK_EQ(page_free_count(), before + 2);
	CHECK_EQ(peek(a + P), 0);
	CHECK_EQ(peek(b + P), 0);
	CHECK_EQ(peek(a + 3 * P), big[3 * P]);
	CHECK_EQ(sys_mlock(a, P), 0);
	CHECK_EQ(sys_madvise(a, P, MADV_REMOVE), -EINVAL);
	CHECK_EQ(sys_msync(a, P, MS_INVALIDATE), -EBUSY);
	CHECK_EQ(sys_munlock(a, P), 0);
	CHECK_EQ(sys_msync(a, P, MS_INVALIDATE | MS_SYNC), 0);
	CHECK_EQ(sys_mprotect(a, P, PROT_READ), 0);
	CHECK_EQ(sys_madvise(a, P, MADV_REMOVE), -EACCES);
	remove_file(fd);
	file_end();
}

/* Writes to a file of the archive are seen in what was mapped of it before. */
TEST(archive_pages_change)
{
	char *user = fake_user_alloc(8);
	uintptr_t a, b, c;
	int fd;

	file_begin();
	fd = open_path("/README", O_RDWR);
	a = (uintptr_t)map(fd, P, PROT_READ, MAP_SHARED, 0);
	CHECK_EQ(peek(a), 'r');
	sys_close(fd);
	fd = open_path(BIG, O_RDWR);
	a = (uintptr_t)map(fd, 4 * P, RW, MAP_PRIVATE, 0);
	b = (uintptr_t)map(fd, 4 * P, RW, MAP_PRIVATE, 0);
	CHECK_EQ(peek(a), big[0]);
	CHECK_EQ(peek(b), big[0]);
	CHECK(!poke(b, 'b'));
	*(char *)fake_user_host(user) = 'n';
	CHECK_EQ(sys_pwrite64(fd, user, 1, 0), 1);
	CHECK_EQ(peek(a), 'n');
	CHECK_EQ(peek(b), 'b');
	c = (uintptr_t)map(fd, 4 * P, RW, MAP_SHARED, 0);
	CHECK_EQ(peek(c), 'n');
	CHECK(!poke(c + P, 'c'));
	CHECK_EQ(peek(c + P + 1), big[P + 1]);
	CHECK_EQ(sys_madvise(c + 2 * P, P, MADV_REMOVE), 0);
	CHECK_EQ(peek(c + 2 * P), 0);
	sys_close(fd);
	vm_unmap_all();
	CHECK_EQ(vm_resident(), 0);
}

TEST(shared_anonymous_memory)
{
	uintptr_t a, b;
	long r;

	file_begin();
	a = (uintptr_t)map(-1, 8 * P, RW, MAP_SHARED | MAP_ANONYMOUS, 0);
	CHECK(!poke(a, 'a') && !poke(a + 3 * P, 'd'));
	CHECK_EQ(vm_committed(), 8);
	CHECK_EQ(sys_madvise(a, 8 * P, MADV_FREE), -EINVAL);
	CHECK_EQ(sys_madvise(a, 8 * P, MADV_WIPEONFORK), -EINVAL);
	CHECK_EQ(sys_madvise(a, 8 * P, MADV_DONTNEED), 0);
	CHECK_EQ(peek(a), 'a'); /* nobody but its mappings has it, and it stays */
	r = sys_mremap(a, 0, 8 * P, MREMAP_MAYMOVE, 0);
	REQUIRE(r > 0 && (uintptr_t)r != a);
	b = (uintptr_t)r;
	CHECK_EQ(peek(b + 3 * P), 'd');
	CHECK(!poke(b + P, 'b'));
	CHECK_EQ(peek(a + P), 'b');
	CHECK_EQ(sys_madvise(a + 3 * P, P, MADV_REMOVE), 0);
	CHECK_EQ(peek(b + 3 * P), 0);
	r = sys_mremap(a, 8 * P, 8 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	REQUIRE(r > 0);
	CHECK_EQ(peek(a), 'a'); /* in both places */
	CHECK_EQ(peek((uintptr_t)r), 'a');
	r = sys_mremap(b, 8 * P, 16 * P, MREMAP_MAYMOVE, 0);
	REQUIRE(r > 0);
	CHECK_EQ(vm_fault((uintptr_t)r + 8 * P, 0), -ENXIO); /* it has not grown */
	CHECK_EQ(sys_mremap(a, 0, P, 0, 0), -EINVAL);
	CHECK_EQ(vm_map_anonymous(BASE, P, RW, FIXED), BASE);
	CHECK_EQ(sys_mremap(BASE, 0, P, MREMAP_MAYMOVE, 0), -EINVAL); /* private */
	/* Onto itself: the only mapping goes before the new one comes. */
	CHECK_EQ(sys_mremap(a, 0, 16 * P, MREMAP_MAYMOVE | MREMAP_FIXED, a), (long)a);
	CHECK_EQ(peek(a), 'a');
	file_end();
}

TEST(a_mapping_replaces_its_only_other)
{
	uintptr_t a;

	file_begin();
	a = (uintptr_t)map(-1, 2 * P, RW, MAP_SHARED | MAP_ANONYMOUS, 0);
	CHECK(!poke(a + P, 'a'));
	CHECK_EQ(sys_mremap(a, 0, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, a), (long)a);
	CHECK_EQ(peek(a + P), 'a');
	file_end();
}

/* What was read of a file for a page that could not be mapped is not the next one's. */
TEST(no_memory_for_a_table)
{
	uintptr_t a;
	int fd;

	file_begin();
	fd = open_path(BIG, O_RDONLY);
	a = (uintptr_t)map(fd, SIZE, PROT_READ, MAP_PRIVATE, 0);
	REQUIRE(vm_map_anonymous(BASE, P, RW, FIXED) > 0);
	fake_mmu_fail = 1;
	CHECK_EQ(vm_fault(a + 4 * P, 0), -ENOMEM); /* the file's end */
	for (unsigned i = 0; i < P; i += 8)
		REQUIRE(peek(BASE + i) == 0);
	check_mapped(a + 4 * P, 4 * P, P);
	sys_close(fd);
	file_end();
}

TEST(shared_memory_is_promised)
{
	size_t room;

	file_begin();
	room = page_free_count() - page_total() / 64 - page_total() / 512;
	CHECK_EQ(map(-1, (room + 16) * P, RW, MAP_SHARED | MAP_ANONYMOUS, 0), -ENOMEM);
	CHECK(map(-1, (room - 16) * P, RW, MAP_SHARED | MAP_ANONYMOUS, 0) > 0);
	CHECK_EQ(map(-1, 64 * P, RW, PRIVATE, 0), -ENOMEM);
	CHECK(map(-1, 1ul << 40, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, 0) > 0);
	file_end();
}

TEST(files_that_cannot_be_mapped)
{
	int fd;

	file_begin();
	fd = open_path(BIG, O_WRONLY);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_PRIVATE, 0), -EACCES);
	sys_close(fd);
	fd = open_path(BIG, O_RDONLY);
	CHECK_EQ(map(fd, P, RW, MAP_SHARED, 0), -EACCES);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_PRIVATE, -(off_t)P), -EOVERFLOW);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_PRIVATE, INT64_MAX & PAGE_MASK), -EOVERFLOW);
	CHECK_EQ(map(fd, SIZE_MAX, PROT_READ, MAP_PRIVATE, 0), -ENOMEM);
	CHECK_EQ(map(fd, 0, PROT_READ, MAP_PRIVATE, 0), -EINVAL);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, 0), -EOPNOTSUPP);
	CHECK_EQ(sys_mmap(BASE, P, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), BASE);
	CHECK_EQ(sys_mprotect(BASE, P, RW), -EACCES);
	sys_close(fd);
	fd = open_path("/usr", O_RDONLY);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_PRIVATE, 0), -ENODEV);
	sys_close(fd);
	fd = open_path("/dev/null", O_RDONLY);
	CHECK_EQ(map(fd, P, PROT_READ, MAP_PRIVATE, 0), -ENODEV);
	sys_close(fd);
	fd = open_path("/dev/zero", O_RDWR);
	CHECK_EQ(sys_mmap(BASE, P, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), BASE);
	CHECK(!poke(BASE, 'z'));
	CHECK_EQ(peek(BASE + 1), 0);
	sys_close(fd);
	file_end();
}

TEST(growing_down)
{
	uintptr_t a;

	file_begin();
	REQUIRE(sys_mmap(BASE, 2 * P, RW, FIXED | MAP_GROWSDOWN, -1, 0) == BASE);
	REQUIRE(vm_map_anonymous(BASE - (4ul << 20), P, RW, FIXED) > 0);
	CHECK(!poke(BASE - P, 'a'));
	CHECK(!poke(BASE - 50 * P - 1, 'b'));
	CHECK_EQ(peek(BASE - 51 * P), 0);
	CHECK_EQ(peek(BASE - P), 'a');
	CHECK_EQ(areas(), 2);
	/* Not within a guard of what is below, unless that cannot be accessed. */
	CHECK(!poke(BASE - (3ul << 20) + P, 'c'));
	CHECK_EQ(poke(BASE - (3ul << 20), 'c'), -EFAULT);
	CHECK(!sys_mprotect(BASE - (4ul << 20), P, PROT_NONE));
	CHECK(!poke(BASE - (4ul << 20) + P, 'd'));
	/* No further than a stack may be. */
	a = BASE + (64ul << 20);
	REQUIRE(sys_mmap(a, P, RW, FIXED | MAP_GROWSDOWN, -1, 0) == (long)a);
	CHECK_EQ(poke(a - (8ul << 20), 'x'), -EFAULT);
	CHECK(!poke(a + P - (8ul << 20), 'x'));
	CHECK_EQ(sys_mprotect(a, P, PROT_READ | PROT_GROWSDOWN), 0);
	CHECK_EQ(poke(a - P, 'x'), -EFAULT);
	CHECK_EQ(sys_mprotect(BASE + (80ul << 20), P, PROT_READ | PROT_GROWSDOWN), -EINVAL);
	CHECK_EQ(sys_mprotect(a, P, PROT_READ | PROT_GROWSUP), -EINVAL);
	CHECK_EQ(sys_mprotect(a, P, PROT_READ | PROT_SEM), 0);
	file_end();
}

TEST(locks_forbid_giving_back)
{
	file_begin();
	REQUIRE(vm_map_anonymous(BASE, 4 * P, RW, FIXED) > 0);
	CHECK_EQ(sys_mlock(BASE + P, P), 0);
	CHECK_EQ(areas(), 3);
	CHECK_EQ(sys_madvise(BASE, P, MADV_DONTNEED), 0);
	CHECK_EQ(sys_madvise(BASE, 4 * P, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(sys_madvise(BASE + P, P, MADV_FREE), -EINVAL);
	CHECK_EQ(sys_madvise(BASE + P, P, MADV_PAGEOUT), -EINVAL);
	CHECK_EQ(sys_madvise(BASE + P, P, MADV_DONTNEED_LOCKED), 0);
	CHECK_EQ(sys_madvise(BASE + P, P, MADV_REMOVE), -EINVAL);
	CHECK_EQ(sys_munlockall(), 0);
	CHECK_EQ(areas(), 1);
	CHECK_EQ(sys_madvise(BASE, 4 * P, MADV_DONTNEED), 0);
	CHECK_EQ(sys_mlockall(MCL_FUTURE | MCL_ONFAULT), 0);
	CHECK(vm_map_anonymous(BASE + P, P, RW, FIXED) > 0);
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(sys_madvise(BASE + P, P, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(sys_munlockall(), 0);
	CHECK_EQ(sys_madvise(BASE, P, MADV_POPULATE_WRITE), 0);
	CHECK_EQ(sys_mprotect(BASE, P, PROT_READ), 0);
	CHECK_EQ(sys_madvise(BASE, P, MADV_POPULATE_WRITE), -EINVAL);
	CHECK_EQ(sys_madvise(BASE + 9 * P, P, MADV_POPULATE_READ), -ENOMEM);
	file_end();
}
