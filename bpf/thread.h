/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The call the current thread is in, from task storage where the kernel has it. */
#ifndef ACCESSLOG_THREAD_H
#define ACCESSLOG_THREAD_H

#include "emit.h"
#include "knobs.h"
#include "maps.h"
#include "target.h"

/* Never fails for a thread that was there before; NULL when it was not. */
static __always_inline struct thread *thread_find(void)
{
	__u64 id;

	if (use_task_storage)
		return bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0, 0);
	id = bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&threads_by_id, &id);
}

/* Creates it when it is missing. NULL, and counted, when there is no room. */
static __always_inline struct thread *thread_get(void)
{
	struct thread *thread = thread_find(), zero = {};
	__u64 id;

	if (thread)
		return thread;
	if (use_task_storage) {
		thread = bpf_task_storage_get(&threads, bpf_get_current_task_btf(), 0,
					      BPF_LOCAL_STORAGE_GET_F_CREATE);
	} else {
		id = bpf_get_current_pid_tgid();
		bpf_map_update_elem(&threads_by_id, &id, &zero, BPF_NOEXIST);
		thread = bpf_map_lookup_elem(&threads_by_id, &id);
	}
	if (!thread)
		count(COUNTER_dropped_thread_table_full);
	return thread;
}

/* The same for threads of watched processes only: NULL for others. */
static __always_inline struct thread *thread_watched(void)
{
	__u32 generation = targets_generation;
	struct thread *thread = thread_find();

	if (thread && thread->generation == generation)
		return thread;
	if (!watched(current_tgid()))
		return NULL;
	thread = thread_get();
	if (thread)
		thread->generation = generation;
	return thread;
}

/* A library calls the kernel from no deeper than this: farther away is another stack. */
#define TLS_STACK_BYTES (1 << 20)

/* The session whose library is on the stack below a call, 0: none. A call that was left without
 * returning is not: the stack has been taken down since. */
static __always_inline __u64 session_on_stack(const struct thread *thread, __u64 stack)
{
	if (!thread || !thread->tls.now.session)
		return 0;
	return thread->tls.now.stack - stack < TLS_STACK_BYTES ? thread->tls.now.session : 0;
}

#endif
