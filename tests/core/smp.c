/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs at work for tests/guest/smp.c, which knows what must come out: each test is a call
 * that returns what went wrong, counted. Jobs run on the other CPUs' idle threads as deferred work,
 * so with interrupts on.
 */
#include <abi/errno.h>
#include <arch/clock.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/uaccess.h>
#include <core/deferred.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/page.h>
#include <core/random.h>
#include <core/sched.h>
#include <core/string.h>
#include <core/syscall.h>
#include <core/time.h>
#include <core/uaccess.h>
#include <x86/arch.h>
#include <x86/cpu.h>
#include <x86/paging.h>
#include <x86/percpu.h>
#include <x86/smp.h>

/* CPUs that wait for each other are slow where the host has fewer: rounds end with the time. */
#define LIMIT_NS (4 * NSEC_PER_SEC)

/* ---- jobs ---- */

static struct job {
	void (*fn)(unsigned long arg);
	unsigned long arg;
	uint32_t busy;
} jobs[ARCH_MAX_CPUS];

static void job_run(void)
{
	struct job *j = &jobs[arch_cpu_id()];

	if (!__atomic_load_n(&j->busy, __ATOMIC_ACQUIRE))
		return;
	j->fn(j->arg);
	__atomic_store_n(&j->busy, 0, __ATOMIC_RELEASE);
}

static void job_raise(void *unused)
{
	(void)unused;
	deferred_raise(DEFERRED_TEST);
}

static void jobs_init(void)
{
	deferred_register(DEFERRED_TEST, job_run);
}
INITCALL(0, jobs_init);

static void job_start(unsigned cpu, void (*fn)(unsigned long), unsigned long arg)
{
	jobs[cpu].fn = fn;
	jobs[cpu].arg = arg;
	__atomic_store_n(&jobs[cpu].busy, 1, __ATOMIC_RELEASE);
	arch_call_cpu(cpu, job_raise, NULL);
}

static void jobs_wait(void)
{
	for (unsigned i = 1; i < arch_cpu_count(); i++)
		while (__atomic_load_n(&jobs[i].busy, __ATOMIC_ACQUIRE))
			arch_cpu_relax();
}

/* ---- everything shared, from all CPUs at once ---- */

static uint64_t wrong, last_time;
static uint32_t fired;
static bool own_timers; /* each CPU's own interrupts it, too */

static void found_wrong(const char *what)
{
	if (__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED) < 5)
		log_err("test: CPU %u: %s", arch_cpu_id(), what);
}

