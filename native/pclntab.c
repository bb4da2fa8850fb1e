// SPDX-License-Identifier: Apache-2.0
#include "pclntab.h"

#include <errno.h>
#include <string.h>

#define MAGIC_1_16 0xfffffffa
#define MAGIC_1_18 0xfffffff0
#define MAGIC_1_20 0xfffffff1

#define POINTER_BYTES 8

/* Words of the header, after eight bytes of magic and sizes. From 1.18 on the address of the text stands
 * before the names. */
#define WORD_COUNT     0
#define WORD_NAMES     2
#define WORD_FUNCTIONS 6

static uint64_t word(const struct pclntab *table, size_t at, unsigned int bytes)
{
	uint64_t value = 0;

	memcpy(&value, table->bytes + at, bytes);
	return value;
}

static uint64_t header_word(const struct pclntab *table, size_t index)
{
	return word(table, 8 + index * POINTER_BYTES, POINTER_BYTES);
}

int pclntab_open(struct pclntab *table, const uint8_t *bytes, size_t size, uint64_t text)
{
	size_t shift;
	uint32_t magic;

	*table = (struct pclntab){.bytes = bytes, .size = size};
	if (size < 8 + (WORD_FUNCTIONS + 2) * POINTER_BYTES)
		return -EBADMSG;
	magic = word(table, 0, 4);
	if ((magic != MAGIC_1_16 && magic != MAGIC_1_18 && magic != MAGIC_1_20) || bytes[7] != POINTER_BYTES)
		return -ENOTSUP;
	shift = magic != MAGIC_1_16;
	table->entry_bytes = shift ? 4 : 8;
	table->count = header_word(table, WORD_COUNT);
	if (shift)
		table->text = text;
	table->names = header_word(table, WORD_NAMES + shift);
	table->functions = header_word(table, WORD_FUNCTIONS + shift);
	if (table->names >= size || table->functions >= size ||
	    table->count >= (size - table->functions) / (2 * table->entry_bytes))
		return -EBADMSG;
	return 0;
}

/* The name of the function whose description is at @at: its entry, then where its name is. */
static const char *name_at(const struct pclntab *table, size_t at)
{
	size_t name;

	if (at > table->size - table->entry_bytes - 4)
		return NULL;
	name = table->names + word(table, at + table->entry_bytes, 4);
	if (name >= table->size || !memchr(table->bytes + name, '\0', table->size - name))
		return NULL;
	return (const char *)table->bytes + name;
}

int pclntab_function(const struct pclntab *table, uint64_t index, struct pclntab_function *function)
{
	unsigned int bytes = table->entry_bytes;
	size_t at = table->functions + index * 2 * bytes;
	uint64_t place;

	if (index >= table->count)
		return -EBADMSG;
	place = word(table, at + bytes, bytes);
	if (place >= table->size - table->functions)
		return -EBADMSG;
	function->name = name_at(table, table->functions + place);
	function->start = table->text + word(table, at, bytes);
	function->end = table->text + word(table, at + 2 * bytes, bytes);
	return function->name && function->start < function->end ? 0 : -EBADMSG;
}
