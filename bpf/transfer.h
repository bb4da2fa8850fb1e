/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One call that moved bytes: what is copied of it, whether it gets a record, and the record. */
#ifndef ACCESSLOG_TRANSFER_H
#define ACCESSLOG_TRANSFER_H

#include "emit.h"
#include "iov.h"
#include "lifecycle.h"
#include "message.h"

struct transfer {
	__u64 start_ns;
	__u64 end_ns;
	struct buffers buffers;
	__u32 bytes;	/* moved by the call */
	__u32 copyable; /* of them, those that `buffers` describes */
	__u32 syscall;
	__u32 direction;
};

/* How much of the current message may still be copied. When the direction turns on an HTTP/1 connection a
 * new message begins; elsewhere nothing is copied until a call begins like one. */
static __always_inline __u32 capture_allowance(struct connection *c, __u32 direction)
{
	if (c->last_direction != direction) {
		c->last_direction = direction;
		c->capture_left[direction] = c->flags & CONNECTION_HTTP1 ? capture_bytes : 0;
	}
	return c->capture_left[direction];
}

/* Copies the prefix that an analyzer can use into the scratch. A call that begins like a message renews the
 * allowance: pipelined messages do not turn the direction. Returns the bytes copied. */
static __always_inline __u32 capture(struct connection *c, const struct transfer *x, struct data_scratch *to)
{
	__u32 direction = x->direction & 1;
	__u32 left = capture_allowance(c, direction), readable, copied;
	enum message_start start;
	__u64 word[2] = {}; /* the verifier believes a masked read of up to 15 bytes */

	if (c->flags & CONNECTION_MUTED || !x->buffers.base)
		return 0;
	readable = first_bytes(&x->buffers, x->copyable, word);
	start = message_start(word[0], readable);
	if (start == START_YES)
		c->flags |= CONNECTION_HTTP1;
	if (start != START_NO)
		left = capture_bytes;
	if (!left)
		return 0;
	copied = copy_buffers(to, &x->buffers, left < x->copyable ? left : x->copyable);
	if (!copied)
		count(COUNTER_unreadable);
	c->capture_left[direction] = left > copied ? left - copied : 0;
	return copied;
}

static __always_inline void fold(struct totals *totals, const struct transfer *x)
{
	if (!totals->folded_start_ns)
		totals->folded_start_ns = x->start_ns;
	count(COUNTER_folded);
}

/* Nothing to show, and the direction had a record a moment ago: the totals will tell. */
static __always_inline bool may_fold(struct connection *c, const struct transfer *x, __u32 captured)
{
	return !captured && x->end_ns - c->last_record_ns[x->direction & 1] < FOLD_NS;
}

static __always_inline void check_muted(struct connection *c, struct sock *sk)
{
	__u64 key = (__u64)sk, *id;

	if ((c->totals[0].records + c->totals[1].records) % MUTE_CHECK_RECORDS)
		return;
	id = bpf_map_lookup_elem(&muted, &key);
	if (!id || *id != c->id)
		return;
	c->flags |= CONNECTION_MUTED;
	bpf_map_delete_elem(&muted, &key);
}

static __always_inline void emit_data(struct connection *c, const struct transfer *x,
				      struct data_scratch *out, __u32 captured)
{
	__u32 direction = x->direction & 1;
	void *ring = ring_of(c->id);

	if (captured > CAPTURE_BYTES_MAX)
		captured = CAPTURE_BYTES_MAX;
	fill_head(&out->head.head, sizeof(out->head) + captured, RECORD_DATA, c->id);
	out->head.head.direction = direction;
	out->head.head.syscall = x->syscall;
	out->head.start_ns = x->start_ns;
	out->head.end_ns = x->end_ns;
	out->head.bytes = x->bytes;
	out->head.captured = captured;
	out->head.before = c->totals[direction];
	out->head.peer = c->totals[!direction];
	c->totals[direction].records++;
	c->totals[direction].folded_start_ns = 0;
	c->last_record_ns[direction] = x->end_ns;
	if (!ring ||
	    bpf_ringbuf_output(ring, out, sizeof(out->head) + (captured & (2 * CAPTURE_BYTES_MAX - 1)), 0)) {
		count(COUNTER_dropped_ring_full_data);
		return;
	}
	count(COUNTER_records_data);
	count_many(COUNTER_captured_bytes, captured);
}

/* Account for one call on a followed connection. */
static __always_inline void transfer(struct connection *c, struct sock *sk, struct transfer *x)
{
	__u32 direction = x->direction & 1, zero = 0, captured;
	struct data_scratch *out = bpf_map_lookup_elem(&scratch, &zero);

	if (!out)
		return;
	if (!(c->flags & CONNECTION_OPENED))
		emit_open(c, sk, x->start_ns, x->end_ns);
	check_muted(c, sk);
	count(direction ? COUNTER_operations_write : COUNTER_operations_read);
	count_many(direction ? COUNTER_bytes_write : COUNTER_bytes_read, x->bytes);
	captured = capture(c, x, out);
	if (may_fold(c, x, captured))
		fold(&c->totals[direction], x);
	else
		emit_data(c, x, out, captured);
	c->totals[direction].bytes += x->bytes;
	c->totals[direction].calls++;
	c->totals[direction].last_end_ns = x->end_ns;
}

#endif
