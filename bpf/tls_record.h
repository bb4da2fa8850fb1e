/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a TLS record looks like from outside (RFC 8446 §5.1, RFC 5246 §6.2.1), and which of its first bytes no
 * other connection has. */
#ifndef ACCESSLOG_TLS_RECORD_H
#define ACCESSLOG_TLS_RECORD_H

#include <linux/types.h>
#include <stdbool.h>

#define TLS_HEADER_BYTES 5

#define TLS_CHANGE_CIPHER_SPEC 20
#define TLS_HANDSHAKE	       22
#define TLS_APPLICATION_DATA   23

#define TLS_CLIENT_HELLO 1
#define TLS_SERVER_HELLO 2

/* 2^14, and what TLS 1.2 allows encryption to add. */
#define TLS_LENGTH_MAX (16384 + 2048)

/* A record header in the lowest bytes of a little-endian word, of which @length bytes are there. */
static __always_inline bool begins_like_record(__u64 word, __u32 length)
{
	__u8 type = word, major = word >> 8, minor = word >> 16;
	__u32 body = (word >> 24 & 0xff) << 8 | (word >> 32 & 0xff);

	return length >= TLS_HEADER_BYTES && type >= TLS_CHANGE_CIPHER_SPEC && type <= TLS_APPLICATION_DATA &&
	       major == 3 && minor <= 4 && body && body <= TLS_LENGTH_MAX;
}

/* The first record of a session, in either direction. */
static __always_inline bool begins_like_hello(__u64 word, __u32 length)
{
	__u8 message = word >> 40;

	return length > TLS_HEADER_BYTES && (__u8)word == TLS_HANDSHAKE && begins_like_record(word, length) &&
	       (message == TLS_CLIENT_HELLO || message == TLS_SERVER_HELLO);
}

#endif
