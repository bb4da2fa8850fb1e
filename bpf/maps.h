/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every map, with its life story. */
#ifndef ACCESSLOG_MAPS_H
#define ACCESSLOG_MAPS_H

#include "state.h"
#include "kernel.h"
#include "limits.h"
#include <bpf/bpf_helpers.h>

/* The call a thread is in. */
struct thread {
	__u64 start_ns;	  /* entry of the call */
	__u64 sock;	  /* CLOSE: the socket whose last reference is being closed, else 0 */
	__u64 connection; /* CLOSE: its connection id */
	__u32 fd;	  /* first argument of the call */
	__u32 syscall;	  /* enum record_syscall, or SYSCALL_SHUTDOWN; 0 when the call is over */
	__u32 generation; /* of the targets that its process was found in; another one: ask again */
	__u32 pad;
};

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* Ring buffers, indexed by the low bits of the connection id: order per connection comes for free.
 * Written by: every program that emits.  Read by: the helper.  Full: the record is counted as dropped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps") __weak;

/* struct sock * -> the connection on it.
 * Written by: connect, accept, the first call on an unknown socket, the scan.  Removed by: destroy_socket,
 * which every TCP socket passes.  Read by: every program, and the helper for folded totals.
 * Full: the socket is not followed and counted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps") __weak;

/* tgid -> TARGET_WATCH or TARGET_IGNORE.
 * Written by: the helper, fork_process for children.  Removed by: the helper, exit_process.
 * Full: the helper reports it; a child that finds no room is handled as unlisted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps") __weak;

/* cgroup v2 id -> TARGET_IGNORE: processes that execute a program in it or below it are ignored.
 * Written and removed by: the helper.  Read by: exec_process.  Full: the helper reports it; its processes are
 * captured until the agent decides. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps") __weak;

/* struct sock * -> connection id of connections whose payload is of no use any more.
 * Written by: the helper.  Removed by: the program that takes note, else by age.  Full: the oldest goes,
 * and that connection is copied on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} muted SEC(".maps") __weak;

/* Thread -> the call it is in.
 * Written by: enter_syscall.  Removed by: the kernel with the task.  Full: cannot be; no memory is counted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps") __weak;

/* The same for kernels without task storage (< 5.11), by pid_tgid.
 * Written by: enter_syscall.  Removed by: exit_process for each thread.  Full: counted, the call is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct thread);
} threads_by_id SEC(".maps") __weak;

/* All counters of a CPU.  Written by: every program.  Read by: the helper.  Never removed. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_counts);
} counters SEC(".maps") __weak;

/* One counter per CPU from which connection ids are made. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} connection_ids SEC(".maps") __weak;

/* A DATA record under construction; only exit_syscall uses it, and that never nests on a CPU.
 * Three times the limit: what the verifier believes a masked copy at a masked offset needs. */
struct data_scratch {
	struct record_data head;
	__u8 payload[3 * CAPTURE_BYTES_MAX];
	__u32 found; /* HEAD_..., of the last head searched */
	__u32 body_bytes;
	__u32 length_at;
	/* Of the last walk over frames. */
	__u32 skipped;	/* bytes of the call before the first that was copied */
	__u32 captured; /* bytes copied */
	__u32 aligned;	/* a frame begins with the first of them */
	__u32 full;	/* there was no room for more */
	__u32 walked;	/* offset in the call that was come to */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct data_scratch);
} scratch SEC(".maps") __weak;

#endif
