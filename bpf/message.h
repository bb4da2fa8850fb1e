/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Does a call begin like an HTTP/1 message? Arithmetic on its first eight bytes, without a branch per byte:
 * branches multiply the verifier's paths. */
#ifndef ACCESSLOG_MESSAGE_H
#define ACCESSLOG_MESSAGE_H

#include <linux/types.h>
#include <stdbool.h>

enum message_start {
	START_NO,
	START_MAYBE, /* fewer than eight bytes, all of them possible */
	START_YES,
};

#define EVERY_BYTE(value) ((value)*0x0101010101010101ULL)
#define HTTP1_VERSION	  0x2e312f50545448ULL /* "HTTP/1." */

/* The lowest bytes of a little-endian word. */
static __always_inline __u64 low_bytes(__u64 word, __u32 length)
{
	return length >= 8 ? word : word & ((1ULL << (8 * length)) - 1);
}

/* 1 in the lowest bit of the first byte that is no upper-case letter, 0 when all eight are letters. */
static __always_inline __u64 first_no_letter(__u64 word)
{
	__u64 from_a = (word & EVERY_BYTE(0x7f)) + EVERY_BYTE(0x80 - 'A');
	__u64 beyond_z = (word & EVERY_BYTE(0x7f)) + EVERY_BYTE(0x7f - 'Z');
	__u64 letters = from_a & ~beyond_z & ~word & EVERY_BYTE(0x80);
	__u64 filled = letters | (letters - (letters >> 7));

	return (filled + 1) & ~filled;
}

/* At least three letters and a space (RFC 9110 §9, and the registered extensions), or letters that go on. */
static __always_inline bool begins_like_method(__u64 word)
{
	__u64 end = first_no_letter(word);

	return !end || (end >= 1ULL << 24 && (word & (end * 0xff)) == end * ' ');
}

/* @first: the first bytes, little-endian; @length: how many of them are there. */
static __always_inline enum message_start message_start(__u64 first, __u32 length)
{
	__u64 word = low_bytes(first, length);

	if (length >= 8)
		return low_bytes(word, 7) == HTTP1_VERSION || begins_like_method(word) ? START_YES : START_NO;
	if (!length)
		return START_NO;
	if (word == low_bytes(HTTP1_VERSION, length) || begins_like_method(word) ||
	    first_no_letter(word) == 1ULL << (8 * length))
		return START_MAYBE;
	return START_NO;
}

#endif
