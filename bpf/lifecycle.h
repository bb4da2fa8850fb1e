/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Birth and death of a connection: the entry in `connections`, the OPEN record, the CLOSE record. */
#ifndef ACCESSLOG_LIFECYCLE_H
#define ACCESSLOG_LIFECYCLE_H

#include "emit.h"
#include "sock.h"

static __always_inline struct connection *find_connection(struct sock *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&connections, &key);
}

/* Unique while the helper runs: a per-CPU count, the CPU, the ring. Below 2^53 for 10^11 connections per CPU,
 * so that the agent can hold it in a double. */
static __always_inline __u64 next_connection_id(struct sock *sk)
{
	__u32 zero = 0;
	__u64 *last = bpf_map_lookup_elem(&connection_ids, &zero);
	__u64 number = last ? ++*last : 1;

	return number << 16 | (bpf_get_smp_processor_id() & 0x3ff) << RING_BITS | ring_by_ends(sk);
}

/* Who is at work: the owner of a connection is the process of its first sight. */
static __always_inline void fill_owner(struct connection *c, __u32 fd)
{
	c->tgid = bpf_get_current_pid_tgid() >> 32;
	c->cgroup_id = bpf_get_current_cgroup_id();
	c->fd = fd;
	bpf_get_current_comm(c->comm, sizeof(c->comm));
}

/* Replaces what may still be there for a reused address. NULL, and counted, when the table is full. */
static __always_inline struct connection *insert_connection(struct sock *sk, struct connection *c)
{
	__u64 key = (__u64)sk;

	if (bpf_map_update_elem(&connections, &key, c, BPF_ANY)) {
		count(COUNTER_dropped_connection_table_full);
		return NULL;
	}
	return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void fill_open(struct record_open *open, struct connection *c, struct sock *sk)
{
	fill_head(&open->head, sizeof(*open), RECORD_OPEN, c->id);
	open->sock = (__u64)sk;
	open->cgroup_id = c->cgroup_id;
	open->tgid = c->tgid;
	open->fd = c->fd;
	open->role = c->role;
	open->origin = c->origin;
	open->success = !(c->flags & CONNECTION_FAILED);
	open->error = 0;
	__builtin_memcpy(open->comm, c->comm, sizeof(open->comm));
	fill_addresses(open, sk);
}

/* Tried again with the next call when the ring was full: a lost OPEN must not cost the connection. It is
 * dropped, and counted, only when the connection ends without one, or failed. */
static __noinline int emit_open(struct connection *c, struct sock *sk, __u64 start_ns, __u64 end_ns)
{
	void *ring = ring_of(c->id);
	struct record_open *open = ring ? bpf_ringbuf_reserve(ring, sizeof(*open), 0) : NULL;

	if (!open) {
		if (c->flags & CONNECTION_FAILED)
			count(COUNTER_dropped_ring_full_open);
		return 0;
	}
	fill_open(open, c, sk);
	open->start_ns = start_ns;
	open->end_ns = end_ns;
	if (c->flags & CONNECTION_FAILED)
		open->error = BPF_CORE_READ(sk, sk_err);
	bpf_ringbuf_submit(open, wakeup());
	c->flags |= CONNECTION_OPENED;
	count(COUNTER_records_open);
	return 0;
}

/* The wanted remote end of a socket that never got one. */
static __always_inline void fill_wanted_remote(struct record_open *open, __u64 sockaddr)
{
	struct user_sockaddr wanted = {};

	bpf_probe_read_user(&wanted, sizeof(wanted), (void *)sockaddr);
	open->remote_port = bpf_ntohs(wanted.port);
	if (wanted.family == AF_INET6 && !is_mapped_ipv4(wanted.ipv6)) {
		open->family = 6;
		__builtin_memcpy(open->remote_address, wanted.ipv6, sizeof(wanted.ipv6));
		return;
	}
	open->family = 4;
	__builtin_memset(open->remote_address, 0, sizeof(open->remote_address));
	*(__u32 *)open->remote_address =
	    wanted.family == AF_INET6 ? *(__u32 *)(wanted.ipv6 + 12) : wanted.ipv4;
}

/* A connect that failed before TCP took note: a record, and no entry in `connections`. */
static __always_inline void emit_refused(struct sock *sk, __u32 fd, __u64 sockaddr, __u64 start_ns,
					 __u64 end_ns, __u32 error)
{
	struct connection c = {.flags = CONNECTION_FAILED, .role = ROLE_CLIENT, .origin = ORIGIN_CONNECT};
	struct record_open *open;
	void *ring;

	c.id = next_connection_id(sk);
	fill_owner(&c, fd);
	ring = ring_of(c.id);
	open = ring ? bpf_ringbuf_reserve(ring, sizeof(*open), 0) : NULL;
	if (!open) {
		count(COUNTER_dropped_ring_full_open);
		return;
	}
	fill_open(open, &c, sk);
	fill_wanted_remote(open, sockaddr);
	open->start_ns = start_ns;
	open->end_ns = end_ns;
	open->error = error;
	bpf_ringbuf_submit(open, wakeup());
	count(COUNTER_records_open);
}

/* A connection is closed once, however many ways lead there. */
static __noinline int emit_close(struct connection *c, __u64 start_ns, __u64 end_ns, __u32 cause,
				 __s32 result)
{
	void *ring = ring_of(c->id);
	struct record_close *close;

	c->flags |= CONNECTION_CLOSED;
	count(COUNTER_operations_close);
	close = ring && c->flags & CONNECTION_OPENED ? bpf_ringbuf_reserve(ring, sizeof(*close), 0) : NULL;
	if (!close) {
		count(COUNTER_dropped_ring_full_close);
		return 0;
	}
	fill_head(&close->head, sizeof(*close), RECORD_CLOSE, c->id);
	close->head.flags = cause;
	close->head.syscall = cause == CLOSE_SYSCALL ? SYSCALL_CLOSE : SYSCALL_NONE;
	close->start_ns = start_ns;
	close->end_ns = end_ns;
	close->result = result;
	close->pad = 0;
	close->totals[0] = c->totals[0];
	close->totals[1] = c->totals[1];
	bpf_ringbuf_submit(close, wakeup());
	count(COUNTER_records_close);
	return 0;
}

/* A socket that is followed from here on, opened and announced. */
static __noinline struct connection *adopt(struct sock *sk, __u32 fd, __u32 origin, __u64 start_ns,
					   __u64 end_ns)
{
	struct connection fresh = {}, *c;

	fresh.id = next_connection_id(sk);
	fresh.role = origin == ORIGIN_ACCEPT ? ROLE_SERVER : role_by_backlog(sk);
	fresh.origin = origin;
	fresh.last_direction = ~0;
	fill_owner(&fresh, fd);
	c = insert_connection(sk, &fresh);
	if (c)
		emit_open(c, sk, start_ns, end_ns);
	return c;
}

#endif
