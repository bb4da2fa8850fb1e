// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Sockets that were open before the programs were attached, found once through the files of all tasks. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "lifecycle.h"
#include "target.h"

/* An OPEN record under construction; only scan_sockets uses it, and one reader runs it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record_open);
} scanned SEC(".maps");

static __always_inline void fill_scanned(struct connection *c, struct task_struct *task, struct sock *sk,
					 __u32 fd)
{
	c->id = next_connection_id(sk);
	c->flags = CONNECTION_OPENED;
	c->tgid = task->tgid;
	c->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	c->fd = fd;
	c->role = role_by_backlog(sk);
	c->origin = ORIGIN_SCAN;
	c->last_direction = ~0;
	bpf_probe_read_kernel_str(c->comm, sizeof(c->comm), task->comm);
}

/* When the reader's buffer is full, the write tells seq_file so and the kernel runs the program again for the
 * same file: then nothing may have happened yet. */
static __always_inline bool has_room(struct seq_file *seq)
{
	return BPF_CORE_READ(seq, size) - BPF_CORE_READ(seq, count) >= sizeof(struct record_open);
}

/* The records leave through the iterator's own file and not through a ring: however many sockets there are,
 * the reader sets the pace. A socket shared by several processes belongs to the first of them. */
SEC("iter/task_file")
int scan_sockets(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct connection c = {};
	struct record_open *open;
	struct sock *sk;
	__u32 zero = 0;
	__u64 key;

	if (!task || !file || !file_is_socket(file) || !watched(task->tgid))
		return 0;
	sk = presumed_sock(file);
	open = bpf_map_lookup_elem(&scanned, &zero);
	if (!open || !sock_is_tcp(sk) || !sock_is_connected(sk) || find_connection(sk))
		return 0;
	if (!has_room(context->meta->seq)) {
		bpf_seq_write(context->meta->seq, open, sizeof(*open));
		return 0;
	}
	key = (__u64)sk;
	fill_scanned(&c, task, sk, context->fd);
	if (bpf_map_update_elem(&connections, &key, &c, BPF_NOEXIST)) {
		count(COUNTER_adopted);
		count(COUNTER_dropped_connection_table_full);
		return 0;
	}
	fill_open(open, &c, sk);
	open->start_ns = open->end_ns = 0;
	bpf_seq_write(context->meta->seq, open, sizeof(*open));
	return 0;
}
