// SPDX-License-Identifier: Apache-2.0
#include "test.h"
#include "token.h"

#include <errno.h>

static struct cursor cursor_of(const uint8_t *bytes, size_t size)
{
	return (struct cursor){.at = bytes, .end = bytes + size};
}

static const struct row {
	const char *sentence;
	const char *hex;
	enum token_kind kind;
	uint64_t value;
} rows[] = {
    {"0", "00", TOKEN_UINT, 0},
    {"23 in the head", "17", TOKEN_UINT, 23},
    {"one byte", "18 ff", TOKEN_UINT, 255},
    {"two bytes", "19 0100", TOKEN_UINT, 256},
    {"four bytes", "1a ffffffff", TOKEN_UINT, 4294967295},
    {"eight bytes", "1b ffffffffffffffff", TOKEN_UINT, UINT64_MAX},
    {"a small number in eight bytes", "1b 0000000000000001", TOKEN_UINT, 1},
    {"-1", "20", TOKEN_NEGATIVE, 0},
    {"-500", "39 01f3", TOKEN_NEGATIVE, 499},
    {"bytes", "43 010203", TOKEN_BYTES, 3},
    {"no bytes", "40", TOKEN_BYTES, 0},
    {"text", "62 6162", TOKEN_TEXT, 2},
    {"array of three", "83 010203", TOKEN_ARRAY, 3},
    {"map of one pair", "a1 0102", TOKEN_MAP, 1},
    {"false", "f4", TOKEN_BOOL, 0},
    {"true", "f5", TOKEN_BOOL, 1},
    {"null", "f6", TOKEN_OTHER, 0},
    {"undefined", "f7", TOKEN_OTHER, 0},
    {"a half that is a whole number", "f9 3c00", TOKEN_UINT, 1},
    {"a double that is a whole number", "fb 41f0000000000000", TOKEN_UINT, 4294967296},
    {"the largest exact double", "fb 433fffffffffffff", TOKEN_UINT, 9007199254740991},
    {"a double that is no longer exact", "fb 4340000000000000", TOKEN_OTHER, 0},
    {"a fraction", "fb 3ff8000000000000", TOKEN_OTHER, 0},
    {"a negative double", "fb bff0000000000000", TOKEN_OTHER, 0},
    {"not a number", "f9 7e00", TOKEN_OTHER, 0},
    {"infinity", "fb 7ff0000000000000", TOKEN_OTHER, 0},
};

static void reads(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[16];
		size_t size = from_hex(rows[i].hex, bytes, sizeof(bytes));
		struct cursor cursor = cursor_of(bytes, size);
		struct token token;

		test_subject = rows[i].sentence;
		CHECK_EQ(token_next(&cursor, &token), 0);
		CHECK_EQ(token.kind, rows[i].kind);
		CHECK_EQ(token.value, rows[i].value);
		CHECK_EQ(token_skip_inside(&cursor, &token), 0);
		CHECK(cursor.at == cursor.end);
	}
}

/* A copy of exact size, so that reading past the end is seen by the sanitizer. */
static int skip_all(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct cursor cursor = cursor_of(copy, size);
	struct token token;
	int error;

	memcpy(copy, bytes, size);
	error = token_next(&cursor, &token);
	if (!error)
		error = token_skip_inside(&cursor, &token);
	free(copy);
	return error;
}

static void refuses_every_beginning(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[16];
		size_t size = from_hex(rows[i].hex, bytes, sizeof(bytes));

		test_subject = rows[i].sentence;
		for (size_t cut = 0; cut < size; cut++)
			CHECK_EQ(skip_all(bytes, cut), -EBADMSG);
	}
}

static void refuses_foreign(void)
{
	static const char *const foreign[] = {
	    "9f 01 ff",
	    "5f 41 00 ff",
	    "7f 61 61 ff",
	    "bf 01 02 ff",
	    "c1 00",
	    "ff",
	    "1c",
	    "3f",
	    "82 01 9f ff",
	    "9b ffffffffffffffff",
	    "bb 8000000000000000",
	    "5b ffffffffffffffff",
	    "9a 00ffffff 00",
	    "a1 01",
	};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		uint8_t bytes[16];
		size_t size = from_hex(foreign[i], bytes, sizeof(bytes));

		test_subject = foreign[i];
		CHECK_EQ(skip_all(bytes, size), -EBADMSG);
	}
}

static void deep_nesting(void)
{
	static uint8_t deep[100000];

	memset(deep, 0x81, sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0x00;
	CHECK_EQ(skip_all(deep, sizeof(deep)), 0);
	CHECK_EQ(skip_all(deep, sizeof(deep) - 1), -EBADMSG);
}

static const struct test tests[] = {
    {"every sort of item is read for what it is", reads},
    {"no beginning of an item passes for one", refuses_every_beginning},
    {"tags, indefinite lengths and lengths beyond the end are refused", refuses_foreign},
    {"nesting costs no stack", deep_nesting},
};

int main(void)
{
	return RUN_TESTS("token", tests);
}
