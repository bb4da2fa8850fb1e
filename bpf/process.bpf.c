// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* exec, fork and exit: keep the target set honest, and tell the agent while a process can still be asked. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "emit.h"
#include "knobs.h"
#include "target.h"
#include "thread.h"

static __always_inline void emit_process(struct task_struct *task, __u32 event, __u32 parent)
{
	void *ring = ring_of(0);
	struct record_process *process = ring ? bpf_ringbuf_reserve(ring, sizeof(*process), 0) : NULL;

	if (!process) {
		count(COUNTER_dropped_ring_full_process);
		return;
	}
	fill_head(&process->head, sizeof(*process), RECORD_PROCESS, 0);
	process->head.flags = event;
	process->time_ns = bpf_ktime_get_ns();
	process->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	process->tgid = BPF_CORE_READ(task, tgid);
	process->parent = parent;
	bpf_probe_read_kernel_str(process->comm, sizeof(process->comm), task->comm);
	bpf_ringbuf_submit(process, wakeup());
	count(COUNTER_records_process);
}

/* v5.14 lets tracing programs ask for ancestors by a helper; the links are there in every version. */
static __always_inline bool in_ignored_cgroup(struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);

	for (int level = 0; level < CGROUP_LEVELS_MAX && cgroup; level++) {
		__u64 id = BPF_CORE_READ(cgroup, kn, id);

		if (bpf_map_lookup_elem(&cgroups, &id))
			return true;
		/* The first member: its address is the cgroup's. */
		cgroup = (struct cgroup *)BPF_CORE_READ(cgroup, self.parent);
	}
	return false;
}

/* As a runtime does when it becomes a container's program, the thread may have been watched until now. False:
 * there is no room to say it. */
static __always_inline bool ignore_from_now(__u32 tgid)
{
	struct thread *thread = thread_find();
	__u32 ignore = TARGET_IGNORE;

	if (bpf_map_update_elem(&targets, &tgid, &ignore, BPF_ANY))
		return false;
	if (thread)
		thread->generation = 0;
	return true;
}

/* Runs in the new image, before its first instruction, so that of a container's program no byte is seen when
 * its cgroup is to be ignored. A process that was ignored became another program: it is unlisted again, so
 * that the agent can decide anew and nothing hides behind the name of its parent. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_process, struct task_struct *task)
{
	__u32 tgid = current_tgid(), *decision;

	if (in_ignored_cgroup(task) && ignore_from_now(tgid)) {
		emit_process(task, PROCESS_EXEC_IGNORED, 0);
		return 0;
	}
	decision = bpf_map_lookup_elem(&targets, &tgid);
	if (decision && *decision == TARGET_IGNORE)
		bpf_map_delete_elem(&targets, &tgid);
	if (watched(tgid)) {
		emit_process(task, PROCESS_EXEC, 0);
		emit_image_event(IMAGE_EXEC, tgid, 0);
	}
	return 0;
}

/* Threads fork too; a new process is one whose tid is its tgid. A child inherits the decision of its parent
 * before it can run, so that its first byte is already right. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork_process, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = child->tgid, parent_tgid = parent->tgid, *decision, copy;

	if ((__u32)child->pid != tgid)
		return 0;
	decision = bpf_map_lookup_elem(&targets, &parent_tgid);
	if (!decision) {
		if (watch_unlisted)
			emit_image_event(IMAGE_FORK, tgid, parent_tgid);
		return 0;
	}
	copy = *decision;
	bpf_map_update_elem(&targets, &tgid, &copy, BPF_ANY);
	if (copy == TARGET_WATCH) {
		emit_process(child, PROCESS_FORK, parent_tgid);
		emit_image_event(IMAGE_FORK, tgid, parent_tgid);
	}
	return 0;
}

/* Fires for each thread, after `live` went down and before the files are closed; the last one is the end. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_process, struct task_struct *task)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tgid = id >> 32;

	if (!use_task_storage)
		bpf_map_delete_elem(&threads_by_id, &id);
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	if (watched(tgid)) {
		emit_process(task, PROCESS_EXIT, 0);
		emit_image_event(IMAGE_EXIT, tgid, 0);
	}
	bpf_map_delete_elem(&targets, &tgid);
	return 0;
}
