/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One call that moved bytes: what is copied of it, whether it gets a record, and the record. */
#ifndef ACCESSLOG_TRANSFER_H
#define ACCESSLOG_TRANSFER_H

#include "emit.h"
#include "iov.h"
#include "lifecycle.h"
#include "message.h"
#include "walk.h"

struct transfer {
	__u64 start_ns;
	__u64 end_ns;
	struct buffers buffers;
	__u32 bytes;	/* moved by the call */
	__u32 copyable; /* of them, those that `buffers` describes */
	__u32 syscall;
	__u32 direction;
	/* What was made of it. */
	__u32 skipped;	/* first bytes, walked over */
	__u32 captured; /* the bytes after them, in the scratch */
	__u32 trailing; /* a walk goes on after the captured bytes */
	__u32 unreadable;
};

/* When the direction turns on an HTTP/1 connection a new message begins, unless a walk knows better;
 * elsewhere nothing is copied until a call begins like one. */
static __always_inline void turn(struct connection *c, __u32 direction)
{
	if (c->last_direction == direction)
		return;
	c->last_direction = direction;
	c->in_body &= ~(1 << direction);
	c->capture_left[direction] = c->flags & CONNECTION_HTTP1 ? capture_bytes : 0;
}

static __always_inline void begin_walk(struct connection *c, __u32 direction)
{
	struct walk fresh = {.state = WALK_SIZE};

	c->walk[direction & 1] = fresh;
}

