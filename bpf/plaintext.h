/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Plaintext that a TLS session took or gave, told as if its connection had moved it: the same looks, the same
 * allowances, with totals of its own. Calls are not folded: they are as large as a record, at most. */
#ifndef ACCESSLOG_PLAINTEXT_H
#define ACCESSLOG_PLAINTEXT_H

#include "session.h"
#include "thread.h"
#include "transfer.h"

/* The plaintext's state of the connection that carries the session; NULL when that is not certain. */
static __always_inline struct connection *plaintext_of(__u64 session, __u64 *sock)
{
	struct session_key key = session_key(session);
	struct session *found = bpf_map_lookup_elem(&sessions, &key);
	struct connection *plaintext;

	if (!found)
		return NULL;
	*sock = found->sock;
	plaintext = bpf_map_lookup_elem(&plaintexts, sock);
	return plaintext && plaintext->id == found->connection ? plaintext : NULL;
}

static __always_inline void tell_plaintext(struct connection *c, __u64 sock, struct transfer *x,
					   struct kernel_counts *counts)
{
	struct task_scratch *out = task_scratch(BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!out) {
		counts->values[COUNTER_plaintext_lost]++;
		c->totals[x->direction & 1].records++;
		return;
	}
	capture(c, (struct sock *)sock, x, &out->data);
	emit_data(c, (struct sock *)sock, x, &out->data, counts);
}

/* What no analyzer reads is not even told: the calls are those of the records. */
static __always_inline void account_plaintext(struct connection *c, __u64 sock, struct transfer *x,
					      struct kernel_counts *counts)
{
	__u32 direction = x->direction & 1;

	check_muted(c, (struct sock *)sock);
	if (c->flags & CONNECTION_MUTED)
		counts->values[COUNTER_plaintext_muted]++;
	else
		tell_plaintext(c, sock, x, counts);
	count_call(c, direction, x->bytes, counts);
	add_call(&c->totals[direction], x->bytes, x->end_ns);
	if (x->rest)
		emit_rest(sock, x->buffers.base, x->buffers.segments, x->copyable, x->rest << 1 | direction);
}

/* Whose records pass through memory, that is seen only where they are written to it. */
static __always_inline void ask_for_memory(struct thread *thread)
{
	if (thread->asked)
		return;
	thread->asked = 1;
	emit_image_event(IMAGE_MEMORY, current_tgid(), 0);
}

/* False, and counted: the connection is not certain. */
static __always_inline bool move_plaintext(__u64 session, struct transfer *x)
{
	__u64 sock = 0;
	struct connection *c = plaintext_of(session, &sock);
	struct kernel_counts *counts = counts_here();

	if (!counts)
		return true;
	if (c)
		account_plaintext(c, sock, x, counts);
	else
		counts->values[COUNTER_plaintext_unattributed]++;
	return c;
}

#endif
