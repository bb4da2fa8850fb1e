/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One view over the buffers of a call: a plain buffer, an iovec array, the array of a msghdr. */
#ifndef ACCESSLOG_IOV_H
#define ACCESSLOG_IOV_H

#include "emit.h"
#include "kernel.h"
#include "limits.h"
#include <bpf/bpf_core_read.h>
#include "message.h"

struct buffers {
	__u64 base;	/* user address of the buffer, or of the iovec array */
	__u64 segments; /* entries of the array; 0 for a plain buffer, whose length is the call's bytes */
};

/* Never fails; an unreadable header yields no buffer. */
static __always_inline struct buffers buffers_of_message(__u64 message)
{
	struct buffers buffers = {};
	struct user_msghdr header;

	if (bpf_probe_read_user(&header, sizeof(header), (void *)message))
		return buffers;
	buffers.base = header.iov;
	buffers.segments = header.iov_count;
	return buffers;
}

/* Copies at most @want bytes of @segments iovec entries at user address @base, in order, from offset @from of
 * the call, to the scratch. Returns how many. Global, so that the verifier walks the loop once and not once
 * per path that leads here. */
__noinline __u32 copy_segments(__u64 base, __u64 segments, __u32 want, __u32 from)
{
	__u32 copied = 0;
	struct data_scratch *to = scratch_find();

	if (!to)
		return 0;
	for (__u32 i = 0; i < IOV_MAX_COPIED; i++) {
		struct user_iovec segment;
		__u32 length = want - copied;

		if (i >= segments || copied >= want || copied >= CAPTURE_BYTES_MAX)
			break;
		if (bpf_probe_read_user(&segment, sizeof(segment), (void *)(base + i * sizeof(segment))))
			break;
		if (from >= segment.length) {
			from -= segment.length;
			continue;
		}
		segment.base += from;
		segment.length -= from;
		from = 0;
		if (segment.length < length)
			length = segment.length;
		if (length > CAPTURE_BYTES_MAX - copied)
			length = CAPTURE_BYTES_MAX - copied;
		/* The masks change nothing; they are what the verifier believes. */
		if (bpf_probe_read_user(to->payload + (copied & (CAPTURE_BYTES_MAX - 1)),
					length & (2 * CAPTURE_BYTES_MAX - 1), (void *)segment.base))
			break;
		copied += length;
	}
	return copied;
}

/* The same for either kind of buffer. */
static __always_inline __u32 copy_buffers(struct data_scratch *to, const struct buffers *buffers, __u32 want,
					  __u32 from)
{
	if (want > CAPTURE_BYTES_MAX)
		want = CAPTURE_BYTES_MAX;
	if (buffers->segments)
		return copy_segments(buffers->base, buffers->segments, want, from);
	barrier_var(want);
	want &= 2 * CAPTURE_BYTES_MAX - 1;
	return bpf_probe_read_user(to->payload, want, (void *)(buffers->base + from)) ? 0 : want;
}

/* The sum of the lengths of @messages entries of a struct mmsghdr array at user address @vector. */
__noinline __u64 sum_messages(__u64 vector, __u32 messages)
{
	struct user_mmsghdr message;
	__u64 sum = 0;

	for (__u32 i = 0; i < MMSG_MAX_SUMMED; i++) {
		if (i >= messages)
			break;
		if (bpf_probe_read_user(&message, sizeof(message), (void *)(vector + i * sizeof(message))))
			break;
		sum += message.length;
	}
	return sum;
}

#define CRLF_CRLF 0x0a0d0a0d

/* 0x80 in the bytes of the word that are line feeds; exact up to and including the lowest of them. */
static __always_inline __u64 line_feeds(__u64 word)
{
	__u64 other = word ^ EVERY_BYTE('\n');

	return (other - EVERY_BYTE(1)) & ~other & EVERY_BYTE(0x80);
}

/* Index of the lowest byte that is marked with 0x80. */
static __always_inline __u32 lowest_byte(__u64 marks)
{
	return ((marks & -marks) >> 7) * 0x0001020304050607ULL >> 56;
}

/* What a search for the end of a head tells, in data_scratch.found. */
#define HEAD_CODED	  1u /* a field line begins like Transfer-Encoding */
#define HEAD_LENGTH_KNOWN 2u /* there is one Content-Length, and `body_bytes` is its value */
#define HEAD_LENGTH_ODD	  4u /* there are several, or one that is no number of at most nine digits */

#define CODED_PREFIX  0x6e617274 /* "tran" */
#define LENGTH_PREFIX 0x746e6f63 /* "cont", of "content-length:" */
#define LENGTH_REST_1 0x2d746e65 /* "ent-" */
#define LENGTH_REST_2 0x676e656c /* "leng" */
#define LENGTH_REST_3 0x3a6874	 /* "th:" */
#define LENGTH_BYTES  15	 /* of the name and its colon */
#define LENGTH_DIGITS 9

