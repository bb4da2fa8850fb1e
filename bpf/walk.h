/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The walk over a chunked body (RFC 9112 §7.1): only chunk headers are read, so that a body of any size is
 * told by two numbers, and its end is known. What does not look like a chunk where one has to be ends the
 * walk, counted; trailers do too. The walk informs, the analyzer decides: on other bodies it changes nothing.
 */
#ifndef ACCESSLOG_WALK_H
#define ACCESSLOG_WALK_H

#include "emit.h"
#include "kernel.h"
#include "limits.h"
#include <bpf/bpf_core_read.h>

#ifndef SCRATCH_OF_TASK
/* One per CPU; only exit_syscall uses it, and that never nests on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walker);
} walkers SEC(".maps") __weak;

static __always_inline struct walker *walker_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&walkers, &zero);
}

static __always_inline struct connection *walked_connection(__u64 sock)
{
	return bpf_map_lookup_elem(&connections, &sock);
}
#endif

static __always_inline int hex_digit(__u8 byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The largest chunk that is followed: 1 GiB. */
#define CHUNK_SIZE_LIMIT (1u << 30)

/* A byte of a chunk size, or the first after it. False: there is no size, or one that is too large. */
static __always_inline bool walk_size(struct walk *walk, __u8 byte)
{
	int digit = hex_digit(byte);

	if (digit >= 0) {
		if (walk->size >= CHUNK_SIZE_LIMIT >> 4)
			return false;
		walk->size = walk->size << 4 | digit;
		walk->state = WALK_DIGITS;
		return true;
	}
	if (walk->state == WALK_SIZE)
		return false;
	walk->state = WALK_EXTENSION;
	return byte == '\r' || byte == ';' || byte == ' ' || byte == '\t';
}

/* The line feed of a chunk header; the data's own CRLF belongs to the framing. */
static __always_inline void end_chunk_header(struct walk *walk, struct totals *totals)
{
	walk->state = walk->size ? WALK_DATA : WALK_END;
	walk->left = walk->size + 2;
	totals->framing_bytes += walk->size ? 2 : 0;
}

/* One byte of a chunk header or of what follows the last chunk. False: it does not fit. */
static __always_inline bool walk_byte(struct walk *walk, struct totals *totals, __u8 byte)
{
	switch (walk->state) {
	case WALK_DIGITS:
	case WALK_EXTENSION:
		if (byte == '\n') {
			end_chunk_header(walk, totals);
			return true;
		}
		return walk->state == WALK_EXTENSION || walk_size(walk, byte);
	case WALK_SIZE:
		return walk_size(walk, byte);
	case WALK_TRAILER:
		if (byte == '\n')
			walk->state = WALK_END;
		return true;
	case WALK_END:
		walk->state = byte == '\r' ? WALK_END_LF : WALK_TRAILER;
		return byte != '\n';
	default: /* WALK_END_LF */
		walk->state = WALK_OFF;
		totals->chunked_ends++;
		return byte == '\n';
	}
}

/* Bytes at the position, at most eight; stops where data begins or the body ends. False: lost. */
static __always_inline bool walk_header(struct walker *w, struct walk *walk, struct totals *totals)
{
	__u32 length = w->end - w->at;

	if (length > HEADER_BYTES)
		length = HEADER_BYTES;
	if (bpf_probe_read_user(w->header, length & (2 * HEADER_BYTES - 1),
				(void *)(w->base + (w->at - w->start))))
		return false;
	for (__u32 i = 0; i < HEADER_BYTES; i++) {
		if (i >= length || walk->state == WALK_DATA || walk->state == WALK_OFF)
			break;
		totals->framing_bytes++;
		w->at++;
		if (!walk_byte(walk, totals, w->header[i]))
			return false;
	}
	return true;
}

static __always_inline bool next_segment(struct walker *w)
{
	struct user_iovec segment;

	if (!w->segments || bpf_probe_read_user(&segment, sizeof(segment), (void *)w->segments))
		return false;
	w->segments += sizeof(segment);
	w->base = segment.base;
	w->start = w->end;
	w->end += segment.length < w->bytes - w->end ? segment.length : w->bytes - w->end;
	return true;
}

/* Data is stepped over within a segment. True: some was. */
static __always_inline bool walk_data(struct walker *w, struct walk *walk)
{
	__u64 here = w->end - w->at;

	if (walk->state != WALK_DATA)
		return false;
	if (here > walk->left)
		here = walk->left;
	walk->left -= here;
	w->at += here;
	if (!walk->left) {
		walk->state = WALK_SIZE;
		walk->size = 0;
	}
	return true;
}

static __always_inline void lose_walk(struct walk *walk, struct totals *totals)
{
	walk->state = WALK_OFF;
	totals->walks_lost++;
}

/* One step: into the next segment, over data, or through a chunk header. False: the walk is over or lost. */
static __always_inline bool walk_step(struct walker *w, struct walk *walk, struct totals *totals)
{
	if (w->at >= w->bytes || walk->state == WALK_OFF)
		return false;
	if (w->at >= w->end ? next_segment(w)
			    : walk_data(w, walk) || (w->base && walk_header(w, walk, totals)))
		return true;
	lose_walk(walk, totals);
	return false;
}

struct walk_loop {
	struct walker *walker;
	struct walk *walk;
	struct totals *totals;
};

static long walk_callback(__u32 step, void *arg)
{
	struct walk_loop *loop = arg;

	return !walk_step(loop->walker, loop->walk, loop->totals);
}

/* v5.17, e6f2dd0f8067 ("bpf: Add bpf_loop helper"): a loop whose body is verified once, so it may be long. */
static __always_inline void walk_steps(struct walk_loop *loop)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(WALK_STEPS_MAX, walk_callback, loop, 0);
		return;
	}
	for (__u32 i = 0; i < WALK_STEPS_UNROLLED; i++) {
		if (!walk_step(loop->walker, loop->walk, loop->totals))
			return;
	}
}

/* Walks over the bytes of a call on @sock. Returns the offset after the body when it ended, else @bytes.
 * Global, so that the verifier walks the loop once. @place: direction in bit 0, above it the offset to begin
 * at. */
__noinline __u32 walk_call(__u64 sock, __u64 base, __u64 segments, __u32 bytes, __u32 place)
{
	struct connection *c = walked_connection(sock);
	__u32 direction = place & 1;
	struct walker *w = walker_find();
	struct walk_loop loop;

	if (!c || !w)
		return bytes;
	w->base = base;
	w->segments = segments ? base : 0;
	w->at = place >> 1;
	w->start = 0;
	w->end = segments ? 0 : bytes;
	w->bytes = bytes;
	loop.walker = w;
	loop.walk = &c->walk[direction];
	loop.totals = &c->totals[direction];
	walk_steps(&loop);
	if (w->at < bytes && c->walk[direction].state != WALK_OFF)
		lose_walk(&c->walk[direction], &c->totals[direction]);
	return w->at < bytes ? w->at : bytes;
}

#endif
