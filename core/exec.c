// SPDX-License-Identifier: MIT
/*
 * Loads the app. What can stay where it lies in the archive is mapped from there (a write makes a
 * copy of the page); a segment's last page, where bytes that are not the segment's follow, and what
 * is not page-aligned in the archive are copied. A program's interpreter (ld.so) is loaded the same
 * way, and begins in its place. Owns where the app was loaded, for backtraces.
 * Called once, by the app's thread.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
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

struct loader {
	const uint8_t *data;
	size_t size;
	uintptr_t base;
	bool mappable; /* the file begins at a page */
};

static struct loader app;
struct exec_args exec_args;

const char *exec_name(void)
{
	const char *slash;

	if (!exec_args.path)
		return "";
	slash = strrchr(exec_args.path, '/');
	return slash ? slash + 1 : exec_args.path;
}

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

/* Where a program that can be anywhere goes; 0: nowhere. An interpreter keeps clear of brk's room. */
static uintptr_t choose_base(const struct elf_image *e, bool interpreter)
{
	size_t size = e->high - e->low + e->align - PAGE_SIZE;
	long at = interpreter ? vm_map_anonymous(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS)
			      : (long)vm_random_base(size);

	return at > 0 ? ALIGN_UP((uintptr_t)at - e->low, e->align) : 0;
}

/* Maps all segments and tells where they are in *base. */
static int load(const struct elf_image *e, struct loader *l, bool interpreter, const char **why)
{
	struct vm_region there; /* never a file's, which would hold a reference */

	if (e->pie) {
		l->base = choose_base(e, interpreter);
		if (!l->base)
			return load_failed(-ENOMEM, why);
	} else if (e->low < ARCH_USER_START || e->high > ARCH_USER_END) {
		*why = "is linked at an address that apps cannot have";
		return -ENOEXEC;
	} else if (vm_region(e->low, &there) && there.start < e->high) {
		*why = "would lie where the program does";
		return -ENOEXEC;
	}
	for (unsigned i = 0; i < e->segments; i++) {
		int r = load_segment(l, &e->segment[i]);

		if (r)
			return load_failed(r, why);
	}
	return 0;
}

static int parse(struct file *f, struct loader *l, struct elf_image *e, const char **why)
{
	l->data = file_contents(f, &l->size);
	if (!l->data) {
		*why = "is not a program in the image's archive, or is empty";
		return -ENOEXEC;
	}
	l->mappable = IS_ALIGNED((uintptr_t)l->data, PAGE_SIZE);
	if (elf_parse(l->data, l->size, e, why))
		return -ENOEXEC;
	if (e->exec_stack) {
		*why = "wants an executable stack, which is refused: link it with -z noexecstack";
		return -ENOEXEC;
	}
	return 0;
}

/*
 * Loads what loads the program and its libraries, as Linux does: the program is mapped, and found by
 * the auxiliary vector. *entry is where the app begins.
 */
static __noinline int load_interpreter(const char *path, uintptr_t *base, uintptr_t *entry,
				       const char **why)
{
	static char text[256];
	const char *reason = "is not in the image";
	struct elf_image e;
	struct loader l = {0};
	struct file *f;
	int r = fs_open(path, O_RDONLY, 0, &f);

	if (!r) {
		r = parse(f, &l, &e, &reason);
		if (!r)
			r = load(&e, &l, true, &reason);
		file_put(f);
	}
	*base = l.base;
	*entry = l.base + e.entry;
	ksnprintf(text, sizeof(text), "needs the interpreter %.100s, which %s", path, reason);
	*why = text;
	return r;
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
	uintptr_t sp, start = 0;
	int r = parse(f, &app, &e, why);

	app.base = 0;
	if (!r)
		r = load(&e, &app, false, why);
	if (r)
		return r;
	vm_set_brk(app.base + e.high);
	if (e.interp)
		r = load_interpreter(e.interp, &s.base, &start, why);
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
	exec_args = (struct exec_args){path, argv, s.envp};
	ksnprintf(current_thread()->name, sizeof(current_thread()->name), "%s", exec_name());
	signal_thread_start(current_thread(), 0);
	arch_enter_user(start ? start : s.entry, sp);
}

const char *exec_symbol(uintptr_t addr, uint64_t *offset)
{
	return app.data ? elf_symbol(app.data, app.size, addr - app.base, offset) : NULL;
}
