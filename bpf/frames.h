/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The walk over the frames of an HTTP/2 connection (RFC 9113 §4.1). Frame headers are copied, and the
 * payloads that tell something; those of DATA and of extensions are stepped over, so that a body of any size
 * is its length. The walk goes on from call to call. Where it meets what can be no frame it is lost, until a
 * call begins like one.
 */
#ifndef ACCESSLOG_FRAMES_H
#define ACCESSLOG_FRAMES_H

#include "walk.h"
#include <bpf/bpf_endian.h>

#define FRAME_HEADER_BYTES 9
#define FRAME_DATA	   0
#define FRAME_HEADERS	   1
#define FRAME_PRIORITY	   2
#define FRAME_RST_STREAM   3
#define FRAME_SETTINGS	   4
#define FRAME_PING	   6
#define FRAME_GOAWAY	   7
#define FRAME_WINDOW	   8
#define FRAME_CONTINUATION 9

#define FRAME_END_HEADERS 0x04
#define FRAME_PADDED	  0x08

/* The first eight bytes of a frame header, and of the preface of a client, as numbers. */
#define PREFACE_START	   0x505249202a204854ULL /* "PRI * HT" */
#define PREFACE_REST_BYTES (24 - FRAME_HEADER_BYTES)
#define FRAME_LENGTH(head) ((__u32)((head) >> 40))
#define FRAME_TYPE(head)   ((__u32)((head) >> 32) & 0xff)
#define FRAME_FLAGS(head)  ((__u32)((head) >> 24) & 0xff)
#define FRAME_STREAM(head) ((__u32)(head)&0xffffff) /* without its last byte */

/* Frames of extensions are small: nobody may send larger ones without being told so (§4.2). */
#define EXTENSION_BYTES_MAX 16384

/* Of these types a connection has few that are larger; SETTINGS has a few dozen of six bytes. */
#define SETTINGS_BYTES_MAX 1024

/* Could this be a frame header? */
static __always_inline bool frame_fits(__u64 head)
{
	__u32 length = FRAME_LENGTH(head), type = FRAME_TYPE(head), stream = FRAME_STREAM(head);

	if (stream & 0x800000)
		return false;
	if (type > FRAME_CONTINUATION)
		return length <= EXTENSION_BYTES_MAX;
	if (type == FRAME_RST_STREAM || type == FRAME_WINDOW)
		return length == 4;
	if (type == FRAME_PING)
		return length == 8 && !stream;
	if (type == FRAME_SETTINGS)
		return length % 6 == 0 && length <= SETTINGS_BYTES_MAX && !stream;
	return type != FRAME_PRIORITY || length == 5;
}

/* Does a call begin with a frame that a connection, or a message, begins with? @last: the ninth byte. Strict,
 * for the bytes may be of any protocol: a first SETTINGS, or HEADERS of one frame on one of the first 2^16
 * client's streams. */
static __always_inline bool begins_with_frames(__u64 head, __u8 last)
{
	__u32 length = FRAME_LENGTH(head), flags = FRAME_FLAGS(head);

	if (!frame_fits(head) || !length || length > EXTENSION_BYTES_MAX)
		return false;
	if (FRAME_TYPE(head) == FRAME_SETTINGS)
		return !flags && !last;
	return FRAME_TYPE(head) == FRAME_HEADERS && flags & FRAME_END_HEADERS && !(flags & ~0x2d) &&
	       !(FRAME_STREAM(head) >> 16) && last & 1;
}

/* Where a call begins that follows lost bytes: stricter than in the middle of frames. */
static __always_inline bool resumes_with_frame(__u64 head, __u8 last)
{
	__u32 type = FRAME_TYPE(head), flags = FRAME_FLAGS(head);

	if (head == PREFACE_START)
		return true;
	if (!frame_fits(head) || type > FRAME_CONTINUATION || flags & ~0x2d)
		return false;
	if (type == FRAME_DATA || type == FRAME_HEADERS || type == FRAME_RST_STREAM)
		return FRAME_STREAM(head) || last;
	return type == FRAME_SETTINGS || type == FRAME_PING || type == FRAME_WINDOW;
}