static void check_time(void)
{
	uint64_t last = __atomic_load_n(&last_time, __ATOMIC_SEQ_CST), now = time_now();

	if (now < last)
		found_wrong("time went back");
	while (last < now && !__atomic_compare_exchange_n(&last_time, &last, now, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void check_pages(unsigned n, uint64_t mark)
{
	unsigned order = n % 3;
	uint64_t *p = page_alloc(order), *end = p + (PAGE_SIZE << order) / 8 - 1;

	if (!p)
		return;
	*p = *end = mark;
	arch_cpu_relax();
	if (*p != mark || *end != mark)
		found_wrong("a page was handed out twice");
	page_free(p, order);
}

static void check_heap(unsigned n, uint64_t mark)
{
	size_t size = 8 + n % 97 * 8;
	uint64_t *p[4];

	for (unsigned i = 0; i < 4; i++) {
		p[i] = kmalloc(size << i);
		if (p[i])
			p[i][0] = mark + i;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (p[i] && p[i][0] != mark + i)
			found_wrong("a block was handed out twice");
		kfree(p[i]);
	}
}

/* On the stack of who cancels it, as the core's own are. */
struct stack_timer {
	struct timer timer;
	unsigned owner;
	bool there;
};

static void slow_fire(struct timer *t)
{
	struct stack_timer *s = container_of(t, struct stack_timer, timer);
	/* Long for one CPU's, so that another's come and go meanwhile. */
	uint64_t end = time_now() + (s->owner == 1 ? 200 : 5) * NSEC_PER_USEC;

	if (arch_cpu_id() && !own_timers)
		found_wrong("a timer fired on another CPU than the boot CPU");
	while (time_now() < end)
		arch_cpu_relax();
	if (!READ_ONCE(s->there))
		found_wrong("a cancelled timer is firing");
	__atomic_add_fetch(&fired, 1, __ATOMIC_RELAXED);
}

static void arm_timer(void *unused)
{
	uint64_t now = arch_cycles();

	(void)unused;
	apic_timer_arm(now + 10000, now);
}

static void check_timers(unsigned n)
{
	struct stack_timer s = {{.fire = slow_fire}, arch_cpu_id(), true};

	timer_start(&s.timer, time_now() + 20 * NSEC_PER_USEC);
	timer_start(&s.timer, time_now() + 10 * NSEC_PER_USEC);
	if (own_timers)
		arm_timer(NULL);
	for (unsigned i = 0; i < n % 64; i++)
		arch_cpu_relax();
	timer_cancel(&s.timer);
	if (s.timer.active)
		found_wrong("a cancelled timer is active");
	WRITE_ONCE(s.there, false);
}

static void hammer(unsigned long rounds)
{
	uint64_t mark = (uint64_t)(arch_cpu_id() + 1) << 32, random = 0;

	for (unsigned n = 0; n < rounds; n++) {
		uint64_t r = random_u64();

		check_time();
		check_pages(n, mark + n);
		check_heap(n, mark + n);
		if (r == random)
			found_wrong("a random number came twice");
		random = r;
		if (n % 4 == 0)
			check_timers(n);
		if (n % (rounds / 8) == 0)
			log_info("test: CPU %u is at round %u of %lu, all in one line",
				 arch_cpu_id(), n, rounds);
	}
}

static long test_hammer(unsigned long rounds, bool with_own_timers)
{
	size_t pages, heap;

	own_timers = with_own_timers;

	hammer(16); /* slabs and the log's first use */
	jobs_wait();
	pages = page_free_count();
	heap = heap_in_use();
	for (unsigned i = 1; i < arch_cpu_count(); i++)
		job_start(i, hammer, rounds);
	hammer(rounds);
	jobs_wait();
	if (heap_in_use() != heap)
		found_wrong("the heap's count is not what it was");
	/* Slabs may stay: one for each size, at most. */
	if (page_free_count() > pages || pages - page_free_count() > 64)
		found_wrong("pages were lost");
	if (!fired)
		found_wrong("no timer fired");
	return wrong;
}

/* ---- calls ---- */

static uint64_t called[ARCH_MAX_CPUS], calling[ARCH_MAX_CPUS], calls_end;

static void count_call(void *arg)
{
	(void)arg;
	if (arch_irq_enabled())
		found_wrong("a call runs with interrupts on");
	called[arch_cpu_id()]++;
}

static void count_add(void *arg)
{
	__atomic_add_fetch((uint64_t *)arg, 1, __ATOMIC_RELAXED);
}

/* Everyone calls everyone, every other time with interrupts off, as a lock's holder would not. */
static void call_around(unsigned long rounds)
{
	unsigned cpus = arch_cpu_count(), me = arch_cpu_id();

	for (unsigned n = 0; n < rounds && time_now() < calls_end; n++) {
		unsigned long irq = n % 2 ? arch_irq_save() : 0;
		uint64_t count = 0;

		arch_call_others(count_add, &count, true);
		if (__atomic_load_n(&count, __ATOMIC_RELAXED) != cpus - 1)
			found_wrong("a call returned before all had done it");
		count = 0;
		arch_call_cpu((me + 1 + n) % cpus, count_add, &count);
		if (__atomic_load_n(&count, __ATOMIC_RELAXED) != 1)
			found_wrong("a call to one returned before it was done");
		arch_call_others(count_call, NULL, false);
		calling[me]++;
		if (n % 2)
			arch_irq_restore(irq);
	}
}

static void nothing(void *unused)
{
	(void)unused;
}

static long test_calls(unsigned long rounds)
{
	unsigned cpus = arch_cpu_count();
	uint64_t all = 0;

	memset(called, 0, sizeof(called));
	memset(calling, 0, sizeof(calling));
	calls_end = time_now() + LIMIT_NS;
	for (unsigned i = 1; i < cpus; i++)
		job_start(i, call_around, rounds);
	call_around(rounds);
	jobs_wait();
	/* Behind the last one that nobody waited for. */
	for (unsigned i = 0; i < cpus; i++)
		arch_call_cpu(i, nothing, NULL);
	for (unsigned i = 0; i < cpus; i++)
		all += calling[i];
	for (unsigned i = 0; i < cpus; i++)
		if (called[i] != all - calling[i])
			found_wrong("calls were lost or made twice");
	log_info("test: %llu rounds of calls", (unsigned long long)all);
	return wrong;
}

/* ---- shootdowns ---- */

static uintptr_t shot_at;
static uint32_t stop_writing;
static uint64_t writes;

/* Interrupts off at the write, or the fault would look for an area and sleep. */
static bool write_user(uintptr_t at, uint64_t value)
{
	unsigned long irq = arch_irq_save();
	bool ok = !arch_copy_to_user((void *)at, &value, sizeof(value));

	arch_irq_restore(irq);
	return ok;
}

static void write_on(unsigned long at)
{
	for (uint64_t n = 1; !__atomic_load_n(&stop_writing, __ATOMIC_ACQUIRE); n++)
		if (write_user(at, n))
			__atomic_add_fetch(&writes, 1, __ATOMIC_RELAXED);
		else
			arch_cpu_relax();
}

static void keep(void *arg, uintptr_t va, phys_t pa, unsigned order)
{
	(void)arg;
	(void)va;
	(void)pa;
	(void)order;
}

#define SENTINEL 0x7e577e577e577e57ull

/* What the others may write to is taken away: from then on it must stay as it is. */
static void shoot(unsigned round, uint64_t *page, unsigned cpus)
{
	uint64_t end = time_now() + 100 * NSEC_PER_USEC;

	memset(page, 0, 64 * sizeof(*page));
	if (arch_mmu_map(shot_at, virt_to_phys(page), MMU_USER | MMU_READ | MMU_WRITE))
		return;
	while (!READ_ONCE(page[1 + round % (cpus - 1)]) && time_now() < end)
		arch_cpu_relax();
	if (round % 3)
		arch_mmu_unmap(shot_at, shot_at + PAGE_SIZE, keep, NULL);
	else
		arch_mmu_protect(shot_at, shot_at + PAGE_SIZE, MMU_USER | MMU_READ);
	for (unsigned i = 1; i < cpus; i++)
		WRITE_ONCE(page[i], SENTINEL);
	for (unsigned n = 0; n < 20; n++)
		arch_cpu_relax();
	for (unsigned i = 1; i < cpus; i++)
		if (READ_ONCE(page[i]) != SENTINEL)
			found_wrong("a write by a mapping that is gone");
	if (round % 3 == 0)
		arch_mmu_unmap(shot_at, shot_at + PAGE_SIZE, keep, NULL);
}

/* Rounds made in a limited time; the neighbour keeps the table in half of them. */
static long test_shootdown(unsigned long rounds, uintptr_t at)
{
	uint64_t *page = page_alloc_zeroed(0), *other = page_alloc_zeroed(0);
	uint64_t end = time_now() + LIMIT_NS;
	unsigned cpus = arch_cpu_count(), n = 0;

	shot_at = at;
	stop_writing = 0;
	for (unsigned i = 1; i < cpus; i++)
		job_start(i, write_on, at + i * sizeof(uint64_t));
	for (; cpus > 1 && n < rounds && time_now() < end; n++) {
		if (n % 64 == 0)
			arch_mmu_map(at + PAGE_SIZE, virt_to_phys(other), MMU_USER | MMU_READ);
		if (n % 64 == 32)
			arch_mmu_unmap(at + PAGE_SIZE, at + 2 * PAGE_SIZE, keep, NULL);
		shoot(n, page, cpus);
	}
	__atomic_store_n(&stop_writing, 1, __ATOMIC_RELEASE);
	jobs_wait();
	arch_mmu_unmap(at, at + 2 * PAGE_SIZE, keep, NULL);
	page_free(page, 0);
	page_free(other, 0);
	log_info("test: %u shootdowns against %llu writes", n, (unsigned long long)writes);
	return cpus > 1 && (!n || !writes) ? -EIO : (long)wrong;
}

static bool wrote;

static void write_once(unsigned long at)
{
	wrote = write_user(at, 1);
}

static uint64_t calls_taken(unsigned cpu)
{
	return __atomic_load_n(&percpu_table[cpu]->interrupts[VECTOR_CALL], __ATOMIC_ACQUIRE);
}

/* The interrupts that CPU 1, idle, got for the unmapping; -EIO if it could write afterwards. */
static long idle_round(uintptr_t at, uint64_t *page)
{
	uint64_t before, after;

	if (arch_mmu_map(at, virt_to_phys(page), MMU_USER | MMU_READ | MMU_WRITE))
		return -ENOMEM;
	job_start(1, write_once, at);
	jobs_wait();
	if (!wrote)
		return -EIO;
	while (!READ_ONCE(percpu_table[1]->tlb))
		arch_cpu_relax();
	before = calls_taken(1);
	arch_mmu_unmap(at, at + PAGE_SIZE, keep, NULL);
	after = calls_taken(1);
	job_start(1, write_once, at);
	jobs_wait();
	return wrote ? -EIO : (long)(after - before);
}

/* Interrupts of an idle CPU for 100 unmappings; with tables: of the tables too. */
static long test_idle_flush(bool tables, uintptr_t at)
{
	uint64_t *page = page_alloc_zeroed(0), *other = page_alloc_zeroed(0);
	long sum = 0, n = 0;

	if (arch_cpu_count() < 2)
		return -ESRCH;
	if (!tables)
		arch_mmu_map(at + PAGE_SIZE, virt_to_phys(other), MMU_USER | MMU_READ);
	for (unsigned i = 0; i < 100 && n >= 0; i++) {
		n = idle_round(at, page);
		sum += n;
	}
	arch_mmu_unmap(at, at + 2 * PAGE_SIZE, keep, NULL);
	page_free(page, 0);
	page_free(other, 0);
	return n < 0 ? n : sum;
}

static unsigned each_count;

static void count_each(void *arg, uintptr_t va, phys_t pa, unsigned order)
{
	(void)va;
	(void)pa;
	(void)order;
	(*(unsigned *)arg)++;
}

static void idle_not(unsigned long unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop_writing, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
}

/* Interrupts another CPU gets while 200 pages at once are unmapped: one, for a batch holds them. */
static long test_batch(uintptr_t at)
{
	void *page = page_alloc_zeroed(0);
	uint64_t before;

	if (arch_cpu_count() < 2)
		return -ESRCH;
	stop_writing = 0;
	each_count = 0;
	job_start(1, idle_not, 0);
	for (unsigned i = 0; i < 200; i++)
		if (arch_mmu_map(at + i * PAGE_SIZE, virt_to_phys(page), MMU_USER | MMU_READ))
			return -ENOMEM;
	before = calls_taken(1);
	arch_mmu_unmap(at, at + 200 * PAGE_SIZE, count_each, &each_count);
	before = calls_taken(1) - before;
	__atomic_store_n(&stop_writing, 1, __ATOMIC_RELEASE);
	jobs_wait();
	page_free(page, 0);
	return each_count == 200 ? (long)before : -EIO;
}

/* ---- clocks ---- */

static int64_t skew[ARCH_MAX_CPUS];

static uint64_t skewed_read(void)
{
	return arch_cycles() + (1ull << 40) + skew[arch_cpu_id()];
}

static void skewed_adjust(int64_t ticks)
{
	skew[arch_cpu_id()] += ticks;
}

/* The verdict on counters that differ by step from CPU to CPU. */
static long test_clock(int64_t step, bool settable)
{
	const struct clock_counter counter = {skewed_read, settable ? skewed_adjust : NULL};
	uint64_t off;

	for (unsigned i = 0; i < ARCH_MAX_CPUS; i++)
		skew[i] = i * step;
	return clock_sync(&counter, &off);
}

/* ---- single things ---- */

/* 1 if CPU cpu's own timer interrupts it. */
static long test_timer(unsigned cpu)
{
	uint64_t *count, before, end = time_now() + NSEC_PER_SEC;

	if (!arch_cpu_online(cpu))
		return -ESRCH;
	count = &percpu_table[cpu]->interrupts[VECTOR_TIMER];
	before = READ_ONCE(*count);
	arch_call_cpu(cpu, arm_timer, NULL);
	while (READ_ONCE(*count) == before && time_now() < end)
		arch_cpu_relax();
	return READ_ONCE(*count) - before;
}

static long test_resched(unsigned cpu)
{
	uint64_t *count, before, end = time_now() + NSEC_PER_SEC;

	if (!cpu || !arch_cpu_online(cpu))
		return -ESRCH;
	count = &percpu_table[cpu]->interrupts[VECTOR_RESCHED];
	before = READ_ONCE(*count);
	arch_send_resched(cpu);
	while (READ_ONCE(*count) == before && time_now() < end)
		arch_cpu_relax();
	return READ_ONCE(*count) != before;
}

static void write_sealed(void *arg)
{
	struct cpu_features same = cpu_features;
	bool *faulted = arg;

	/* The processor's own features, which each CPU has written while it came up. */
	*faulted = arch_copy_to_user(&cpu_features, &same, 8) == 8;
}

/* Where the core maps nothing. */
#define CORE_PLACE (ARCH_MMIO + (1ul << 40))

static void write_core(void *arg)
{
	uint64_t value = 1;
	bool *faulted = arg;

	*faulted = arch_copy_to_user((void *)CORE_PLACE, &value, sizeof(value)) != 0;
}

/* On how many CPUs fn finds that it can write. */
static long can_write(void (*fn)(void *))
{
	long can = 0;

	for (unsigned i = 0; i < arch_cpu_count(); i++) {
		bool faulted;

		arch_call_cpu(i, fn, &faulted);
		can += !faulted;
	}
	return can;
}

/* How many CPUs can write to what is sealed, or to what each could a moment ago. */
static long test_sealed(void)
{
	void *page = page_alloc(0);
	long can = can_write(write_sealed);

	for (int i = 0; i < 20; i++) {
		if (paging_map_core(CORE_PLACE, virt_to_phys(page), PTE_CORE_RW) ||
		    can_write(write_core) != arch_cpu_count())
			return -EIO;
		paging_map_core(CORE_PLACE, virt_to_phys(page), PTE_CORE_RO);
		tlb_flush_core();
		can += can_write(write_core);
	}
	paging_map_core(CORE_PLACE, 0, 0);
	tlb_flush_core();
	page_free(page, 0);
	return can;
}

/* A CPU that the table tells of and that never answers. */
static long test_absent(void)
{
	const uint32_t nobody[] = {0xc8};
	uint64_t began = time_now();

	if (smp_start(nobody, 1) || time_now() - began > 3 * NSEC_PER_SEC)
		return 1;
	return 0;
}

/* ---- panics ---- */

static void babble(unsigned long unused)
{
	(void)unused;
	arch_irq_disable();
	for (;;) {
		uint64_t end = time_now() + 20 * NSEC_PER_MSEC;

		log_info("test: CPU %u runs", arch_cpu_id());
		while (time_now() < end)
			arch_cpu_relax();
	}
}

static void panic_now(unsigned long unused)
{
	(void)unused;
	panic("on CPU %u, as the test wants", arch_cpu_id());
}

/* The last CPU has its interrupts off, and prints; then `cpu` panics, or all at once. */
static _Noreturn void test_panic(unsigned cpu)
{
	unsigned cpus = arch_cpu_count();
	uint64_t end = time_now() + 100 * NSEC_PER_MSEC;

	if (cpus > 2 && cpu < cpus - 1) {
		job_start(cpus - 1, babble, 0);
		while (time_now() < end)
			arch_cpu_relax();
	}
	for (unsigned i = 1; i < cpus; i++)
		if (cpu == i || cpu >= cpus)
			job_start(i, panic_now, 0);
	if (!cpu || cpu >= cpus)
		panic_now(0);
	for (;;)
		arch_cpu_relax();
}

/* As tests/guest/smp.c numbers them. */
enum {
	TEST_COUNT,
	TEST_HAMMER,
	TEST_CALLS,
	TEST_SHOOTDOWN,
	TEST_IDLE_FLUSH,
	TEST_CLOCK,
	TEST_NEVER_BACK,
	TEST_TIMER,
	TEST_RESCHED,
	TEST_ABSENT,
	TEST_PANIC,
	TEST_BATCH,
	TEST_SEALED,
};

long sys_test_smp(unsigned what, unsigned long a, unsigned long b)
{
	wrong = writes = 0;
	switch (what) {
	case TEST_COUNT:
		return arch_cpu_count();
	case TEST_HAMMER:
		return test_hammer(a, b);
	case TEST_CALLS:
		return test_calls(a);
	case TEST_SHOOTDOWN:
		return test_shootdown(a, b);
	case TEST_IDLE_FLUSH:
		return test_idle_flush(a, b);
	case TEST_CLOCK:
		return test_clock(a, b);
	case TEST_NEVER_BACK:
		return clock_never_back(a);
	case TEST_TIMER:
		return test_timer(a);
	case TEST_RESCHED:
		return test_resched(a);
	case TEST_ABSENT:
		return test_absent();
	case TEST_PANIC:
		test_panic(a);
	case TEST_BATCH:
		return test_batch(a);
	case TEST_SEALED:
		return test_sealed();
	}
	return -EINVAL;
}
