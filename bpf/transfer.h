/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One call that moved bytes: what is copied of it, whether it gets a record, and the record. */
#ifndef ACCESSLOG_TRANSFER_H
#define ACCESSLOG_TRANSFER_H

#include "emit.h"
#include "frames.h"
#include "iov.h"
#include "lifecycle.h"
#include "message.h"
#include "tls_record.h"
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
	__u32 peeked;	/* first bytes, in the scratch */
	__u32 skipped;	/* first bytes, walked over */
	__u32 captured; /* the bytes after them, in the scratch */
	__u32 body;	/* where a chunked body begins, counted from the skipped bytes; 0: it does not */
	__u32 unreadable;
	__u32 walk_over; /* the walk ended or was lost here: the next bytes are not part of it */
	__u32 frames;	 /* DATA_FRAMES and DATA_ALIGNED, when frames were walked over */
	__u32 rest;	 /* bytes after those, of a call whose frames have no room in one record */
};

static __always_inline __u32 phase(const struct connection *c, __u32 direction)
{
	return c->phase >> (4 * (direction & 1)) & 15;
}

static __always_inline void set_phase(struct connection *c, __u32 direction, __u32 phase)
{
	__u32 shift = 4 * (direction & 1);

	c->phase = (c->phase & ~(15 << shift)) | phase << shift;
}

/* When the direction turns on an HTTP/1 connection a new message begins, unless a walk knows better;
 * elsewhere nothing is copied until a call begins like one. */
