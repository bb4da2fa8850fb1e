// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The life of TCP sockets as TCP itself sees it: the handshake's end, the last close, the destruction. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "lifecycle.h"
#include "session.h"
#include "syscalls.h"
#include "target.h"
#include "thread.h"

/* CLOSE -> SYN_SENT happens inside connect() of the owner. The local port is not chosen yet, so the
 * connection gets its id and its record only when the handshake ends. */
static __always_inline void begin_connect(struct sock *sk)
{
	struct connection c = {};
	struct thread *thread;

	if (!watched(current_tgid()))
		return;
	thread = thread_find();
	c.flags = CONNECTION_CONNECTING;
	c.role = ROLE_CLIENT;
	c.origin = ORIGIN_CONNECT;
	c.last_direction = ~0;
	c.start_ns = thread && thread->syscall ? thread->start_ns : bpf_ktime_get_ns();
	fill_owner(&c, thread ? thread->fd : ~0u);
	if (!insert_connection(sk, &c))
		count(COUNTER_operations_connect);
}

/* SYN_SENT -> ESTABLISHED or CLOSE, in softirq: current is anybody. */
static __always_inline void end_connect(struct connection *c, struct sock *sk, bool established)
{
	c->id = next_connection_id(sk);
	c->flags = established ? 0 : CONNECTION_FAILED | CONNECTION_CLOSED;
	count(COUNTER_operations_connect);
	emit_open(c, sk, c->start_ns, bpf_ktime_get_ns());
}

/* FIN_WAIT1 and LAST_ACK are entered by the last close or by shutdown(), in the context of the caller
 * (tcp_close_state). What is neither shutdown() nor close() dropped the file some other way. */
static __always_inline void end_by_process(struct connection *c)
{
	struct thread *thread;
	__u64 now;

	if (c->flags & (CONNECTION_CLOSING | CONNECTION_CLOSED))
		return;
	thread = thread_find();
	if (thread && thread->syscall == SYSCALL_SHUTDOWN)
		return;
	now = bpf_ktime_get_ns();
	emit_close(c, now, now, CLOSE_PROCESS, 0);
}

/* Why here: the one place where every state change of every TCP socket passes (since 4.16). */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(change_state, struct sock *sk, int old_state, int new_state)
{
	struct connection *c;

	if (new_state == TCP_SYN_SENT) {
		if (sock_is_tcp(sk))
			begin_connect(sk);
		return 0;
	}
	if (old_state != TCP_SYN_SENT && new_state != TCP_FIN_WAIT1 && new_state != TCP_LAST_ACK)
		return 0;
	c = find_connection(sk);
	if (!c)
		return 0;
	if (old_state == TCP_SYN_SENT && c->flags & CONNECTION_CONNECTING)
		end_connect(c, sk, new_state == TCP_ESTABLISHED);
	else if (new_state != TCP_CLOSE)
		end_by_process(c);
	return 0;
}

/* The last thing that happens to a TCP socket, however it died (since 4.16). */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(destroy_socket, struct sock *sk)
{
	struct connection *c = find_connection(sk);
	__u64 key = (__u64)sk, now;

	if (!c)
		return 0;
	if (!(c->flags & (CONNECTION_CLOSED | CONNECTION_CONNECTING))) {
		now = bpf_ktime_get_ns();
		if (c->flags & CONNECTION_CLOSING)
			emit_close(c, c->start_ns, now, CLOSE_SYSCALL, 0);
		else
			emit_close(c, now, now, CLOSE_DESTROY, 0);
	}
	if (!(c->flags & (CONNECTION_OPENED | CONNECTION_CONNECTING | CONNECTION_FAILED)))
		count(COUNTER_dropped_ring_full_open);
	if (c->flags & CONNECTION_TLS)
		forget_plaintext(c, key);
	bpf_map_delete_elem(&connections, &key);
	return 0;
}
