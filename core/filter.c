// SPDX-License-Identifier: MIT
/*
 * The filter (core/filter.h). Owns the set of allowed calls, which is read-only memory once the app
 * starts: what the app could make the core write by mistake, it cannot make it write there. Called by
 * the architecture's slow entry path, for threads that have WORK_FILTER.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <arch/counters.h>
#include <arch/signal.h>
#include <core/boot.h>
#include <core/filter.h>
#include <core/fs.h>
#include <core/log.h>
#include <core/output.h>
#include <core/process.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall_info.h>
#include <core/syscall_set.h>

#define AUDIT_ARCH_X86_64 0xc000003eu

struct filter {
	struct syscall_set allowed;
	bool on, enosys;
};
struct filter filter __ro_after_init;

bool filter_allows(long number)
{
	return !filter.on || syscall_set_has(&filter.allowed, number);
}

/* What a list names. */
static struct syscall_set read_list(const char *from, const char *text, size_t size)
{
	static const char always[] = "exit exit_group rt_sigreturn restart_syscall";
	struct syscall_set s = {{0}};
	struct syscall_names n = {.at = always, .end = always + sizeof(always) - 1};

	while (syscall_names_next(&n)) {
		int number = syscall_number(n.name, n.len);

		if (number >= 0)
			syscall_set_add(&s, (unsigned)number);
	}
	if (syscall_set_parse(&s, text, size, &n))
		boot_fail("%s allows %.*s, which is no system call of this core", from, (int)n.len,
			  n.name);
	return s;
}

/* Every list narrows what is allowed; the first begins with all. */
static void narrow(const char *from, const char *text, size_t size)
{
	struct syscall_set s = read_list(from, text, size);

	for (size_t i = 0; i < ARRAY_SIZE(s.word); i++)
		filter.allowed.word[i] = s.word[i] & (filter.on ? filter.allowed.word[i] : ~0ull);
	filter.on = true;
}

static void read_image(void)
{
	const char *text;
	struct file *f;
	size_t size;
	int r = fs_open(FILTER_PATH, O_RDONLY, 0, &f);

	if (r == -ENOENT || r == -ENOTDIR)
		return;
	text = r ? NULL : file_contents(f, &size);
	if (!r)
		file_put(f); /* an archive's bytes stay */
	/* It must be whole and of the archive's: in doubt nothing starts. */
	if (!text)
		boot_fail("%s, the list of allowed system calls, is empty or no file", FILTER_PATH);
	narrow(FILTER_PATH, text, size);
}

void filter_init(void)
{
	const char *list = cmdline_get(&boot_info.cmdline, "allow");
	const char *refuse = cmdline_get(&boot_info.cmdline, "refuse");
	unsigned n = 0;

	if (refuse && strcmp(refuse, "enosys") && strcmp(refuse, "sigsys"))
		boot_fail("option refuse=%s is neither sigsys nor enosys", refuse);
	filter.enosys = refuse && !strcmp(refuse, "enosys");
	read_image();
	if (list)
		narrow("option allow=", list, strlen(list));
	if (!filter.on)
		return;
	for (long i = 0; i < SYSCALL_COUNT; i++)
		n += syscall_set_has(&filter.allowed, i);
	log_info("filter: %u system calls are allowed, others are %s", n,
		 filter.enosys ? "ENOSYS" : "SIGSYS");
}

void filter_begin(void)
{
	if (filter.on)
		__atomic_or_fetch(&current_thread()->work, WORK_FILTER, __ATOMIC_RELAXED);
}

static const char *name_of(long number)
{
	const char *name = NULL;

	if ((unsigned long)number < SYSCALL_COUNT)
		name = syscall_infos[number].name;
	return name ? name : "unknown";
}

static void report(long number, uintptr_t pc)
{
	char place[EXEC_PLACE_SIZE];

	log_err("app: system call %ld (%s) is not allowed, called at %#lx%s", number,
		name_of(number), pc, exec_place(pc, place, sizeof(place)));
}

/* Once a number, as long as the app goes on; the log is not the app's to fill. */
static bool first_time(long number)
{
	static struct syscall_set told;
	static bool told_other;
	bool first;

	if ((unsigned long)number >= SYSCALL_COUNT) {
		first = !told_other;
		told_other = true;
		return first;
	}
	first = !syscall_set_has(&told, number);
	syscall_set_add(&told, (unsigned)number);
	return first;
}

long filter_refuse(long number, uintptr_t pc, long rolled_back)
{
	struct abi_siginfo info = {
		.signo = SIGSYS,
		.code = ABI_SYS_SECCOMP,
		.syscall = {.call_address = pc,
			    .number = (int32_t)number,
			    .arch = AUDIT_ARCH_X86_64},
	};

	if (first_time(number))
		report(number, pc);
	if (filter.enosys)
		return -ENOSYS;
	if (signal_force(&info))
		return rolled_back;
	arch_report_user();
	process_kill(SIGSYS);
}

/* ---- learning ---- */

#define TELL_MOST 180 /* bytes of names in a line of the log */

static void tell_framed(const char *name)
{
	output_write(OUTPUT_CALL, name, strlen(name));
}

/* Gathers names; NULL: tells what is left. */
static void tell_plain(const char *name)
{
	static char line[TELL_MOST + 32];
	static size_t used;

	if (used && (!name || used > TELL_MOST)) {
		log_info("filter: used%s", line);
		used = 0;
	}
	if (name)
		used += (size_t)ksnprintf(line + used, sizeof(line) - used, " %s", name);
}

void filter_tell_used(void)
{
	const char *learn = cmdline_get(&boot_info.cmdline, "learn");
	void (*tell)(const char *name) = output_framed() ? tell_framed : tell_plain;
	uint64_t unknown = arch_count_outside();

	if (!learn || strcmp(learn, "1"))
		return;
	for (unsigned i = 0; i < SYSCALL_COUNT; i++) {
		uint64_t n = arch_count_syscall(i);

		if (!syscall_infos[i].name)
			unknown += n;
		else if (n)
			tell(syscall_infos[i].name);
	}
	tell_plain(NULL);
	if (unknown)
		log_warn("filter: the app made calls that are unknown, which no list can allow: it "
			 "may "
			 "need refuse=enosys");
}