static __always_inline bool is_omitted(__u32 type)
{
	return type == FRAME_DATA || type > FRAME_CONTINUATION;
}

static __always_inline void expect_frame(struct walk *walk)
{
	walk->state = FRAMES_HEADER;
	walk->left = 0;
	walk->size = 0;
}

/* The header in walk->left is whole. False: it is none. */
static __always_inline bool begin_frame(struct walk *walk)
{
	__u64 head = walk->left;
	__u32 type = FRAME_TYPE(head);

	walk->left = FRAME_LENGTH(head);
	if (head == PREFACE_START) {
		walk->left = PREFACE_REST_BYTES;
		walk->state = FRAMES_KEEP;
		return true;
	}
	if (!frame_fits(head))
		return false;
	walk->state = is_omitted(type) ? FRAMES_OMIT : FRAMES_KEEP;
	if (!walk->left)
		expect_frame(walk);
	else if (type == FRAME_DATA && FRAME_FLAGS(head) & FRAME_PADDED)
		walk->state = FRAMES_PAD;
	return true;
}

/* A walk over the frames of one call. */
struct frames_loop {
	struct walker *walker;
	struct walk *walk;
	struct data_scratch *to;
	bool quiet; /* nothing is copied */
};

/* Copies @length bytes at the position, at most KEEP_BYTES, behind those before. False: there is no room, and
 * the walk ends here, or they cannot be read. */
static __always_inline bool keep(struct frames_loop *loop, __u32 length)
{
	struct data_scratch *to = loop->to;
	struct walker *w = loop->walker;
	__u32 at = to->captured;

	if (loop->quiet)
		return true;
	if (at + length > FRAMES_BYTES_MAX) {
		to->full = 1;
		return false;
	}
	if (!at)
		to->aligned = loop->walk->state == FRAMES_HEADER && !loop->walk->size;
	/* The masks change nothing; they are what the verifier believes. */
	if (bpf_probe_read_user(to->payload + (at & (FRAMES_BYTES_MAX - 1)), length & (2 * KEEP_BYTES - 1),
				(void *)(w->base + (w->at - w->start))))
		return false;
	to->captured = at + length;
	return true;
}

/* Some of the nine bytes, or all of them. False: they cannot be read, or are no header. */
static __always_inline bool step_header(struct frames_loop *loop, __u32 here)
{
	struct walker *w = loop->walker;
	struct walk *walk = loop->walk;
	__u32 wanted = FRAME_HEADER_BYTES - walk->size, length = here < wanted ? here : wanted;

	if (bpf_probe_read_user(w->header, length & (2 * HEADER_BYTES - 1),
				(void *)(w->base + (w->at - w->start))) ||
	    !keep(loop, length))
		return false;
	if (length == FRAME_HEADER_BYTES) {
		walk->left = bpf_be64_to_cpu(*(__u64 *)w->header);
		walk->size = FRAME_HEADER_BYTES;
	} else {
		for (__u32 i = 0; i < FRAME_HEADER_BYTES; i++) {
			if (i >= length)
				break;
			if (walk->size < 8)
				walk->left = walk->left << 8 | w->header[i];
			walk->size++;
		}
	}
	w->at += length;
	return walk->size < FRAME_HEADER_BYTES || begin_frame(walk);
}

/* Of a payload, what is copied in one step: as much as there is room for, and more than nothing. */
static __always_inline __u64 kept_length(struct frames_loop *loop, __u64 length)
{
	__u32 room = FRAMES_BYTES_MAX - loop->to->captured;

	if (length > KEEP_BYTES)
		length = KEEP_BYTES;
	return room && room < length ? room : length;
}

static __always_inline bool step_payload(struct frames_loop *loop, __u32 here)
{
	struct walker *w = loop->walker;
	struct walk *walk = loop->walk;
	__u64 length = here < walk->left ? here : walk->left;

	if (walk->state == FRAMES_OMIT) {
		if (!loop->to->captured)
			loop->to->skipped += length;
	} else {
		if (walk->state == FRAMES_PAD)
			length = 1;
		length = kept_length(loop, length);
		if (!w->base || !keep(loop, length))
			return false;
		if (walk->state == FRAMES_PAD)
			walk->state = FRAMES_OMIT;
	}
	w->at += length;
	walk->left -= length;
	if (!walk->left)
		expect_frame(walk);
	return true;
}

