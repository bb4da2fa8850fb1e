// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The system calls of watched processes. One pair of hooks for all of them, the raw sys_enter and sys_exit
 * tracepoints, chosen by measurement: they need neither tracefs nor kprobes, and one switch on the number is
 * cheaper than a pair of classic tracepoints per call. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "association.h"
#include "lifecycle.h"
#include "syscalls.h"
#include "target.h"
#include "thread.h"
#include "transfer.h"

/* Before the file goes away: is this the last reference to a socket we follow? */
static __always_inline void enter_close(struct thread *thread)
{
	struct file *file = file_of_fd(thread->fd);
	struct connection *c;
	struct sock *sk;

	if (!file || !file_has_one_reference(file))
		return;
	sk = presumed_sock(file);
	c = find_connection(sk);
	if (!c || c->flags & (CONNECTION_CLOSED | CONNECTION_CONNECTING | CONNECTION_FAILED))
		return;
	c->flags |= CONNECTION_CLOSING;
	c->start_ns = thread->start_ns;
	thread->sock = (__u64)sk;
	thread->connection = c->id;
}

/* Remembers when a call began. */
SEC("tp_btf/sys_enter")
int BPF_PROG(enter_syscall, struct pt_regs *regs, long number)
{
	__u32 kind = syscall_kind(number);
	struct thread *thread;

	if (!kind || kind == SYSCALL_MMAP)
		return 0;
	thread = thread_watched();
	if (!thread)
		return 0;
	thread->start_ns = bpf_ktime_get_ns();
	thread->fd = ARGUMENT_1(regs);
	thread->syscall = kind;
	thread->sock = 0;
	if (kind == SYSCALL_CLOSE)
		enter_close(thread);
	return 0;
}

/* The connection on a descriptor, adopted when it is a TCP connection that was not known. */
static __always_inline struct connection *connection_of(struct sock *sk, struct file *file, __u32 fd,
							const struct transfer *x)
{
	struct connection *c = find_connection(sk);

	if (c && !(c->flags & CONNECTION_CONNECTING))
		return c;
	if (c || !file_is_socket(file) || !sock_is_tcp(sk) || !sock_is_connected(sk))
		return NULL;
	count(COUNTER_adopted);
	return adopt(sk, fd, ORIGIN_IO, x->start_ns, x->end_ns);
}

/* One transfer on a descriptor that may be anything. */
static __always_inline void transfer_on(__u32 fd, struct transfer *x, const struct thread *thread,
					struct pt_regs *regs)
{
	struct file *file = file_of_fd(fd);
	struct connection *c;
	struct sock *sk;
	__u32 flags;

	if (!file)
		return;
	sk = presumed_sock(file);
	c = connection_of(sk, file, fd, x);
	if (!c)
		return;
	flags = c->flags;
	transfer(c, sk, x);
	associate(c, sk, x, thread, regs);
	/* A session begins in a library that is not known: perhaps it was not found yet. */
	if (c->flags & ~flags & CONNECTION_TLS && !c->session)
		emit_image_event(IMAGE_TLS, current_tgid(), 0);
}

/* recvmmsg and sendmmsg return messages, not bytes: each has a length of its own. The first one's buffers are
 * what can be copied; TCP keeps no message boundaries, so one record with the sum tells all. */
static __always_inline void find_messages(struct transfer *x, __u64 vector)
{
	struct user_mmsghdr first;

	x->bytes = sum_messages(vector, x->bytes);
	if (bpf_probe_read_user(&first, sizeof(first), (void *)vector))
		return;
	x->buffers.base = first.header.iov;
	x->buffers.segments = first.header.iov_count;
	x->copyable = first.length;
}

/* Flags of the receiving calls; the sending ones have none that matter. */
static __always_inline __u64 receive_flags(struct pt_regs *regs, __u32 kind)
{
	if (kind == SYSCALL_RECVFROM || kind == SYSCALL_RECVMMSG)
		return ARGUMENT_4(regs);
	return kind == SYSCALL_RECVMSG ? ARGUMENT_3(regs) : 0;
}

/* Where the bytes of the call are in user memory; sendfile64 and splice have none there. */
static __always_inline void find_buffers(struct pt_regs *regs, struct transfer *x)
{
	__u64 second = ARGUMENT_2(regs);

	switch (x->syscall) {
	case SYSCALL_SENDFILE64:
	case SYSCALL_SPLICE:
		return;
	case SYSCALL_READV:
	case SYSCALL_WRITEV:
		x->buffers.segments = ARGUMENT_3(regs);
		x->buffers.base = second;
		return;
	case SYSCALL_RECVMSG:
	case SYSCALL_SENDMSG:
		x->buffers = buffers_of_message(second);
		return;
	case SYSCALL_RECVMMSG:
	case SYSCALL_SENDMMSG:
		find_messages(x, second);
		return;
	default:
		x->buffers.base = second;
	}
}

/* splice moves between a pipe and, perhaps, a socket: then the socket's end gives descriptor and direction.
 */
