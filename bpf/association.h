/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Proof that a system call moved records of a TLS session: it was made inside a call of the library for that
 * session, deeper on the same stack, and what it moved begins like a record. */
#ifndef ACCESSLOG_ASSOCIATION_H
#define ACCESSLOG_ASSOCIATION_H

#include "session.h"
#include "transfer.h"

/* A library calls the kernel from no deeper than this: farther away is another stack. */
#define TLS_STACK_BYTES (1 << 20)

/* The session whose library is on the stack below a system call, 0: none. A call that was left without
 * returning is not: the stack has been taken down since. */
static __always_inline __u64 session_on_stack(const struct thread *thread, __u64 stack)
{
	if (!thread || !thread->tls.session)
		return 0;
	return thread->tls.stack - stack < TLS_STACK_BYTES ? thread->tls.session : 0;
}

/* Are the first bytes of the call a record header? */
static __always_inline bool moved_record(const struct transfer *x)
{
	struct data_scratch *to = scratch_find();
	__u32 readable = peek(x->buffers.base, x->buffers.segments, x->copyable < 8 ? x->copyable : 8, 0);

	return to && begins_like_record(*(__u64 *)to->payload, readable);
}

/* After a call that moved bytes of a connection. */
static __always_inline void associate(struct connection *c, struct sock *sk, const struct transfer *x,
				      const struct thread *thread, __u64 stack)
{
	__u64 session = session_on_stack(thread, stack);

	if (session && session != c->session && moved_record(x))
		bind_session(c, (__u64)sk, session);
}

#endif
