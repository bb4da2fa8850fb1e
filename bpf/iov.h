/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One view over the buffers of a call: a plain buffer, an iovec array, the array of a msghdr. */
#ifndef ACCESSLOG_IOV_H
#define ACCESSLOG_IOV_H

#include "emit.h"
#include "kernel.h"
#include "limits.h"
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

/* Copies at most @want bytes of @segments iovec entries at user address @base, in order, to the scratch.
 * Returns how many. Global, so that the verifier walks the loop once and not once per path that leads here.
 */
__noinline __u32 copy_segments(__u64 base, __u64 segments, __u32 want)
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
static __always_inline __u32 copy_buffers(struct data_scratch *to, const struct buffers *buffers, __u32 want)
{
	if (want > CAPTURE_BYTES_MAX)
		want = CAPTURE_BYTES_MAX;
	if (buffers->segments)
		return copy_segments(buffers->base, buffers->segments, want);
	want &= 2 * CAPTURE_BYTES_MAX - 1;
	return bpf_probe_read_user(to->payload, want, (void *)buffers->base) ? 0 : want;
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

/* Offset after the empty line that ends a message head in the scratch, 0: there is none in @length bytes. */
__noinline __u32 find_head_end(__u32 length)
{
	__u32 zero = 0, last = 0;
	struct data_scratch *in = bpf_map_lookup_elem(&scratch, &zero);

	if (!in)
		return 0;
	for (__u32 i = 0; i < HEAD_SEARCH_BYTES; i++) {
		if (i >= length)
			return 0;
		last = last << 8 | in->payload[i];
		if (last == 0x0d0a0d0a)
			return i + 1;
	}
	return 0;
}

/* The first bytes of a call, at most eight, in @word[0] of two. Returns how many; 0 when they cannot be read.
 * Small first segments are common: a chunk's size, a status line. */
static __always_inline __u32 first_bytes(struct data_scratch *scratch, const struct buffers *buffers,
					 __u32 bytes, __u64 word[2])
{
	struct user_iovec first = {buffers->base, bytes};
	__u32 length = bytes < 8 ? bytes : 8;

	if (buffers->segments && bpf_probe_read_user(&first, sizeof(first), (void *)buffers->base))
		return 0;
	if (first.length < length && buffers->segments > 1) {
		length = copy_segments(buffers->base, buffers->segments, length);
		word[0] = low_bytes(*(__u64 *)scratch->payload, length);
		return length;
	}
	return bpf_probe_read_user(word, length & 15, (void *)first.base) ? 0 : length;
}

#endif
