// SPDX-License-Identifier: Apache-2.0
#include "pclntab.h"
#include "test.h"

#include <errno.h>

#define TEXT 0x401000

/* A table of two functions, f at the text and g 64 bytes on, which is 32 long, as Go of a version writes it.
 */
struct table {
	uint8_t bytes[256];
	size_t size;
};

static void put(struct table *table, size_t at, uint64_t value, size_t bytes)
{
	memcpy(table->bytes + at, &value, bytes);
	if (at + bytes > table->size)
		table->size = at + bytes;
}

/* Words of the header: count, files, [text,] names, compilation units, files, pcs, functions. */
static struct table make(uint32_t magic)
{
	unsigned int bytes = magic == 0xfffffffa ? 8 : 4, shift = bytes == 4;
	uint64_t base = bytes == 8 ? TEXT : 0;
	size_t names = 8 + (7 + shift) * 8, functions = names + 8;
	struct table table = {};

	put(&table, 0, magic, 4);
	put(&table, 6, 1 | 8 << 8, 2);
	put(&table, 8, 2, 8);
	put(&table, 8 + (2 + shift) * 8, names, 8);
	put(&table, 8 + (6 + shift) * 8, functions, 8);
	memcpy(table.bytes + names, "\0f\0g\0", 5);
	put(&table, functions, base, bytes);
	put(&table, functions + bytes, 5 * bytes, bytes);
	put(&table, functions + 2 * bytes, base + 64, bytes);
	put(&table, functions + 3 * bytes, 5 * bytes + bytes + 4, bytes);
	put(&table, functions + 4 * bytes, base + 96, bytes);
	put(&table, functions + 5 * bytes, base, bytes);
	put(&table, functions + 6 * bytes, 1, 4);
	put(&table, functions + 6 * bytes + 4, base + 64, bytes);
	put(&table, functions + 7 * bytes + 4, 3, 4);
	return table;
}

static void check_functions(uint32_t magic)
{
	struct table made = make(magic);
	struct pclntab_function function;
	struct pclntab table;

	CHECK_EQ(pclntab_open(&table, made.bytes, made.size, TEXT), 0);
	CHECK_EQ(table.count, 2);
	CHECK_EQ(pclntab_function(&table, 0, &function), 0);
	CHECK_TEXT(function.name, "f");
	CHECK_EQ(function.start, TEXT);
	CHECK_EQ(function.end, TEXT + 64);
	CHECK_EQ(pclntab_function(&table, 1, &function), 0);
	CHECK_TEXT(function.name, "g");
	CHECK_EQ(function.start, TEXT + 64);
	CHECK_EQ(function.end, TEXT + 96);
	CHECK_EQ(pclntab_function(&table, 2, &function), -EBADMSG);
}

static void each_version(void)
{
	check_functions(0xfffffffa);
	check_functions(0xfffffff0);
	check_functions(0xfffffff1);
}

static void unknown_version(void)
{
	struct table made = make(0xfffffff1);
	struct pclntab table;

	made.bytes[0] = 0xf2;
	CHECK_EQ(pclntab_open(&table, made.bytes, made.size, TEXT), -ENOTSUP);
	made = make(0xfffffff1);
	made.bytes[7] = 4; /* bytes of a pointer */
	CHECK_EQ(pclntab_open(&table, made.bytes, made.size, TEXT), -ENOTSUP);
}

/* Reads all there is; under AddressSanitizer, and in memory of exactly the table's size. */
static void read_all(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct pclntab_function function;
	struct pclntab table;

	memcpy(exact, bytes, size);
	if (!pclntab_open(&table, exact, size, TEXT))
		for (uint64_t i = 0; i < table.count && i < 1000; i++)
			if (!pclntab_function(&table, i, &function))
				CHECK(strlen(function.name) < size);
	free(exact);
}

static void cut_anywhere(void)
{
	struct table made = make(0xfffffff1);

	for (size_t size = 0; size <= made.size; size++)
		read_all(made.bytes, size);
}

static void damaged_anyhow(void)
{
	uint64_t state = 7;

	for (int i = 0; i < 20000; i++) {
		struct table made = make(i % 2 ? 0xfffffff1 : 0xfffffffa);
		uint64_t random = next_random(&state);

		for (int j = 0; j <= i % 3; j++, random >>= 20)
			made.bytes[random % made.size] = random >> 8;
		read_all(made.bytes, made.size);
	}
}

static const struct test tests[] = {
    {"functions of Go 1.16, 1.18 and 1.20", each_version},
    {"a version that is not known is refused", unknown_version},
    {"a table that is cut off anywhere is read without harm", cut_anywhere},
    {"a table that is damaged anyhow is read without harm", damaged_anyhow},
};

int main(void)
{
	return RUN_TESTS("pclntab", tests);
}