static __always_inline __u32 four_bytes(const struct data_scratch *in, __u32 at)
{
	return *(__u32 *)(in->payload + (at & (CAPTURE_BYTES_MAX - 1)));
}

/* In lower case, where it is a letter; '-' and ':' have that bit set anyway. */
static __always_inline __u32 four_letters(const struct data_scratch *in, __u32 at)
{
	return four_bytes(in, at) | 0x20202020;
}

static __always_inline bool is_length_field(const struct data_scratch *in, __u32 at)
{
	return four_letters(in, at + 4) == LENGTH_REST_1 && four_letters(in, at + 8) == LENGTH_REST_2 &&
	       (four_letters(in, at + 12) & 0xffffff) == LENGTH_REST_3;
}

/* The search for the end of a head. */
struct head_search {
	struct data_scratch *in;
	__u32 length;
	__u32 at;
	__u32 end; /* 0: not found */
	__u32 found;
	__u32 body_bytes;
	__u32 length_at;
};

/* RFC 9110 §8.6: digits; spaces around them do not count. False: that is not what is there. */
static __always_inline bool read_digits(const struct data_scratch *in, __u32 at, __u32 *value)
{
	__u32 digits = 0;
	__u8 byte;

	*value = 0;
	byte = in->payload[at & (CAPTURE_BYTES_MAX - 1)];
	at += byte == ' ';
	for (int i = 0; i <= LENGTH_DIGITS; i++) {
		byte = in->payload[(at + i) & (CAPTURE_BYTES_MAX - 1)];
		if (byte < '0' || byte > '9')
			break;
		*value = *value * 10 + byte - '0';
		digits++;
	}
	return digits && digits <= LENGTH_DIGITS && byte == '\r';
}

/* A Content-Length whose line begins at @at. */
static __always_inline void read_length(struct head_search *search, __u32 at)
{
	if (!read_digits(search->in, at + LENGTH_BYTES, &search->body_bytes) ||
	    search->found & HEAD_LENGTH_KNOWN)
		search->found |= HEAD_LENGTH_ODD;
	search->found |= HEAD_LENGTH_KNOWN;
	search->length_at = at;
}

/* A line begins at @at. */
static __always_inline void look_at_line(struct head_search *search, __u32 at)
{
	__u32 name = four_letters(search->in, at);

	if (name == CODED_PREFIX)
		search->found |= HEAD_CODED;
	else if (name == LENGTH_PREFIX && is_length_field(search->in, at))
		read_length(search, at);
}

/* One step: to the end of the line, or as many words on as are looked at. 1 ends the search. */
static long search_step(__u32 step, void *arg)
{
	struct head_search *search = arg;
	__u32 at = search->at;
	__u64 marks = 0;

	if (at >= search->length)
		return 1;
	for (int i = 0; i < HEAD_SEARCH_WORDS; i++) {
		marks = line_feeds(*(__u64 *)(search->in->payload + (at & (CAPTURE_BYTES_MAX - 1))));
		if (marks)
			break;
		at += 8;
	}
	search->at = at += marks ? lowest_byte(marks) + 1 : 0;
	if (!marks || at > search->length)
		return 0;
	if (at >= 4 && four_bytes(search->in, at - 4) == CRLF_CRLF) {
		search->end = at;
		return 1;
	}
	look_at_line(search, at);
	return 0;
}

/* Offset after the empty line that ends a message head in the first @length bytes of the scratch, 0: there is
 * none; what it tells of the body is put into the scratch. Kernels without bpf_loop (< 5.17) find none: there
 * bodies are copied up to the limit. */
__noinline __u32 find_head_end(__u32 length)
{
	struct head_search search = {.in = scratch_find(), .length = length};

	if (!search.in || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	bpf_loop(HEAD_SEARCH_STEPS, search_step, &search, 0);
	search.in->found = search.found;
	search.in->body_bytes = search.body_bytes;
	search.in->length_at = search.length_at;
	return search.end;
}

/* Copies the @length bytes of a call from offset @from on, at most PEEK_BYTES, into the scratch. Returns how
 * many: fewer also where the first buffer ends, but eight if there are, because small segments are common: a
 * chunk's size, a status line. 0 when they cannot be read. Global, as copy_segments. */
__noinline __u32 peek(__u64 base, __u64 segments, __u32 length, __u32 from)
{
	struct user_iovec first = {base, length};
	struct data_scratch *to = scratch_find();

	if (!to || !base)
		return 0;
	if (length > PEEK_BYTES)
		length = PEEK_BYTES;
	if (segments && bpf_probe_read_user(&first, sizeof(first), (void *)base))
		return 0;
	if (segments && (from || (first.length < length && first.length < 8)))
		return copy_segments(base, segments, length, from);
	if (first.length < length)
		length = first.length;
	barrier_var(length); /* else the compiler knows better than the mask */
	length &= 2 * PEEK_BYTES - 1;
	return bpf_probe_read_user(to->payload, length, (void *)(first.base + from)) ? 0 : length;
}

#endif
