/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of wire.def as C structs, and their CBOR. A field added there needs no line here. */
#ifndef ACCESSLOG_WIRE_H
#define ACCESSLOG_WIRE_H

#include "token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes whenever wire.def changes in a way that an older side would misread. */
#define WIRE_PROTOCOL_VERSION 1

/* Longest message, its 4-byte length not counted: a payload of 1 MiB and what stands before it. */
#define WIRE_MESSAGE_MAX_BYTES (1024 * 1024 + 4096)

/* What stands before the payload of a BATCH or PROCESSES message, its 4-byte length not counted: at most one
 * array head, the kind, two 9-byte numbers, and the head of the byte string. */
#define WIRE_HEAD_MAX_BYTES 32

/* Items of an array, each still CBOR: read one by one with token_next, written with struct wire_writer. */
struct wire_items {
	const uint8_t *bytes;
	size_t size;
	uint64_t count;
};

/* The bytes themselves follow the encoded message, so that a large payload is never copied. */
struct wire_bytes {
	size_t size;
};

/* Field types of wire.def. */
#define WIRE_C_uint	  uint64_t
#define WIRE_C_uint64	  uint64_t
#define WIRE_C_bool	  bool
#define WIRE_C_text	  const char *
#define WIRE_C_bytes	  struct wire_bytes
#define WIRE_C_uint_array struct wire_items
#define WIRE_C_array	  struct wire_items

enum wire_kind {
#define MESSAGE(direction, kind, number, sentence) WIRE_##kind = number,
#include "wire.def"
};

/* struct wire_HELLO, struct wire_READY, ...: each MESSAGE closes the struct before it and opens its own. */
struct wire_before_the_first {
#define MESSAGE(direction, kind, number, sentence)                                                           \
	}                                                                                                    \
	;                                                                                                    \
	struct wire_##kind {
#define FIELD(kind, name, type, sentence) WIRE_C_##type name;
#include "wire.def"
};

/* A decoded message of any kind; arrays point into the frame. */
struct wire_message {
	enum wire_kind kind;
	union {
#define MESSAGE(direction, kind, number, sentence) struct wire_##kind kind;
#include "wire.def"
	};
};

/* Appends CBOR to a buffer of fixed size. Past its end nothing is written and .full stays set. */
struct wire_writer {
	uint8_t *at;
	uint8_t *end;
	bool full;
};

void wire_put_uint(struct wire_writer *writer, uint64_t value);
void wire_put_text(struct wire_writer *writer, const char *text);
/* @count items must be put next. */
void wire_put_array(struct wire_writer *writer, uint64_t count);

/* Encodes @message, a struct wire_<kind>, up to where the bytes of its wire_bytes field begin.
 * Returns the bytes written, or -ENOBUFS. */
int wire_encode(enum wire_kind kind, const void *message, uint8_t *into, size_t size);

/* Decodes a command (TO_HELPER). Returns 0; -EBADMSG: it is not an array of CBOR that begins with a number;
 * -ENOENT: no such command, @where is its number; -EINVAL: a field is missing or of another type, @where
 * names it. Fields beyond those known are checked to be CBOR and ignored. */
int wire_decode(const uint8_t *bytes, size_t size, struct wire_message *message, char where[64]);

/* "CONFIGURE" and so on. */
const char *wire_name(enum wire_kind kind);

#endif
