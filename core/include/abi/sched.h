/* SPDX-License-Identifier: MIT */
/* clone(2) and clone3(2): Linux's flags and struct, seen by both rings. */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#define CLONE_VM	     0x00000100
#define CLONE_FS	     0x00000200
#define CLONE_FILES	     0x00000400
#define CLONE_SIGHAND	     0x00000800
#define CLONE_VFORK	     0x00004000
#define CLONE_THREAD	     0x00010000
#define CLONE_SYSVSEM	     0x00040000
#define CLONE_SETTLS	     0x00080000
#define CLONE_PARENT_SETTID  0x00100000
#define CLONE_CHILD_CLEARTID 0x00200000
#define CLONE_DETACHED	     0x00400000
#define CLONE_CHILD_SETTID   0x01000000

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What clone3 takes: 64 bytes in its first version, 88 in the last. */
struct abi_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};
#endif

#endif