/* Walks over a call of a chunked body. What follows the body is the next message. */
static __always_inline void walk_body(struct connection *c, struct sock *sk, struct transfer *x)
{
	x->skipped =
	    walk_call((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable, x->direction & 1);
	if (x->skipped >= x->copyable) {
		x->skipped = x->bytes;
		return;
	}
	c->capture_left[x->direction & 1] = x->buffers.segments ? 0 : capture_bytes;
	x->buffers.base += x->skipped;
}

/* A message that is larger than what may be copied: only its head is of use, and where its body begins. */
static __always_inline void trim(struct connection *c, struct transfer *x, struct data_scratch *to)
{
	__u32 head = find_head_end(x->captured) & (CAPTURE_BYTES_MAX - 1);
	__u64 word = *(__u64 *)(to->payload + head);

	if (!head || head + 8 > x->captured || message_start(word, 8) != START_NO)
		return;
	x->captured = head;
	c->capture_left[x->direction & 1] = 0;
	c->in_body |= 1 << (x->direction & 1);
	x->trailing = begins_like_chunk(word);
	if (x->trailing)
		begin_walk(c, x->direction);
}

static __always_inline bool ends_with_empty_line(const struct data_scratch *to, __u32 length)
{
	return length >= 4 &&
	       *(__u32 *)(to->payload + ((length - 4) & (CAPTURE_BYTES_MAX - 1))) == 0x0a0d0a0d;
}

/* Copies what is left of the allowance after the skipped bytes. */
static __always_inline void copy(struct connection *c, struct transfer *x, struct data_scratch *to,
				 bool begins)
{
	__u32 direction = x->direction & 1, left = c->capture_left[direction];
	__u32 here = x->copyable - x->skipped;

	x->captured = copy_buffers(to, &x->buffers, left < here ? left : here);
	x->unreadable = !x->captured;
	c->capture_left[direction] = left > x->captured ? left - x->captured : 0;
	if (begins && here > x->captured)
		trim(c, x, to);
	else if (ends_with_empty_line(to, x->captured))
		c->in_body |= 1 << direction;
}

/* A call in the middle of a message that does not fit into what may be copied: a body. True: nothing to copy.
 */
static __always_inline bool is_plain_body(struct connection *c, struct sock *sk, struct transfer *x,
					  __u64 word)
{
	__u32 direction = x->direction & 1;

	if (x->bytes <= c->capture_left[direction])
		return false;
	if (c->flags & CONNECTION_HTTP1 && begins_like_chunk(word)) {
		begin_walk(c, direction);
		walk_body(c, sk, x);
		return x->skipped == x->bytes;
	}
	return c->in_body & (1 << direction) || !c->capture_left[direction];
}

/* Decides what an analyzer can use of a call and copies that into the scratch. A call that begins like a
 * message renews the allowance: pipelined messages do not turn the direction. */
static __always_inline void capture(struct connection *c, struct sock *sk, struct transfer *x,
				    struct data_scratch *to)
{
	__u32 direction = x->direction & 1, readable;
	enum message_start start = START_NO;
	__u64 word[2] = {}; /* the verifier believes a masked read of up to 15 bytes */

	turn(c, direction);
	if (c->flags & CONNECTION_MUTED)
		return;
	if (c->walk[direction].state != WALK_OFF)
		walk_body(c, sk, x);
	if (x->skipped == x->bytes || !x->buffers.base)
		return;
	readable = first_bytes(to, &x->buffers, x->copyable - x->skipped, word);
	start = message_start(word[0], readable);
	if (start == START_YES)
		c->flags |= CONNECTION_HTTP1;
	if (start != START_NO) {
		c->capture_left[direction] = capture_bytes;
		c->in_body &= ~(1 << direction);
	} else if (is_plain_body(c, sk, x, word[0])) {
		return;
	}
	copy(c, x, to, start == START_YES);
}

/* The walk over what follows the captured bytes; only the head of a large chunked message has such. */
static __always_inline void walk_trailing(struct connection *c, struct sock *sk, struct transfer *x,
					  struct record_data *record)
{
	struct totals *totals = &c->totals[x->direction & 1], before = *totals;
	__u32 end;

	end = walk_call((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable,
			(x->skipped + x->captured) << 1 | (x->direction & 1));
	record->walked_framing = totals->framing_bytes - before.framing_bytes;
	if (end < x->bytes)
		record->head.flags |= DATA_WALK_LOST;
	else if (totals->chunked_ends != before.chunked_ends)
		record->head.flags |= DATA_WALK_ENDED;
	if (totals->walks_lost != before.walks_lost)
		record->head.flags |= DATA_WALK_LOST;
}

static __always_inline void fold(struct totals *totals, const struct transfer *x)
{
	if (!totals->folded_start_ns)
		totals->folded_start_ns = x->start_ns;
	count(COUNTER_folded);
}

/* Nothing to show, and the direction had a record a moment ago: the totals will tell. */
static __always_inline bool may_fold(struct connection *c, const struct transfer *x)
{
	return !x->captured && !x->unreadable && x->end_ns - c->last_record_ns[x->direction & 1] < FOLD_NS;
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

static __always_inline void fill_data(struct record_data *record, struct connection *c,
				      const struct transfer *x)
{
	__u32 direction = x->direction & 1;

	fill_head(&record->head, sizeof(*record) + x->captured, RECORD_DATA, c->id);
	record->head.flags = x->unreadable ? DATA_UNREADABLE : 0;
	record->head.direction = direction;
	record->head.syscall = x->syscall;
	record->start_ns = x->start_ns;
	record->end_ns = x->end_ns;
	record->bytes = x->bytes;
	record->captured = x->captured;
	record->skipped = x->skipped;
	record->walked_framing = 0;
	record->before = c->totals[direction];
	record->peer = c->totals[!direction];
}

static __always_inline void emit_data(struct connection *c, struct sock *sk, struct transfer *x,
				      struct data_scratch *out)
{
	__u32 direction = x->direction & 1;
	void *ring = ring_of(c->id);

	if (x->captured > CAPTURE_BYTES_MAX)
		x->captured = CAPTURE_BYTES_MAX;
	fill_data(&out->head, c, x);
	if (x->trailing)
		walk_trailing(c, sk, x, &out->head);
	c->totals[direction].records++;
	c->totals[direction].folded_start_ns = 0;
	c->last_record_ns[direction] = x->end_ns;
	if (x->unreadable)
		count(COUNTER_unreadable);
	/* What the agent has not been introduced to it could not place. */
	if (!(c->flags & CONNECTION_OPENED) || !ring ||
	    bpf_ringbuf_output(ring, out, sizeof(out->head) + (x->captured & (2 * CAPTURE_BYTES_MAX - 1)),
			       0)) {
		count(COUNTER_dropped_ring_full_data);
		return;
	}
	count(COUNTER_records_data);
	count_many(COUNTER_captured_bytes, x->captured);
}

/* Account for one call on a followed connection. */
static __always_inline void transfer(struct connection *c, struct sock *sk, struct transfer *x)
{
	__u32 direction = x->direction & 1, zero = 0;
	struct data_scratch *out = bpf_map_lookup_elem(&scratch, &zero);

	if (!out)
		return;
	if (!(c->flags & CONNECTION_OPENED))
		emit_open(c, sk, x->start_ns, x->end_ns);
	check_muted(c, sk);
	count(direction ? COUNTER_operations_write : COUNTER_operations_read);
	count_many(direction ? COUNTER_bytes_write : COUNTER_bytes_read, x->bytes);
	capture(c, sk, x, out);
	if (may_fold(c, x))
		fold(&c->totals[direction], x);
	else
		emit_data(c, sk, x, out);
	c->totals[direction].bytes += x->bytes;
	c->totals[direction].calls++;
	c->totals[direction].last_end_ns = x->end_ns;
}

#endif
