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
	__u32 zero = 0, copied = 0;
	struct data_scratch *to = bpf_map_lookup_elem(&scratch, &zero);

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

/* What find_head_end tells besides the offset: a field line that begins like Transfer-Encoding. */
#define HEAD_CODED   (1u << 31)
#define CODED_PREFIX 0x6e617274 /* "tran" */

static __always_inline __u32 four_bytes(const struct data_scratch *in, __u32 at)
{
	return *(__u32 *)(in->payload + (at & (CAPTURE_BYTES_MAX - 1)));
}

/* The search for the end of a head: where it is, and what it found. */
struct head_search {
	struct data_scratch *in;
	__u32 length;
	__u32 at;
	__u32 coded;
	__u32 end; /* 0: not found */
};

/* One step: eight bytes on, or to the end of the next line. 1 ends the search. */
static long search_step(__u32 step, void *arg)
{
	struct head_search *search = arg;
	__u32 at = search->at;
	__u64 marks;

	if (at >= search->length)
		return 1;
	marks = line_feeds(*(__u64 *)(search->in->payload + (at & (CAPTURE_BYTES_MAX - 1))));
	at += marks ? lowest_byte(marks) + 1 : 8;
	search->at = at;
	if (!marks || at > search->length)
		return 0;
	if (at >= 4 && four_bytes(search->in, at - 4) == CRLF_CRLF) {
		search->end = at;
		return 1;
	}
	if ((four_bytes(search->in, at) | 0x20202020) == CODED_PREFIX)
		search->coded = HEAD_CODED;
	return 0;
}

/* Offset after the empty line that ends a message head in the scratch, 0: there is none in @length bytes;
 * with HEAD_CODED. Kernels without bpf_loop (< 5.17) find none: there bodies are copied up to the limit. */
__noinline __u32 find_head_end(__u32 length)
{
	__u32 zero = 0;
	struct head_search search = {.in = bpf_map_lookup_elem(&scratch, &zero), .length = length};

	if (!search.in || !bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return 0;
	bpf_loop(HEAD_SEARCH_STEPS, search_step, &search, 0);
	return search.end | search.coded;
}

/* Puts the first of the @bytes of a call from offset @from on, at most eight, into scratch->first. Returns
 * how many; 0 when they cannot be read. Small segments are common: a chunk's size, a status line. Global, as
 * copy_segments. */
__noinline __u32 read_first_bytes(__u64 base, __u64 segments, __u32 bytes, __u32 from)
{
	struct user_iovec first = {base, bytes};
	__u32 zero = 0, length = bytes - from < 8 ? bytes - from : 8;
	struct data_scratch *to = bpf_map_lookup_elem(&scratch, &zero);

	if (!to || !base)
		return 0;
	if (segments && bpf_probe_read_user(&first, sizeof(first), (void *)base))
		return 0;
	if (segments && (from || (first.length < length && segments > 1))) {
		length = copy_segments(base, segments, length, from);
		to->first[0] = low_bytes(*(__u64 *)to->payload, length);
		return length;
	}
	barrier_var(length); /* else the compiler knows better than the mask */
	to->first[0] = 0;
	return bpf_probe_read_user(to->first, length & 15, (void *)(first.base + from)) ? 0 : length;
}

#endif
