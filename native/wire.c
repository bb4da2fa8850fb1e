// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <cbor.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum direction_of_message {
	TO_AGENT,
	TO_HELPER,
};

enum type {
	TYPE_uint,
	TYPE_uint64,
	TYPE_bool,
	TYPE_text,
	TYPE_bytes,
	TYPE_uint_array,
	TYPE_array,
};

struct field {
	enum wire_kind kind;
	enum type type;
	size_t offset;
	const char *name;
};

/* Few and short: looking through all of them costs nothing at the rate of messages. */
static const struct field fields[] = {
#define FIELD(kind, name, type, sentence)                                                                    \
	{WIRE_##kind, TYPE_##type, offsetof(struct wire_##kind, name), #name},
#include "wire.def"
};

static const struct message {
	enum wire_kind kind;
	enum direction_of_message direction;
	const char *name;
} messages[] = {
#define MESSAGE(direction, kind, number, sentence) {WIRE_##kind, direction, #kind},
#include "wire.def"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct message *find_message(uint64_t kind)
{
	for (size_t i = 0; i < COUNT(messages); i++)
		if ((uint64_t)messages[i].kind == kind)
			return &messages[i];
	return NULL;
}

const char *wire_name(enum wire_kind kind)
{
	const struct message *message = find_message(kind);

	return message ? message->name : "unknown";
}

/* libcbor returns the bytes written, 0 when they do not fit. */
static void advance(struct wire_writer *writer, size_t written)
{
	writer->at += written;
	if (!written)
		writer->full = true;
}

static size_t room(const struct wire_writer *writer)
{
	return writer->full ? 0 : writer->end - writer->at;
}

void wire_put_uint(struct wire_writer *writer, uint64_t value)
{
	advance(writer, cbor_encode_uint(value, writer->at, room(writer)));
}

void wire_put_array(struct wire_writer *writer, uint64_t count)
{
	advance(writer, cbor_encode_array_start(count, writer->at, room(writer)));
}

static void put_raw(struct wire_writer *writer, const void *bytes, size_t size)
{
	if (size > room(writer)) {
		writer->full = true;
		return;
	}
	memcpy(writer->at, bytes, size);
	writer->at += size;
}

void wire_put_text(struct wire_writer *writer, const char *text)
{
	size_t length = strlen(text);

	advance(writer, cbor_encode_string_start(length, writer->at, room(writer)));
	if (length)
		put_raw(writer, text, length);
}

static void put_items(struct wire_writer *writer, const struct wire_items *items)
{
	wire_put_array(writer, items->count);
	if (items->size)
		put_raw(writer, items->bytes, items->size);
}

static void put_field(struct wire_writer *writer, const struct field *field, const void *message)
{
	const void *at = (const uint8_t *)message + field->offset;

	switch (field->type) {
	case TYPE_uint:
	case TYPE_uint64:
		wire_put_uint(writer, *(const uint64_t *)at);
		break;
	case TYPE_bool:
		advance(writer, cbor_encode_bool(*(const bool *)at, writer->at, room(writer)));
		break;
	case TYPE_text:
		wire_put_text(writer, *(const char *const *)at);
		break;
	case TYPE_bytes:
		advance(writer, cbor_encode_bytestring_start(((const struct wire_bytes *)at)->size,
							     writer->at, room(writer)));
		break;
	case TYPE_uint_array:
	case TYPE_array:
		put_items(writer, at);
		break;
	}
}

static size_t count_fields(enum wire_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(fields); i++)
		count += fields[i].kind == kind;
	return count;
}

int wire_encode(enum wire_kind kind, const void *message, uint8_t *into, size_t size)
{
	struct wire_writer writer = {.at = into, .end = into + size};

	wire_put_array(&writer, 1 + count_fields(kind));
	wire_put_uint(&writer, kind);
	for (size_t i = 0; i < COUNT(fields); i++)
		if (fields[i].kind == kind)
			put_field(&writer, &fields[i], message);
	return writer.full ? -ENOBUFS : (int)(writer.at - into);
}

static int take_items(struct cursor *cursor, const struct token *array, enum type type,
		      struct wire_items *items)
{
	struct token item;

	*items = (struct wire_items){.bytes = cursor->at, .count = array->value};
	for (uint64_t i = 0; i < array->value; i++) {
		if (token_next(cursor, &item) || token_skip_inside(cursor, &item))
			return -EBADMSG;
		if (type == TYPE_uint_array && item.kind != TOKEN_UINT)
			return -EINVAL;
	}
	items->size = cursor->at - items->bytes;
	return 0;
}

/* The types that commands have; text and bytes only go to the agent. */
static int take_field(struct cursor *cursor, const struct field *field, void *message)
{
	void *at = (uint8_t *)message + field->offset;
	struct token token;

	if (token_next(cursor, &token))
		return -EBADMSG;
	switch (field->type) {
	case TYPE_uint:
	case TYPE_uint64:
		*(uint64_t *)at = token.value;
		return token.kind == TOKEN_UINT ? 0 : -EINVAL;
	case TYPE_bool:
		*(bool *)at = token.value != 0;
		return token.kind == TOKEN_BOOL ? 0 : -EINVAL;
	case TYPE_uint_array:
	case TYPE_array:
		return token.kind == TOKEN_ARRAY ? take_items(cursor, &token, field->type, at) : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int skip_items(struct cursor *cursor, uint64_t items)
{
	struct token token;

	while (items--)
		if (token_next(cursor, &token) || token_skip_inside(cursor, &token))
			return -EBADMSG;
	return 0;
}

/* The array head and the kind, which must be a command. @items: how many fields follow. */
static int take_head(struct cursor *cursor, struct wire_message *message, uint64_t *items, char where[64])
{
	const struct message *known;
	struct token array, kind;

	if (token_next(cursor, &array) || array.kind != TOKEN_ARRAY || !array.value)
		return -EBADMSG;
	if (token_next(cursor, &kind) || kind.kind != TOKEN_UINT)
		return -EBADMSG;
	snprintf(where, 64, "%llu", (unsigned long long)kind.value);
	known = find_message(kind.value);
	if (!known || known->direction != TO_HELPER)
		return -ENOENT;
	snprintf(where, 64, "%s", known->name);
	message->kind = known->kind;
	*items = array.value - 1;
	return 0;
}

static int take_fields(struct cursor *cursor, struct wire_message *message, uint64_t items, char where[64])
{
	int error = 0;

	for (size_t i = 0; i < COUNT(fields) && !error; i++) {
		if (fields[i].kind != message->kind)
			continue;
		snprintf(where, 64, "%s.%s", wire_name(message->kind), fields[i].name);
		error = items ? take_field(cursor, &fields[i], &message->CONFIGURE) : -EINVAL;
		items--;
	}
	return error ? error : skip_items(cursor, items);
}

int wire_decode(const uint8_t *bytes, size_t size, struct wire_message *message, char where[64])
{
	struct cursor cursor = {.at = bytes, .end = bytes + size};
	uint64_t items;
	int error;

	memset(message, 0, sizeof(*message));
	snprintf(where, 64, "stdin");
	error = take_head(&cursor, message, &items, where);
	if (!error)
		error = take_fields(&cursor, message, items, where);
	if (!error && cursor.at != cursor.end)
		error = -EBADMSG;
	return error;
}
