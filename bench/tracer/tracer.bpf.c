// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The least a tracer of this kind can do, as a point of reference for bench/capture: the product's hooks, one
 * switch on the number of the system call, the first 256 bytes of what it moved, one ring buffer. It follows
 * no connections and understands nothing. x86-64 only. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define RING_BYTES (1 << 20)
#define WAKE_BYTES (1 << 16)

enum call {
	CALL_READ = 0,
	CALL_WRITE = 1,
	CALL_READV = 19,
	CALL_WRITEV = 20,
	CALL_SENDFILE = 40,
	CALL_SENDTO = 44,
	CALL_RECVFROM = 45,
	CALL_SENDMSG = 46,
	CALL_RECVMSG = 47,
};

/* A call between its entry and its return. */
struct in_flight {
	__u64 start_ns;
	__u64 memory; /* the buffer, its first iovec, or msghdr */
	__u32 fd;
	__u32 call; /* + 1; 0: none */
};

/* Written by enter, emptied by exit, freed with its task. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct in_flight);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");

/* Processes to trace, set before loading. */
const volatile __u32 targets[16];

static __always_inline bool is_target(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	for (int i = 0; i < 16 && targets[i]; i++)
		if (targets[i] == tgid)
			return true;
	return false;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long id)
{
	struct in_flight *call;

	switch (id) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_READV:
	case CALL_WRITEV:
	case CALL_SENDFILE:
	case CALL_SENDTO:
	case CALL_RECVFROM:
	case CALL_SENDMSG:
	case CALL_RECVMSG:
		break;
	default:
		return 0;
	}
	if (!is_target())
		return 0;
	call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call)
		return 0;
	call->start_ns = bpf_ktime_get_ns();
	call->fd = regs->di;
	call->memory = regs->si;
	call->call = id + 1;
	return 0;
}

/* Where the first bytes are: behind a buffer, an array of iovecs or a msghdr. */
static __always_inline __u64 first_bytes(const struct in_flight *call)
{
	struct iovec first = {};
	struct user_msghdr message = {};
	__u64 iov = call->memory;

	switch (call->call - 1) {
	case CALL_SENDFILE:
		return 0;
	case CALL_SENDMSG:
	case CALL_RECVMSG:
		bpf_probe_read_user(&message, sizeof(message), (void *)call->memory);
		iov = (__u64)message.msg_iov;
		break;
	case CALL_READV:
	case CALL_WRITEV:
		break;
	default:
		return call->memory;
	}
	bpf_probe_read_user(&first, sizeof(first), (void *)iov);
	return (__u64)first.iov_base;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long result)
{
	struct in_flight *call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL, 0);
	struct event *event;
	__u64 memory, queued;

	if (!call || !call->call)
		return 0;
	event = result > 0 ? bpf_ringbuf_reserve(&ring, sizeof(*event), 0) : NULL;
	if (event) {
		memory = first_bytes(call);
		event->start_ns = call->start_ns;
		event->end_ns = bpf_ktime_get_ns();
		event->bytes = result;
		event->tgid = bpf_get_current_pid_tgid() >> 32;
		event->fd = call->fd;
		event->syscall = call->call - 1;
		event->captured = result < PREFIX_BYTES ? result : PREFIX_BYTES;
		if (memory)
			bpf_probe_read_user(event->prefix, event->captured, (void *)memory);
		queued = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
		bpf_ringbuf_submit(event, queued >= WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	}
	call->call = 0;
	return 0;
}
