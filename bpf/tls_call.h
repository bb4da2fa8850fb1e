/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The calls of TLS libraries that a thread, or a goroutine, is in. Sessions run inside sessions (TLS through
 * a TLS proxy), and some calls are made of others, so two are remembered; a third one around them is
 * forgotten. A call that is left by longjmp, or never returns, is found out by the stack. */
#ifndef ACCESSLOG_TLS_CALL_H
#define ACCESSLOG_TLS_CALL_H

#include "maps.h"
#include "transfer.h"

static __always_inline void begin_call(struct tls_calls *calls, const struct tls_call *call)
{
	if (calls->now.session && calls->now.stack > call->stack)
		calls->outer = calls->now;
	else
		calls->outer.session = 0;
	calls->now = *call;
}

static __always_inline bool is_at(const struct tls_call *call, __u64 stack)
{
	return call->session && call->stack == stack;
}

/* Takes the call that began at @stack. False: its entry was not seen, or it was told by a call inside it. */
static __always_inline bool end_call(struct tls_calls *calls, __u64 stack, struct tls_call *call)
{
	if (is_at(&calls->now, stack)) {
		*call = calls->now;
		calls->now = calls->outer;
	} else if (is_at(&calls->outer, stack)) {
		*call = calls->outer;
		calls->now.session = 0;
	} else {
		return false;
	}
	calls->outer.session = 0;
	return !call->told;
}

/* A call inside another one of the same session: what it moved is not told again. */
static __always_inline void told_call(struct tls_calls *calls, const struct tls_call *call)
{
	if (calls->now.session == call->session)
		calls->now.told = 1;
}

/* The count that an _ex call stored. */
static __always_inline __s64 stored_count(const struct tls_call *call)
{
	__s64 count = 0;

	bpf_probe_read_user(&count, sizeof(count), (void *)call->count_at);
	return count;
}

#define CALL_BYTES_MAX 0x7fffffff

/* What the call moved, when it did. @result: the count, or of _ex calls success */
static __always_inline bool find_moved(const struct tls_call *call, __s64 result, struct transfer *x)
{
	if (call->kind == TLS_CALL_HANDSHAKE || result <= 0)
		return false;
	if (call->count_at)
		result = stored_count(call);
	x->bytes = result < 0 ? 0 : result > CALL_BYTES_MAX ? CALL_BYTES_MAX : result;
	x->copyable = x->bytes;
	x->buffers.base = call->buffer;
	x->start_ns = call->start_ns;
	x->end_ns = bpf_ktime_get_ns();
	x->direction = call->kind >= TLS_CALL_WRITE ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	return x->bytes != 0;
}

#endif
