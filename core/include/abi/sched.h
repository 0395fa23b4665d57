/* SPDX-License-Identifier: MIT */
/* clone(2), clone3(2) and sched(7): Linux's numbers and structs, seen by both rings. */
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

#define SCHED_OTHER 0
#define SCHED_FIFO  1
#define SCHED_RR    2
#define SCHED_BATCH 3
#define SCHED_IDLE  5

#define SCHED_RESET_ON_FORK 0x40000000 /* with the policy, in sched_setscheduler */

#define SCHED_FLAG_RESET_ON_FORK 0x01 /* in abi_sched_attr.flags */
#define SCHED_FLAG_KEEP_POLICY	 0x08
#define SCHED_FLAG_KEEP_PARAMS	 0x10

#define SCHED_PRIORITY_MIN 1 /* of FIFO and RR; all others have 0 */
#define SCHED_PRIORITY_MAX 99

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2
#define NICE_MIN     (-20)
#define NICE_MAX     19

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What clone3 takes: 64 bytes in its first version, 88 in the last. */
struct abi_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

/* What sched_setattr takes: 48 bytes in its first version, 56 in the last. */
struct abi_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
#endif

#endif