static __always_inline __u32 spliced_fd(struct pt_regs *regs, __u32 fd_in, struct transfer *x)
{
	struct file *file = file_of_fd(fd_in);

	if (file && file_is_socket(file)) {
		x->direction = DIRECTION_INGRESS;
		return fd_in;
	}
	return ARGUMENT_3(regs);
}

static __always_inline void exit_transfer(struct pt_regs *regs, const struct thread *thread, __u32 fd,
					  __u32 kind, __u32 result, struct transfer *x)
{
	__u64 flags = receive_flags(regs, kind);

	if (flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	x->syscall = kind;
	x->bytes = x->copyable = result;
	x->direction = kind >= SYSCALL_WRITE ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	find_buffers(regs, x);
	if (flags & MSG_TRUNC)
		x->buffers.base = 0;
	if (kind == SYSCALL_SPLICE)
		fd = spliced_fd(regs, fd, x);
	transfer_on(fd, x, thread, regs);
}

/* Only successful accepts; a loop that runs into EAGAIN leaves no trace. */
static __always_inline void exit_accept(__u32 fd, __u64 start_ns, __u64 end_ns)
{
	struct file *file = file_of_fd(fd);
	struct sock *sk;

	if (!file || !file_is_socket(file))
		return;
	sk = presumed_sock(file);
	if (!sock_is_tcp(sk))
		return;
	count(COUNTER_operations_accept);
	adopt(sk, fd, ORIGIN_ACCEPT, start_ns, end_ns);
}

/* The socket is gone already when the file was released inside close(); then destroy_socket reported it. */
static __always_inline void exit_close(struct thread *thread, __u64 end_ns, long result)
{
	struct connection *c;

	if (!thread->sock)
		return;
	c = bpf_map_lookup_elem(&connections, &thread->sock);
	if (c && c->id == thread->connection && !(c->flags & CONNECTION_CLOSED))
		emit_close(c, thread->start_ns, end_ns, CLOSE_SYSCALL, result);
}

/* What fails before a SYN is sent passes no state change: no route, no free port, a refused address. A
 * non-blocking connect that is under way did not fail; its outcome comes with the state change. */
static __always_inline bool connect_failed_at_once(long result, struct connection *c, __u64 start_ns)
{
	if (result >= 0 || result == -EINPROGRESS || result == -EALREADY || result == -EISCONN ||
	    result == -EINTR || result == -EAGAIN)
		return false;
	return !c || (c->flags & CONNECTION_FAILED && c->start_ns < start_ns);
}

static __always_inline void exit_connect(struct pt_regs *regs, __u32 fd, __u64 start_ns, __u64 end_ns,
					 long result)
{
	struct file *file = file_of_fd(fd);
	struct sock *sk;

	if (!file || !file_is_socket(file))
		return;
	sk = presumed_sock(file);
	if (!sock_is_tcp(sk) || !connect_failed_at_once(result, find_connection(sk), start_ns))
		return;
	count(COUNTER_operations_connect);
	emit_refused(sk, fd, ARGUMENT_2(regs), start_ns, end_ns, -result);
}

/* Libraries are loaded before they are called, and the helper has to be there in between. */
static __always_inline void exit_mmap(struct pt_regs *regs, long result)
{
	__u32 fd = ARGUMENT_5(regs), tgid = current_tgid();
	struct file *file;

	if (!(ARGUMENT_3(regs) & PROT_EXEC) || (__s32)fd < 0 || (result < 0 && result > -ERRNO_MAX) ||
	    !watched(tgid))
		return;
	file = file_of_fd(fd);
	if (file && may_be_tls_library(file))
		emit_image_event(IMAGE_MAPPED, tgid, 0);
}

/* A thread that was inside its call when the programs were attached has no entry time: the call then has
 * no duration, but its bytes count. */
SEC("tp_btf/sys_exit")
int BPF_PROG(exit_syscall, struct pt_regs *regs, long result)
{
	__u32 kind = syscall_kind(CALL_NUMBER(regs)), fd;
	struct transfer x = {};
	struct thread *thread;

	if (!kind || (result <= 0 && syscall_moves_bytes(kind)))
		return 0;
	if (kind == SYSCALL_MMAP) {
		exit_mmap(regs, result);
		return 0;
	}
	/* The entry asked whether the process is watched. */
	thread = thread_find();
	if (!(thread && thread->syscall == kind) && !watched(current_tgid()))
		return 0;
	x.end_ns = bpf_ktime_get_ns();
	x.start_ns = thread && thread->syscall == kind ? thread->start_ns : x.end_ns;
	fd = ARGUMENT_1(regs);
	if (thread)
		thread->syscall = 0;
	if (kind == SYSCALL_SHUTDOWN || kind == SYSCALL_CLOSE) {
		if (thread)
			exit_close(thread, x.end_ns, result);
	} else if (kind == SYSCALL_ACCEPT) {
		if (result >= 0)
			exit_accept(result, x.start_ns, x.end_ns);
	} else if (kind == SYSCALL_CONNECT) {
		exit_connect(regs, fd, x.start_ns, x.end_ns, result);
	} else {
		exit_transfer(regs, thread, fd, kind, result, &x);
	}
	return 0;
}
