// SPDX-License-Identifier: MIT
/*
 * Loads the app. What can stay where it lies in the archive is mapped from there (a write makes a
 * copy of the page); a segment's last page, where bytes that are not the segment's follow, and what
 * is not page-aligned in the archive are copied. Owns where the app was loaded, for backtraces.
 * Called once, by the app's thread.
 */
#include <abi/errno.h>
#include <arch/thread.h>
#include <core/console.h>
#include <core/elf.h>
#include <core/fs.h>
#include <core/log.h>
#include <core/page.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/uaccess.h>
#include <core/vm.h>

#include "exec.h"

static struct {
	const void *data;
	size_t size;
	uintptr_t base;
} app;

struct exec_args exec_args;

const char *exec_name(void)
{
	const char *slash;

	if (!exec_args.path)
		return "";
	slash = strrchr(exec_args.path, '/');
	return slash ? slash + 1 : exec_args.path;
}

struct loader {
	const uint8_t *data;
	size_t size;
	uintptr_t base;
	bool mappable; /* the file begins at a page */
};

static unsigned segment_prot(const struct elf_segment *s)
{
	return (s->flags & ELF_PF_R ? PROT_READ : 0) | (s->flags & ELF_PF_W ? PROT_WRITE : 0) |
	       (s->flags & ELF_PF_X ? PROT_EXEC : 0);
}

/* The end of the segment's pages that can be mapped from the file. */
static uintptr_t mappable_end(const struct loader *l, const struct elf_segment *s)
{
	uintptr_t va = l->base + s->vaddr, file_end = va + s->filesz;
	uint64_t end = ALIGN_UP(s->offset + s->filesz, PAGE_SIZE);

	if (!l->mappable || !s->filesz || (s->vaddr ^ s->offset) % PAGE_SIZE)
		return ALIGN_DOWN(va, PAGE_SIZE);
	/* What follows in a last page is the file's, and harmless where nothing is to be zero. */
	if (s->filesz == s->memsz && !(s->flags & ELF_PF_W) && end <= l->size)
		return ALIGN_UP(file_end, PAGE_SIZE);
	return max(ALIGN_DOWN(file_end, PAGE_SIZE), ALIGN_DOWN(va, PAGE_SIZE));
}

/* Fresh memory for [start, end) with the part of the segment's bytes that belongs there. */
static int copy_pages(const struct loader *l, const struct elf_segment *s, uintptr_t start,
		      uintptr_t end)
{
	uintptr_t va = l->base + s->vaddr, from = max(va, start), file_end = va + s->filesz;
	long at = vm_map_anonymous(start, end - start, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);

	if (at < 0)
		return (int)at;
	if (from < file_end &&
	    copy_to_user((void __user *)from, l->data + s->offset + (from - va), file_end - from))
		return -ENOMEM;
	return vm_protect(start, end - start, segment_prot(s));
}

static int load_segment(const struct loader *l, const struct elf_segment *s)
{
	uintptr_t va = l->base + s->vaddr, start = ALIGN_DOWN(va, PAGE_SIZE);
	uintptr_t end = ALIGN_UP(va + s->memsz, PAGE_SIZE), middle = mappable_end(l, s);
	long at;

	if (middle > start) {
		at = vm_map_pages(start, middle - start, segment_prot(s), MAP_PRIVATE | MAP_FIXED,
				  virt_to_phys(l->data + ALIGN_DOWN(s->offset, PAGE_SIZE)));
		if (at < 0)
			return (int)at;
	}
	return middle < end ? copy_pages(l, s, middle, end) : 0;
}

static int load_failed(int r, const char **why)
{
	*why = r == -ENOMEM ? "does not fit in memory: give the machine more (-m)"
			    : "cannot be placed in memory";
	return r;
}

/* Maps all segments and tells where they are in *base. */
static int load(const struct elf_image *e, const uint8_t *data, size_t size, uintptr_t *base,
		const char **why)
{
	struct loader l = {data, size, 0, IS_ALIGNED((uintptr_t)data, PAGE_SIZE)};

	if (e->pie) {
		l.base = vm_random_base(e->high - e->low);
		if (!l.base)
			return load_failed(-ENOMEM, why);
		l.base -= e->low;
	} else if (e->low < ARCH_USER_START || e->high > ARCH_USER_END) {
		*why = "is linked at an address that apps cannot have";
		return -ENOEXEC;
	}
	for (unsigned i = 0; i < e->segments; i++) {
		int r = load_segment(&l, &e->segment[i]);

		if (r)
			return load_failed(r, why);
	}
	vm_set_brk(l.base + e->high);
	*base = l.base;
	return 0;
}

static int parse(struct file *f, struct elf_image *e, const char **why)
{
	app.data = file_contents(f, &app.size);
	if (!app.data) {
		*why = "is not a program in the image's archive, or is empty";
		return -ENOEXEC;
	}
	if (elf_parse(app.data, app.size, e, why))
		return -ENOEXEC;
	if (e->exec_stack) {
		*why = "wants an executable stack, which is refused: link it with -z noexecstack";
		return -ENOEXEC;
	}
	return 0;
}

/* Descriptors 0, 1 and 2, unless the caller has seen to them. */
static int open_std(const char **why)
{
	int r = fd_cloexec(0) < 0 ? console_open_std() : 0;

	if (r)
		*why = "cannot have its standard input and output: no memory";
	return r;
}

int exec_app(struct file *f, const char *path, char *const argv[], char *const envp[],
	     const char **why)
{
	struct start_state s = {.path = path, .argv = argv, .envp = envp};
	struct elf_image e;
	uintptr_t sp;
	int r = parse(f, &e, why);

	if (!r)
		r = load(&e, app.data, app.size, &app.base, why);
	if (!r)
		r = open_std(why);
	if (r)
		return r;
	if (!s.envp)
		s.envp = exec_environment(&boot_info.cmdline);
	s.entry = app.base + e.entry;
	s.phdr = e.phdr ? app.base + e.phdr : 0;
	s.phnum = e.phnum;
	s.phentsize = e.phentsize;
	s.vdso = vdso_map();
	r = exec_stack(&s, &sp, why);
	if (r)
		return r;
	exec_args = (struct exec_args){path, argv};
	signal_thread_start(current_thread(), 0);
	arch_enter_user(s.entry, sp);
}

const char *exec_symbol(uintptr_t addr, uint64_t *offset)
{
	return app.data ? elf_symbol(app.data, app.size, addr - app.base, offset) : NULL;
}
