/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR (RFC 8949) one item head at a time, over libcbor's streaming decoder. Nothing is allocated, so no
 * length that a message claims can cost memory. Tags and indefinite lengths are refused: neither side sends
 * them. */
#ifndef ACCESSLOG_TOKEN_H
#define ACCESSLOG_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum token_kind {
	TOKEN_FOREIGN, /* a tag, an indefinite length, a break */
	TOKEN_UINT,    /* value; also a double that is a whole number: JavaScript sends those above 2^32 so */
	TOKEN_NEGATIVE, /* -1 - value */
	TOKEN_BYTES,	/* value bytes at .bytes */
	TOKEN_TEXT,	/* value bytes at .bytes, not terminated */
	TOKEN_ARRAY,	/* value items follow */
	TOKEN_MAP,	/* value pairs follow */
	TOKEN_BOOL,	/* value is 0 or 1 */
	TOKEN_OTHER,	/* null, undefined, a fraction */
};

struct token {
	enum token_kind kind;
	uint64_t value;
	const uint8_t *bytes;
};

/* What is left of a message; the bytes belong to someone else. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

/* Reads one item head, with the bytes of a string. 0, or -EBADMSG when the rest is not CBOR or is foreign. */
int token_next(struct cursor *cursor, struct token *token);

/* Moves past everything inside @token, which token_next just read: nothing unless it is an array or a map. */
int token_skip_inside(struct cursor *cursor, const struct token *token);

#endif