/* One step: into the next segment, through a header, through a payload or a part of it. False: the walk is
 * over. */
static __always_inline bool step_frames(struct frames_loop *loop)
{
	struct walker *w = loop->walker;
	struct walk *walk = loop->walk;
	bool goes_on;

	if (w->at >= w->bytes || walk->state == FRAMES_LOST)
		return false;
	if (w->at >= w->end)
		goes_on = next_segment(w);
	else if (walk->state == FRAMES_HEADER)
		goes_on = w->base && step_header(loop, w->end - w->at);
	else
		goes_on = step_payload(loop, w->end - w->at);
	if (!goes_on && !loop->to->full)
		walk->state = FRAMES_LOST;
	return goes_on;
}

static long frames_callback(__u32 step, void *arg)
{
	return !step_frames(arg);
}

/* Lost: a call that begins with a frame goes on from there. */
static __always_inline void find_frames(struct frames_loop *loop)
{
	struct walker *w = loop->walker;
	struct user_iovec first = {w->base, w->bytes};

	if (w->segments && bpf_probe_read_user(&first, sizeof(first), (void *)w->base))
		return;
	if (!first.base || first.length < FRAME_HEADER_BYTES || w->bytes < FRAME_HEADER_BYTES ||
	    bpf_probe_read_user(w->header, FRAME_HEADER_BYTES, (void *)first.base))
		return;
	if (resumes_with_frame(bpf_be64_to_cpu(*(__u64 *)w->header), w->header[8]))
		expect_frame(loop->walk);
}

#define PLACE_QUIET 2u

/* Walks over the frames of a call on @sock until there is no room for more. What was made of it is in the
 * scratch. Global, so that the verifier walks the loop once. @place: direction in bit 0, PLACE_QUIET when
 * nothing is to be copied, above them the offset to begin at. */
__noinline __u32 walk_frames(__u64 sock, __u64 base, __u64 segments, __u32 bytes, __u32 place)
{
	struct connection *c = walked_connection(sock);
	struct frames_loop loop = {
	    .walker = walker_find(), .to = scratch_find(), .quiet = place & PLACE_QUIET};

	if (!c || !loop.walker || !loop.to)
		return 0;
	loop.walk = &c->walk[place & 1];
	loop.to->skipped = loop.to->captured = loop.to->aligned = loop.to->full = 0;
	loop.walker->base = base;
	loop.walker->segments = segments ? base : 0;
	loop.walker->at = place >> 2;
	loop.walker->start = 0;
	loop.walker->end = segments ? 0 : bytes;
	loop.walker->bytes = bytes;
	if (loop.walk->state == FRAMES_LOST && !loop.walker->at)
		find_frames(&loop);
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(WALK_STEPS_MAX, frames_callback, &loop, 0);
	} else {
		for (__u32 i = 0; i < WALK_STEPS_UNROLLED && step_frames(&loop); i++)
			;
	}
	if (loop.walker->at < bytes && !loop.to->full)
		loop.walk->state = FRAMES_LOST;
	loop.to->walked = loop.walker->at;
	return 0;
}

#define SWITCHING	 0x31303120 /* " 101" */
#define H2C		 0x63326820 /* " h2c" */
#define H2C_SEARCH_STEPS 1024

struct h2c_search {
	struct data_scratch *in;
	__u32 length;
	bool found;
};

static long h2c_step(__u32 at, void *arg)
{
	struct h2c_search *search = arg;

	if (at + 4 > search->length)
		return 1;
	search->found = *(__u32 *)(search->in->payload + (at & (CAPTURE_BYTES_MAX - 1))) == H2C;
	return search->found;
}

/* Do the first @length bytes of the scratch, a head, name the protocol h2c? */
__noinline __u32 names_h2c(__u32 length)
{
	struct h2c_search search = {.in = scratch_find(), .length = length};

	if (!search.in || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	bpf_loop(H2C_SEARCH_STEPS, h2c_step, &search, 0);
	return search.found;
}

#endif
