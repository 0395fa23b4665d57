// SPDX-License-Identifier: MIT
/* mmap and its kin as system calls: flags, errors, files. */
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <core/file.h>
#include <core/fs.h>
#include <core/syscall.h>

#include "vm_fixture.h"

#define SIZE (3 * P + 100)

static char *content; /* of the file under test, page-aligned */
static bool in_place;
static unsigned mode;
static ssize_t read_error;

/* The file system is not linked; these are its answers. Descriptors are indices of files[]. */
static struct file files[4];

struct file *fd_get(int fd)
{
	if (fd < 0 || fd >= (int)ARRAY_SIZE(files) || !files[fd].ops)
		return NULL;
	file_get(&files[fd]);
	return &files[fd];
}

/* The table's own reference is never dropped. */
void file_free(struct file *f)
{
	(void)f;
	test_abort(__FILE__, __LINE__, "a file lost its last reference");
}

const void *file_in_place(struct file *f, size_t *size)
{
	(void)f;
	*size = SIZE;
	return in_place ? content : NULL;
}

static ssize_t test_read(struct file *f, struct uio *u, off_t *pos)
{
	size_t n = *pos < (off_t)SIZE ? min(SIZE - (size_t)*pos, u->resid) : 0;

	(void)f;
	if (read_error)
		return read_error;
	n = min(n, (size_t)1000); /* short reads are allowed */
	if (uio_copy_to(u, content + *pos, n))
		return -EFAULT;
	*pos += (off_t)n;
	return (ssize_t)n;
}

static int test_stat(struct file *f, struct abi_stat *st)
{
	(void)f;
	st->st_mode = mode;
	st->st_size = SIZE;
	return 0;
}

static const struct file_ops ops = {.read = test_read, .stat = test_stat};
static const struct file_ops no_ops = {0};

static int open_test(int fd, const struct file_ops *o, uint32_t flags)
{
	files[fd].ops = o;
	files[fd].flags = flags;
	refcount_init(&files[fd].refs);
	return fd;
}

static void file_begin(void)
{
	content = aligned_alloc(P, 4 * P);
	for (size_t i = 0; i < 4 * P; i++)
		content[i] = (char)(i * 7 + i / P);
	in_place = false;
	mode = S_IFREG | 0644;
	read_error = 0;
	begin(NULL);
}

static void file_end(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		CHECK(!files[i].ops || files[i].refs.n == 1);
	memset(files, 0, sizeof(files));
	vm_unmap_all();
	CHECK_EQ(vm_resident(), 0);
	CHECK_EQ(page_free_count(), free_before);
	free(content);
}

TEST(flags)
{
	begin(NULL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS | 0x0f, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, PRIVATE, -1, 1), -EINVAL);
	CHECK_EQ(sys_mmap(0, 0, RW, PRIVATE, -1, 0), -EINVAL);
	CHECK_EQ(sys_mmap(0, P, RW, PRIVATE | MAP_HUGETLB, -1, 0), -ENOMEM);
	CHECK_EQ(sys_mmap(0, P, RW, PRIVATE | MAP_GROWSDOWN, -1, 0), -EOPNOTSUPP);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_PRIVATE, -1, 0), -EBADF);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_PRIVATE, 1234, 0), -EBADF);
	CHECK_EQ(sys_mmap(BASE, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0), BASE);
	CHECK(!poke(BASE, 'x'));
	CHECK_EQ(sys_mprotect(BASE, P, PROT_READ), 0);
	CHECK_EQ(poke(BASE, 'x'), -EFAULT);
	CHECK_EQ(sys_munmap(BASE, P), 0);
	CHECK_EQ(peek(BASE), -EFAULT);
	CHECK_EQ(sys_brk(0), 0);
	end();
}

static void check_mapped(uintptr_t at, off_t offset, size_t len)
{
	for (size_t i = 0; i < len; i += 61) {
		size_t from = (size_t)offset + i;
		int want = from < SIZE ? (unsigned char)content[from] : 0;

		REQUIRE(peek(at + i) == want);
	}
}

static void check_private_mapping(void)
{
	int fd = open_test(0, &ops, O_RDONLY);
	long at = sys_mmap(0, SIZE, PROT_READ, MAP_PRIVATE, fd, 0), b, c;

	REQUIRE(at > 0);
	check_mapped((uintptr_t)at, 0, 4 * P);
	CHECK_EQ(poke((uintptr_t)at, 1), -EFAULT);
	b = sys_mmap(0, 3 * P, RW, MAP_PRIVATE, fd, P);
	REQUIRE(b > 0);
	check_mapped((uintptr_t)b, P, 3 * P);
	CHECK(!poke((uintptr_t)b + 5, 'X'));
	CHECK_EQ(peek((uintptr_t)b + 5), 'X');
	CHECK_EQ(content[P + 5], (char)((P + 5) * 7 + 1));
	CHECK_EQ(peek((uintptr_t)at + P + 5), (unsigned char)content[P + 5]);
	c = sys_mmap(BASE, 5, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 3 * P);
	CHECK_EQ(c, BASE);
	check_mapped(BASE, 3 * P, P);
	CHECK_EQ(vm_fault(BASE, VM_FAULT_EXEC), 0);
	c = sys_mmap(BASE, P, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 100 * P);
	CHECK_EQ(c, BASE); /* behind the end */
	CHECK_EQ(peek(BASE), 0);
	file_end();
}

TEST(private_copy_of_a_file)
{
	file_begin();
	check_private_mapping();
}

TEST(archive_file_in_place)
{
	size_t before;
	int fd;
	long at;

	file_begin();
	in_place = true;
	fd = open_test(0, &ops, O_RDONLY);
	before = page_free_count();
	at = sys_mmap(0, 3 * P, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(at > 0);
	check_mapped((uintptr_t)at, 0, 3 * P);
	CHECK(page_free_count() + 1 >= before); /* nothing was copied; one is kept for the next */
	file_end();

	file_begin();
	in_place = true;
	check_private_mapping();
}

TEST(files_that_cannot_be_mapped)
{
	int fd, other;

	file_begin();
	fd = open_test(0, &ops, O_WRONLY);
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, fd, 0), -EACCES);
	fd = open_test(0, &ops, O_RDWR);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_SHARED, fd, 0), -ENODEV);
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_SHARED, fd, 0), -ENODEV);
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, fd, -(off_t)P), -EOVERFLOW);
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, fd, INT64_MAX & PAGE_MASK), -EOVERFLOW);
	CHECK_EQ(sys_mmap(0, SIZE_MAX, PROT_READ, MAP_PRIVATE, fd, 0), -ENOMEM);
	CHECK_EQ(sys_mmap(0, 0, PROT_READ, MAP_PRIVATE, fd, 0), -EINVAL);
	mode = S_IFDIR | 0755;
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, fd, 0), -ENODEV);
	mode = S_IFREG;
	read_error = -EIO;
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, fd, 0), -EIO);
	CHECK_EQ(areas(), 0);
	other = open_test(1, &no_ops, O_RDONLY);
	CHECK_EQ(sys_mmap(0, P, PROT_READ, MAP_PRIVATE, other, 0), -ENODEV);
	other = open_test(1, &ops, O_RDONLY);
	CHECK_EQ(sys_mmap(0, P, RW, MAP_SHARED, other, 0), -EACCES);
	file_end();
}
