// SPDX-License-Identifier: Apache-2.0
#include "token.h"

#include <cbor.h>
#include <errno.h>

/* The largest double below which every whole number is exact. */
#define EXACT_DOUBLE_MAX 9007199254740991.0

static void set(void *into, enum token_kind kind, uint64_t value, const uint8_t *bytes)
{
	*(struct token *)into = (struct token){.kind = kind, .value = value, .bytes = bytes};
}

static void on_uint8(void *token, uint8_t value)
{
	set(token, TOKEN_UINT, value, NULL);
}

static void on_uint16(void *token, uint16_t value)
{
	set(token, TOKEN_UINT, value, NULL);
}

static void on_uint32(void *token, uint32_t value)
{
	set(token, TOKEN_UINT, value, NULL);
}

static void on_uint64(void *token, uint64_t value)
{
	set(token, TOKEN_UINT, value, NULL);
}

static void on_negative8(void *token, uint8_t value)
{
	set(token, TOKEN_NEGATIVE, value, NULL);
}

static void on_negative16(void *token, uint16_t value)
{
	set(token, TOKEN_NEGATIVE, value, NULL);
}

static void on_negative32(void *token, uint32_t value)
{
	set(token, TOKEN_NEGATIVE, value, NULL);
}

static void on_negative64(void *token, uint64_t value)
{
	set(token, TOKEN_NEGATIVE, value, NULL);
}

static void on_bytes(void *token, cbor_data bytes, size_t size)
{
	set(token, TOKEN_BYTES, size, bytes);
}

static void on_text(void *token, cbor_data bytes, size_t size)
{
	set(token, TOKEN_TEXT, size, bytes);
}

static void on_array(void *token, size_t items)
{
	set(token, TOKEN_ARRAY, items, NULL);
}

static void on_map(void *token, size_t pairs)
{
	set(token, TOKEN_MAP, pairs, NULL);
}

static void on_bool(void *token, bool value)
{
	set(token, TOKEN_BOOL, value, NULL);
}

static void on_simple(void *token)
{
	set(token, TOKEN_OTHER, 0, NULL);
}

static void on_double(void *token, double value)
{
	bool whole = value >= 0 && value <= EXACT_DOUBLE_MAX && (double)(uint64_t)value == value;

	set(token, whole ? TOKEN_UINT : TOKEN_OTHER, whole ? (uint64_t)value : 0, NULL);
}

static void on_float(void *token, float value)
{
	on_double(token, value);
}

/* libcbor calls every member, so those left foreign need a function too. */
static void on_foreign(void *token)
{
	set(token, TOKEN_FOREIGN, 0, NULL);
}

static void on_tag(void *token, uint64_t tag)
{
	(void)tag;
	on_foreign(token);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negative8,
    .negint16 = on_negative16,
    .negint32 = on_negative32,
    .negint64 = on_negative64,
    .byte_string = on_bytes,
    .byte_string_start = on_foreign,
    .string = on_text,
    .string_start = on_foreign,
    .array_start = on_array,
    .indef_array_start = on_foreign,
    .map_start = on_map,
    .indef_map_start = on_foreign,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_simple,
    .null = on_simple,
    .boolean = on_bool,
    .indef_break = on_foreign,
};

int token_next(struct cursor *cursor, struct token *token)
{
	struct cbor_decoder_result result;

	token->kind = TOKEN_FOREIGN;
	result = cbor_stream_decode(cursor->at, cursor->end - cursor->at, &callbacks, token);
	if (result.status != CBOR_DECODER_FINISHED || token->kind == TOKEN_FOREIGN)
		return -EBADMSG;
	cursor->at += result.read;
	return 0;
}

/* Items that follow the head of @token. More than bytes are left is refused before it can overflow. */
static int count_inside(const struct cursor *cursor, const struct token *token, uint64_t *items)
{
	*items = 0;
	if (token->kind != TOKEN_ARRAY && token->kind != TOKEN_MAP)
		return 0;
	if (token->value > (uint64_t)(cursor->end - cursor->at))
		return -EBADMSG;
	*items = token->kind == TOKEN_MAP ? 2 * token->value : token->value;
	return 0;
}

int token_skip_inside(struct cursor *cursor, const struct token *token)
{
	struct token inner = *token;
	uint64_t pending = 1, items;

	while (true) {
		if (count_inside(cursor, &inner, &items))
			return -EBADMSG;
		pending += items - 1;
		if (!pending)
			return 0;
		if (token_next(cursor, &inner))
			return -EBADMSG;
	}
}
