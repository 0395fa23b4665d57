/* SPDX-License-Identifier: MIT */
/*
 * A plugin of QEMU's (TCG plugin interface, version 1) that counts, over the life of a machine, the
 * core's instructions of the kinds that are dear on hardware but one of many to an instruction
 * counter. At exit it writes one JSON object to the file of its argument out=. Only what lies in the
 * upper half of the addresses counts: the core, not the app (but for the app's SYSCALL). One vCPU.
 *
 * QEMU's header is in no package, so what is used of it is declared here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT	  __attribute__((visibility("default")))
#define CORE_HALF (1ull << 63)

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info;
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef void (*trans_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_fn)(unsigned vcpu, void *arg);
typedef void (*memory_fn)(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *arg);
typedef void (*exit_fn)(qemu_plugin_id_t id, void *arg);
enum {
	PLUGIN_NO_REGISTERS = 0,
	PLUGIN_READ_WRITE = 3
};

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, trans_fn fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn, int flags,
					    void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_fn fn, int flags,
				      int what, void *arg);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *addr);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_fn fn, void *arg);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv);

enum kind {
	NONE,
	SYSCALL,
	SYSRET,
	IRET,
	SWAPGS,
	SMAP,
	REP,
	ATOMIC,
	FENCE,
	WRMSR,
	RDMSR,
	CPUID,
	CR_WRITE,
	INVLPG,
	PORT,
	MMIO,
	HLT,
	XSAVE,
	FSGSBASE,
	RDTSC,
	RDRAND,
	KINDS
};

static const char *const names[KINDS] = {
	[SYSCALL] = "SYSCALL", [SYSRET] = "SYSRET",	 [IRET] = "IRET",
	[SWAPGS] = "SWAPGS",   [SMAP] = "STAC/CLAC",	 [REP] = "REP turns",
	[ATOMIC] = "atomic",   [FENCE] = "fence",	 [WRMSR] = "WRMSR",
	[RDMSR] = "RDMSR",     [CPUID] = "CPUID",	 [CR_WRITE] = "CR write",
	[INVLPG] = "INVLPG",   [PORT] = "port",		 [MMIO] = "MMIO",
	[HLT] = "HLT",	       [XSAVE] = "XSAVE/XRSTOR", [FSGSBASE] = "FS/GS base",
	[RDTSC] = "RDTSC",     [RDRAND] = "RDRAND",
};

static uint64_t counts[KINDS];
static char path[4096];

/* An instruction's prefixes taken off (SDM volume 2, 2.1.1). */
struct code {
	const uint8_t *p, *end;
	bool lock, rep;
};

static struct code strip_prefixes(const uint8_t *p, size_t n)
{
	static const uint8_t other[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67};
	struct code c = {.p = p, .end = p + n};

	for (; c.p < c.end; c.p++) {
		if (*c.p == 0xf0)
			c.lock = true;
		else if (*c.p == 0xf2 || *c.p == 0xf3)
			c.rep = true;
		else if (!memchr(other, *c.p, sizeof(other)))
			break;
	}
	if (c.p < c.end && (*c.p & 0xf0) == 0x40) /* REX */
		c.p++;
	return c;
}

static uint8_t byte(const struct code *c, size_t i)
{
	return c->p + i < c->end ? c->p[i] : 0;
}

/* Group 7, 0F 01. */
static enum kind kind_of_group7(uint8_t modrm)
{
	if (modrm < 0xc0)
		return (modrm >> 3 & 7) == 7 ? INVLPG : NONE;
	switch (modrm) {
	case 0xf8:
		return SWAPGS;
	case 0xf9:
		return RDTSC;
	case 0xca:
	case 0xcb:
		return SMAP;
	}
	return NONE;
}

/* Group 15, 0F AE. */
static enum kind kind_of_group15(const struct code *c, uint8_t modrm)
{
	unsigned reg = modrm >> 3 & 7;

	if (modrm >= 0xc0)
		return reg >= 5 ? FENCE : c->rep ? FSGSBASE : NONE;
	return reg <= 1 || (reg >= 4 && reg <= 6) ? XSAVE : NONE;
}

static enum kind kind_of_two_bytes(const struct code *c)
{
	uint8_t modrm = byte(c, 2);

	switch (byte(c, 1)) {
	case 0x01:
		return kind_of_group7(modrm);
	case 0x05:
		return SYSCALL;
	case 0x07:
		return SYSRET;
	case 0x22:
		return CR_WRITE;
	case 0x30:
		return WRMSR;
	case 0x31:
		return RDTSC;
	case 0x32:
		return RDMSR;
	case 0xa2:
		return CPUID;
	case 0xae:
		return kind_of_group15(c, modrm);
	case 0xc7:
		return modrm >= 0xf0 ? RDRAND : NONE;
	}
	return NONE;
}

static enum kind kind_of(const uint8_t *p, size_t n)
{
	struct code c = strip_prefixes(p, n);
	uint8_t op = byte(&c, 0);

	if (c.lock)
		return ATOMIC;
	switch (op) {
	case 0x0f:
		return kind_of_two_bytes(&c);
	case 0x6c ... 0x6f:
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
		return PORT;
	case 0x86:
	case 0x87:
		return byte(&c, 1) < 0xc0 ? ATOMIC : NONE;
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		return c.rep ? REP : NONE;
	case 0xcf:
		return IRET;
	case 0xf4:
		return HLT;
	}
	return NONE;
}

static void executed(unsigned vcpu, void *arg)
{
	(void)vcpu;
	counts[(uintptr_t)arg]++;
}

static void accessed(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *arg)
{
	struct qemu_plugin_hwaddr *addr = qemu_plugin_get_hwaddr(info, vaddr);

	(void)vcpu;
	(void)arg;
	if (addr && qemu_plugin_hwaddr_is_io(addr))
		counts[MMIO]++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		bool core = qemu_plugin_insn_vaddr(insn) & CORE_HALF;
		enum kind kind = kind_of(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));

		if (kind != NONE && (core || kind == SYSCALL))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, PLUGIN_NO_REGISTERS,
							       (void *)(uintptr_t)kind);
		if (core)
			qemu_plugin_register_vcpu_mem_cb(insn, accessed, PLUGIN_NO_REGISTERS,
							 PLUGIN_READ_WRITE, NULL);
	}
}

static void tell(qemu_plugin_id_t id, void *arg)
{
	FILE *f = fopen(path, "w");

	(void)id;
	(void)arg;
	if (!f)
		return;
	for (int kind = NONE + 1; kind < KINDS; kind++)
		fprintf(f, "%c\"%s\": %llu", kind == NONE + 1 ? '{' : ',', names[kind],
			(unsigned long long)counts[kind]);
	fputs("}\n", f);
	fclose(f);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) || strlen(argv[0] + 4) >= sizeof(path)) {
		fputs("count.so: wants out=FILE\n", stderr);
		return -1;
	}
	strcpy(path, argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, tell, NULL);
	return 0;
}
