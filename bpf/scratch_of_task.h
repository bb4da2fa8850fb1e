/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Room to put records together in, for programs that can be preempted: another task may run the same program
 * on the same CPU meanwhile, so what the system calls keep per CPU is kept per task here. To be included
 * before transfer.h, by the one file that hangs on uprobes, which for this reason is an object of its own.
 *
 * Where there is no task storage (< 5.12), uprobes are not preempted, and a CPU will do. */
#ifndef ACCESSLOG_SCRATCH_OF_TASK_H
#define ACCESSLOG_SCRATCH_OF_TASK_H

#define SCRATCH_OF_TASK

#include "knobs.h"
#include "maps.h"

struct task_scratch {
	struct data_scratch data;
	struct walker walker;
};

/* Written by: return_tls, for the task itself.  Removed by: the kernel with the task.  No memory: counted,
 * and the plaintext of the call is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_scratch);
} task_scratches SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_scratch);
} cpu_scratches SEC(".maps") __weak;

static __always_inline struct task_scratch *task_scratch(__u64 flags)
{
	__u32 zero = 0;

	if (use_task_storage)
		return bpf_task_storage_get(&task_scratches, bpf_get_current_task_btf(), 0, flags);
	return bpf_map_lookup_elem(&cpu_scratches, &zero);
}

static __always_inline struct data_scratch *scratch_find(void)
{
	struct task_scratch *found = task_scratch(0);

	return found ? &found->data : NULL;
}

static __always_inline struct walker *walker_find(void)
{
	struct task_scratch *found = task_scratch(0);

	return found ? &found->walker : NULL;
}

static __always_inline struct connection *walked_connection(__u64 sock)
{
	return bpf_map_lookup_elem(&plaintexts, &sock);
}

#endif
