/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Proof that a system call moved records of a TLS session. Either it was made inside a call of the library
 * for that session, deeper on the same stack, and what it moved begins like a record. Or what it wrote begins
 * with what the session had just written to memory. */
#ifndef ACCESSLOG_ASSOCIATION_H
#define ACCESSLOG_ASSOCIATION_H

#include "ciphertext.h"
#include "goroutine.h"
#include "session.h"
#include "thread.h"
#include "transfer.h"

/* Are the first bytes of the call a record header? */
static __always_inline bool moved_record(const struct transfer *x)
{
	struct data_scratch *to = scratch_find();
	__u32 readable = peek(x->buffers.base, x->buffers.segments, x->copyable < 8 ? x->copyable : 8, 0);

	return to && begins_like_record(*(__u64 *)to->payload, readable);
}

/* Calls of a connection that are searched for records of a session that nobody has bound yet. A session of a
 * library that is not looked into would be searched for ever. */
#define CALLS_SEARCHED 256

static __always_inline bool is_searched(const struct connection *c, const struct transfer *x)
{
	return !c->session && c->flags & (CONNECTION_TLS | CONNECTION_RECORDS) &&
	       c->totals[x->direction & 1].calls < CALLS_SEARCHED;
}

/* The session that wrote what this call sends, 0: none. */
static __always_inline __u64 session_by_ciphertext(const struct transfer *x)
{
	struct data_scratch *to = scratch_find();
	__u32 readable = x->copyable < CIPHERTEXT_PEEK_BYTES ? x->copyable : CIPHERTEXT_PEEK_BYTES;

	if (x->direction != DIRECTION_EGRESS)
		return 0;
	readable = peek(x->buffers.base, x->buffers.segments, readable, 0);
	return to ? take_ciphertext(to->payload, readable) : 0;
}

/* After a call that moved bytes of a connection. */
static __always_inline void associate(struct connection *c, struct sock *sk, const struct transfer *x,
				      const struct thread *thread, struct pt_regs *regs)
{
	__u64 session = session_on_stack(thread, regs->sp);

	if (session == c->session && session)
		return;
	if (!session && is_searched(c, x))
		session = session_of_goroutine(GOROUTINE(regs), regs->sp);
	if (session && !moved_record(x))
		return;
	if (!session && is_searched(c, x))
		session = session_by_ciphertext(x);
	if (session)
		bind_session(c, (__u64)sk, session);
}

#endif