static __always_inline void turn(struct connection *c, __u32 direction)
{
	if (c->last_direction == direction)
		return;
	c->last_direction = direction;
	set_phase(c, direction, PHASE_NONE);
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
	struct walk *walk = &c->walk[x->direction & 1];

	x->skipped =
	    walk_call((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable, x->direction & 1);
	if (x->skipped < x->copyable)
		c->capture_left[x->direction & 1] = capture_bytes;
	else
		x->skipped = x->bytes;
	/* Later messages of one sendmmsg or recvmmsg are not seen. */
	if (walk->state != WALK_OFF && x->copyable < x->bytes)
		lose_walk(walk, &c->totals[x->direction & 1]);
	x->walk_over = walk->state == WALK_OFF;
}

/* GET and HEAD have no body, as a rule. Where one has, a chunked body is not walked over, and its size is
 * marked as unknown. */
static __always_inline bool has_no_body(const struct data_scratch *in)
{
	__u32 first = *(__u32 *)in->payload;

	return first == 0x20544547 || first == 0x44414548; /* "GET ", "HEAD" */
}

/* The call is one message, and Content-Length says so: nothing but its head is of use. */
static __always_inline bool is_whole(const struct data_scratch *in, __u32 head, const struct transfer *x)
{
	return in->found == HEAD_LENGTH_KNOWN && head + in->body_bytes == x->bytes && !x->skipped;
}

/* Where the body begins, if it does in this call: a chunked one is walked over from there, and of a message
 * that is larger than what may be copied only the head is kept. */
static __always_inline void find_body(struct connection *c, struct transfer *x, struct data_scratch *to)
{
	__u32 head = find_head_end(x->captured) & (CAPTURE_BYTES_MAX - 1);
	__u32 coded = to->found & HEAD_CODED ? PHASE_CODED : phase(c, x->direction) & PHASE_CODED;
	__u32 rest = x->captured - head;

	set_phase(c, x->direction, (head ? rest ? PHASE_BODY : PHASE_BODY_NEXT : PHASE_HEAD) | coded);
	if (!head || message_start(*(__u64 *)(to->payload + head), rest < 8 ? rest : 8) == START_YES)
		return;
	if (coded && rest) {
		begin_walk(c, x->direction);
		x->body = head;
	}
	if (x->copyable - x->skipped > x->captured) {
		x->captured = head;
		c->capture_left[x->direction & 1] = 0;
	}
}

/* The same found without a search, where the head has the shape of the last one. What was taken for a head
 * and is none (a body may look like the end of one) the analyzer tells apart: it was given no less than the
 * head. Returns the length of the head, 0: another shape. */
static __always_inline __u32 head_like_last(const struct head_shape *shape, const struct data_scratch *in,
					    const struct transfer *x)
{
	__u32 head = shape->head_bytes, at = shape->length_at, body_bytes;

	if (!head || head > x->peeked || x->skipped || four_bytes(in, head - 4) != CRLF_CRLF)
		return 0;
	if (in->payload[(at - 1) & (CAPTURE_BYTES_MAX - 1)] != '\n' ||
	    four_letters(in, at) != LENGTH_PREFIX || !is_length_field(in, at) ||
	    !read_digits(in, at + LENGTH_BYTES, &body_bytes))
		return 0;
	return head + body_bytes == x->bytes ? head : 0;
}

/* Searches the first look for the head of a message that it holds whole. 0: it does not, or nothing says so.
 */
static __always_inline __u32 whole_head(struct head_shape *shape, struct data_scratch *to,
					const struct transfer *x)
{
	__u32 head = head_like_last(shape, to, x);

	if (head)
		return head;
	head = find_head_end(x->peeked) & (CAPTURE_BYTES_MAX - 1);
	if (!head || !is_whole(to, head, x))
		return 0;
	shape->head_bytes = head;
	shape->length_at = to->length_at;
	return head;
}

/* Is the first look at a message enough? Then it is captured: whole, or its head when the rest is known to be
 * its body. */
static __always_inline bool suffices(struct connection *c, struct transfer *x, struct data_scratch *to,
				     __u32 wanted)
{
	__u32 direction = x->direction & 1, head;

	if (!x->peeked || (phase(c, direction) & 3) != PHASE_HEAD)
		return false;
	if (x->peeked == wanted && wanted == x->bytes && has_no_body(to)) {
		x->captured = x->peeked;
		return true;
	}
	head = whole_head(&c->shape[direction], to, x);
	if (!head)
		return false;
	x->captured = head;
	set_phase(c, direction, PHASE_BODY);
	return true;
}

/* Copies what is left of the allowance after the skipped bytes. */
static __always_inline void copy(struct connection *c, struct transfer *x, struct data_scratch *to)
{
	__u32 direction = x->direction & 1, left = c->capture_left[direction];
	__u32 here = x->copyable - x->skipped, wanted = left < here ? left : here;
	bool is_enough;

	if (!left)
		return;
	is_enough = suffices(c, x, to, wanted);
	if (!is_enough)
		x->captured =
		    x->peeked == wanted ? wanted : copy_buffers(to, &x->buffers, wanted, x->skipped);
	x->unreadable = !x->captured;
	c->capture_left[direction] = left > x->captured ? left - x->captured : 0;
	if (!is_enough && (phase(c, direction) & 3) == PHASE_HEAD)
		find_body(c, x, to);
}

/* A call in the middle of a message: is nothing of it to be copied? A chunked body is walked over from its
 * first call, any other is not of use unless it is small. */
static __always_inline bool is_plain_body(struct connection *c, struct sock *sk, struct transfer *x)
{
	__u32 direction = x->direction & 1, before = phase(c, direction);

	if ((before & 3) == PHASE_BODY_NEXT) {
		set_phase(c, direction, PHASE_BODY);
		if (before & PHASE_CODED) {
			begin_walk(c, direction);
			walk_body(c, sk, x);
			x->peeked = 0;
			return x->skipped == x->bytes;
		}
	}
	return (before & 3) != PHASE_HEAD && x->bytes > c->capture_left[direction];
}

/* How a call begins when no walk is under way. Most calls are small or the start of a message, so that the
 * first look is all that has to be copied. */
static __always_inline enum message_start first_look(struct transfer *x, struct data_scratch *to)
{
	x->peeked = peek(x->buffers.base, x->buffers.segments, x->copyable, 0);
	return message_start(*(__u64 *)to->payload, x->peeked);
}

/* How the bytes after the skipped ones begin. A message where a chunk header was due ends the walk: what was
 * taken for chunks was none. */
static __always_inline enum message_start start_of(struct connection *c, struct transfer *x,
						   struct data_scratch *to)
{
	struct walk *walk = &c->walk[x->direction & 1];
	enum message_start start;
	__u32 rest = x->copyable - x->skipped, readable;

	readable = peek(x->buffers.base, x->buffers.segments, rest < 8 ? rest : 8, x->skipped);
	start = message_start(*(__u64 *)to->payload, readable);
	if (start == START_YES && walk->state != WALK_DATA)
		walk->state = WALK_OFF;
	return start;
}

/* The same in the middle of a walk, which goes first. */
static __always_inline enum message_start walk_on(struct connection *c, struct sock *sk, struct transfer *x,
						  struct data_scratch *to)
{
	enum message_start start = start_of(c, x, to);

	if (c->walk[x->direction & 1].state == WALK_OFF)
		return start;
	walk_body(c, sk, x);
	return x->skipped == x->bytes ? START_NO : start_of(c, x, to);
}

/* Does the connection speak HTTP/2, by the first bytes of a call? One that was found in the middle of its
 * life may have been taken for HTTP/1 by the middle of a body. */
static __always_inline bool begins_http2(const struct connection *c, enum message_start start, __u32 peeked,
					 const struct data_scratch *in)
{
	__u64 head = bpf_be64_to_cpu(*(__u64 *)in->payload);

	if (start == START_YES)
		return head == PREFACE_START && peeked >= 8;
	if (start != START_NO || peeked < FRAME_HEADER_BYTES)
		return false;
	if (c->flags & CONNECTION_HTTP1 && c->origin != ORIGIN_IO && c->origin != ORIGIN_SCAN)
		return false;
	return begins_with_frames(head, in->payload[8]);
}

/* What went before in the other direction was not walked over; where it stands is seen when a call begins
 * there. */
static __always_inline void begin_frames(struct connection *c, __u32 direction)
{
	c->flags |= CONNECTION_HTTP2;
	expect_frame(&c->walk[direction & 1]);
	expect_frame(&c->walk[!(direction & 1)]);
	if (c->totals[!(direction & 1)].bytes)
		c->walk[!(direction & 1)].state = FRAMES_LOST;
}

static __always_inline void capture_frames(struct connection *c, struct sock *sk, struct transfer *x,
					   const struct data_scratch *to)
{
	__u32 direction = x->direction & 1;

	if (!capture_bytes)
		return;
	walk_frames((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable, direction);
	if (to->full && x->bytes <= PARTED_BYTES_MAX) {
		x->rest = x->bytes - to->walked;
		x->bytes = to->walked;
	} else if (to->full || x->copyable < x->bytes) {
		/* too large, or later messages of one sendmmsg or recvmmsg, which are not seen */
		c->walk[direction].state = FRAMES_LOST;
	}
	x->skipped = to->skipped;
	x->captured = to->captured;
	x->frames = DATA_FRAMES | (to->aligned ? DATA_ALIGNED : 0);
}

/* An answer that makes the connection HTTP/2 (RFC 7540 §3.2): frames follow its head, of which some may be in
 * the call. Those the agent reads as they were copied; here the walk only finds out where it stands. */
static __always_inline void find_upgrade(struct connection *c, struct sock *sk, const struct transfer *x,
					 const struct data_scratch *in)
{
	__u32 direction = x->direction & 1, head;

	if (low_bytes(*(__u64 *)in->payload, 7) != HTTP1_VERSION ||
	    *(__u32 *)(in->payload + 8) != SWITCHING || x->skipped)
		return;
	head = find_head_end(x->captured);
	if (!head || !names_h2c(head))
		return;
	begin_frames(c, direction);
	expect_frame(&c->walk[!direction]);
	walk_frames((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable,
		    head << 2 | PLACE_QUIET | direction);
}

/* The first bytes of a TLS session tell that nothing of the connection is to be copied; a record only, that
 * it may be in the middle of one. */
static __always_inline void recognize_records(struct connection *c, const struct transfer *x, __u64 first)
{
	if (begins_like_hello(first, x->peeked))
		c->flags |= CONNECTION_TLS | CONNECTION_MUTED;
	else if (begins_like_record(first, x->peeked))
		c->flags |= CONNECTION_RECORDS;
}

/* Decides what an analyzer can use of a call and copies that into the scratch. A call that begins like a
 * message renews the allowance: pipelined messages do not turn the direction. */
static __always_inline void capture(struct connection *c, struct sock *sk, struct transfer *x,
				    struct data_scratch *to)
{
	__u32 direction = x->direction & 1;
	enum message_start start;

	turn(c, direction);
	if (c->flags & CONNECTION_MUTED)
		return;
	if (c->flags & CONNECTION_HTTP2) {
		capture_frames(c, sk, x, to);
		return;
	}
	start = c->walk[direction].state == WALK_OFF ? first_look(x, to) : walk_on(c, sk, x, to);
	if (!x->skipped && begins_http2(c, start, x->peeked, to)) {
		begin_frames(c, direction);
		capture_frames(c, sk, x, to);
		return;
	}
	if (!x->buffers.base || x->skipped == x->bytes)
		return;
	if (start == START_NO && !(c->flags & CONNECTION_PLAINTEXT))
		recognize_records(c, x, *(__u64 *)to->payload);
	if (start == START_YES)
		c->flags |= CONNECTION_HTTP1;
	if (start != START_NO) {
		c->capture_left[direction] = capture_bytes;
		set_phase(c, direction, PHASE_HEAD);
	} else if (is_plain_body(c, sk, x)) {
		return;
	}
	copy(c, x, to);
	if (start == START_YES)
		find_upgrade(c, sk, x, to);
}

/* The walk over the rest of a call in which a chunked body begins. What was captured the analyzer reads
 * itself: there the walk only finds out where it stands, and counts nothing. A body that ends in the middle
 * of the rest cannot be told from what follows: that walk counts as lost, and the totals know nothing of it.
 */
static __always_inline void walk_rest(struct connection *c, struct sock *sk, struct transfer *x,
				      struct record_data *record)
{
	struct totals *totals = &c->totals[x->direction & 1], before = *totals;
	__u32 direction = x->direction & 1, from = x->skipped + x->body, shown = x->skipped + x->captured,
	      end;

	if (from < shown) {
		walk_call((__u64)sk, x->buffers.base, x->buffers.segments, shown, from << 1 | direction);
		*totals = before;
	}
	if (shown >= x->bytes || c->walk[direction].state == WALK_OFF)
		return;
	end = walk_call((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable, shown << 1 | direction);
	if (end < x->bytes || totals->walks_lost != before.walks_lost) {
		record->head.flags |= DATA_WALK_LOST;
		c->walk[direction].state = WALK_OFF;
		*totals = before;
		return;
	}
	record->walked_framing = totals->framing_bytes - before.framing_bytes;
	if (totals->chunked_ends != before.chunked_ends)
		record->head.flags |= DATA_WALK_ENDED;
}

/* Bytes that nobody has seen, so that a walk over those around them tells nothing of the sum. */
static __always_inline bool is_unseen(const struct transfer *x)
{
	return !x->body && x->skipped + x->captured < x->bytes;
}

static __always_inline void fold(struct totals *totals, const struct transfer *x,
				 struct kernel_counts *counts)
{
	if (!totals->folded_start_ns)
		totals->folded_start_ns = x->start_ns;
	if (is_unseen(x))
		totals->walks_lost++;
	counts->values[COUNTER_folded]++;
}

/* Nothing to show, and the direction had a record a moment ago: the totals will tell. */
static __always_inline bool may_fold(struct connection *c, const struct transfer *x)
{
	return !x->captured && !x->unreadable && !x->walk_over &&
	       x->end_ns - c->last_record_ns[x->direction & 1] < FOLD_NS;
}

static __always_inline void check_muted(struct connection *c, struct sock *sk)
{
	__u64 key = (__u64)sk, *id;

	if (c->flags & CONNECTION_MUTED || (c->totals[0].records + c->totals[1].records) % MUTE_CHECK_RECORDS)
		return;
	id = bpf_map_lookup_elem(&muted, &key);
	if (!id || *id != c->id)
		return;
	c->flags |= CONNECTION_MUTED;
	bpf_map_delete_elem(&muted, &key);
}

/* Whose bytes they are, for enum data_flag. */
static __always_inline __u32 record_flags(const struct connection *c)
{
	return (c->flags & CONNECTION_TLS ? DATA_TLS : 0) |
	       (c->flags & CONNECTION_PLAINTEXT ? DATA_PLAINTEXT : 0);
}

static __always_inline void fill_data(struct record_data *record, struct connection *c,
				      const struct transfer *x)
{
	__u32 direction = x->direction & 1;

	fill_head(&record->head, sizeof(*record) + x->captured, RECORD_DATA, c->id);
	record->head.flags = (x->unreadable ? DATA_UNREADABLE : 0) | (is_unseen(x) ? DATA_WALK_LOST : 0) |
			     x->frames | record_flags(c);
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

/* The record in the scratch and the @captured bytes behind it. What the agent has not been introduced to it
 * could not place. */
static __always_inline void output(const struct connection *c, __u32 direction, __u32 captured,
				   struct data_scratch *out, struct kernel_counts *counts)
{
	bool is_plaintext = c->flags & CONNECTION_PLAINTEXT;
	void *ring = ring_of(c->id);
	__u32 size = captured;

	barrier_var(size); /* else the compiler knows better than the limit */
	if (size > FRAMES_BYTES_MAX)
		size = FRAMES_BYTES_MAX;
	size += sizeof(out->head);
	if (!(c->flags & CONNECTION_OPENED) || !ring ||
	    bpf_ringbuf_output(ring, out, size, wakeup_by_fill(ring, c->totals[direction].records - 1))) {
		counts->values[is_plaintext ? COUNTER_dropped_ring_full_plaintext
					    : COUNTER_dropped_ring_full_data]++;
		return;
	}
	counts->values[is_plaintext ? COUNTER_records_plaintext : COUNTER_records_data]++;
	counts->values[COUNTER_captured_bytes] += captured;
}

static __always_inline void emit_data(struct connection *c, struct sock *sk, struct transfer *x,
				      struct data_scratch *out, struct kernel_counts *counts)
{
	__u32 direction = x->direction & 1;

	if (x->captured > FRAMES_BYTES_MAX)
		x->captured = FRAMES_BYTES_MAX;
	fill_data(&out->head, c, x);
	if (x->body)
		walk_rest(c, sk, x, &out->head);
	c->totals[direction].records++;
	c->totals[direction].folded_start_ns = 0;
	c->last_record_ns[direction] = x->end_ns;
	counts->values[COUNTER_unreadable] += x->unreadable;
	output(c, direction, x->captured, out, counts);
}

static __always_inline void count_call(const struct connection *c, __u32 direction, __u32 bytes,
				       struct kernel_counts *counts)
{
	if (c->flags & CONNECTION_PLAINTEXT) {
		counts->values[direction ? COUNTER_plaintext_write : COUNTER_plaintext_read]++;
		return;
	}
	counts->values[direction ? COUNTER_operations_write : COUNTER_operations_read]++;
	counts->values[direction ? COUNTER_bytes_write : COUNTER_bytes_read] += bytes;
}

static __always_inline void add_call(struct totals *totals, __u32 bytes, __u64 end_ns)
{
	totals->bytes += bytes;
	totals->calls++;
	totals->last_end_ns = end_ns;
}

/* The record in the scratch again, for the next part of its call. */
static __always_inline void emit_part(struct connection *c, struct data_scratch *out, __u32 bytes,
				      struct kernel_counts *counts)
{
	__u32 direction = out->head.head.direction & 1, captured = out->captured;

	if (captured > FRAMES_BYTES_MAX)
		captured = FRAMES_BYTES_MAX;
	out->head.head.size = sizeof(out->head) + captured;
	out->head.head.flags = DATA_FRAMES | (out->aligned ? DATA_ALIGNED : 0) | record_flags(c);
	out->head.bytes = bytes;
	out->head.captured = captured;
	out->head.skipped = out->skipped;
	out->head.before = c->totals[direction];
	c->totals[direction].records++;
	output(c, direction, captured, out, counts);
}

/* What the first record of a call has no room for, as if it were other calls. @place: direction, and above it
 * how many of the call's bytes follow the first record. Global, as walk_frames. */
__noinline __u32 emit_rest(__u64 sock, __u64 base, __u64 segments, __u32 copyable, __u32 place)
{
	__u32 direction = place & 1, rest = place >> 1;
	struct connection *c = walked_connection(sock);
	struct data_scratch *out = scratch_find();
	struct kernel_counts *counts = counts_here();

	if (!c || !out || !counts)
		return 0;
#pragma clang loop unroll(disable)
	for (int part = 1; part < FRAMES_PARTS_MAX && rest; part++) {
		__u32 from = out->walked, bytes;

		walk_frames(sock, base, segments, copyable, from << 2 | direction);
		if (part == FRAMES_PARTS_MAX - 1 && out->full)
			c->walk[direction].state = FRAMES_LOST;
		bytes = part == FRAMES_PARTS_MAX - 1 || !out->full ? rest : out->walked - from;
		count_call(c, direction, bytes, counts);
		emit_part(c, out, bytes, counts);
		add_call(&c->totals[direction], bytes, out->head.end_ns);
		rest -= bytes;
	}
	return 0;
}

/* Account for one call on a followed connection. */
static __always_inline void transfer(struct connection *c, struct sock *sk, struct transfer *x)
{
	__u32 direction = x->direction & 1;
	struct data_scratch *out = scratch_find();
	struct kernel_counts *counts = counts_here();

	if (!out || !counts)
		return;
	if (!(c->flags & CONNECTION_OPENED))
		emit_open(c, sk, x->start_ns, x->end_ns);
	check_muted(c, sk);
	capture(c, sk, x, out);
	count_call(c, direction, x->bytes, counts);
	if (may_fold(c, x))
		fold(&c->totals[direction], x, counts);
	else
		emit_data(c, sk, x, out, counts);
	add_call(&c->totals[direction], x->bytes, x->end_ns);
	if (x->rest)
		emit_rest((__u64)sk, x->buffers.base, x->buffers.segments, x->copyable,
			  x->rest << 1 | direction);
}

#endif
