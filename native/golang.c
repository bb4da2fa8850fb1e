// SPDX-License-Identifier: Apache-2.0
#include "golang.h"

#include "elf_file.h"
#include "pclntab.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Larger functions than this are not Go's. */
#define FUNCTION_BYTES_MAX (1 << 20)

/* Go 1.17 is the first to pass arguments in registers; its table is that of 1.16. */
#define BUILD_INFO_MAGIC   "\xff Go buildinf:"
#define BUILD_INFO_VERSION 16
#define BUILD_INFO_BYTES   32
#define VERSION_1_17	   "go1.17"

/* Of the text's address, in the header of the table and in runtime.moduledata of Go 1.26. */
#define PCLNTAB_TEXT	24
#define MODULEDATA_TEXT 176

/* The return instructions of @length bytes of code at @offset of the file. */
static int find_returns(const uint8_t *code, size_t length, uint64_t offset, struct golang_function *function)
{
	ZydisDecodedInstruction instruction;
	ZydisDecoder decoder;
	size_t at = 0;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	while (at < length) {
		if (!ZYAN_SUCCESS(
			ZydisDecoderDecodeInstruction(&decoder, NULL, code + at, length - at, &instruction)))
			return -EILSEQ;
		if (instruction.meta.category == ZYDIS_CATEGORY_RET) {
			if (function->return_count == GOLANG_RETURNS_MAX)
				return -E2BIG;
			function->returns[function->return_count++] = offset + at;
		}
		at += instruction.length;
	}
	return 0;
}

/* A function that calls others looks first whether the stack is large enough: it compares the stack pointer,
 * or what it will be, with a member of the current goroutine. */
static bool begins_like_function(const uint8_t *code, size_t length)
{
	static const uint8_t small[] = {0x49, 0x3b, 0x66, 0x10}; /* cmp rsp, [r14+16] */
	static const uint8_t large[] = {0x4c, 0x8d};		 /* lea r12, [rsp-...] */

	return length > sizeof(small) &&
	       (!memcmp(code, small, sizeof(small)) || !memcmp(code, large, sizeof(large)));
}

static int fill(const struct elf_file *file, const struct pclntab_function *found,
		struct golang_function *function)
{
	uint64_t length = found->end - found->start;
	uint64_t offset = elf_file_offset(file, found->start, true);
	const uint8_t *code = length <= FUNCTION_BYTES_MAX ? elf_file_bytes(file, offset, length) : NULL;

	if (!offset || !code || !begins_like_function(code, length))
		return -EILSEQ;
	function->offset = offset;
	return find_returns(code, length, offset, function);
}

static struct golang_function *wanted(struct golang_function *functions, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!functions[i].offset && !strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

static int search(const struct elf_file *file, const struct pclntab *table, struct golang_function *functions,
		  size_t count)
{
	struct pclntab_function found;
	int error = 0;

	for (uint64_t i = 0; i < table->count && !error; i++) {
		struct golang_function *function;

		if (pclntab_function(table, i, &found))
			continue;
		function = wanted(functions, count, found.name);
		if (function)
			error = fill(file, &found, function);
	}
	return error;
}

/* The version of Go, as in "go1.17.13", told by a pointer to a pointer to text (debug/buildinfo). Newer
 * programs hold the text itself, and tell by their table that they are newer. */
static bool is_1_17(const struct elf_file *file)
{
	struct elf_part info;
	const uint8_t *version;
	uint64_t address;

	if (elf_file_section(file, ".go.buildinfo", &info) || info.size < BUILD_INFO_BYTES ||
	    memcmp(info.bytes, BUILD_INFO_MAGIC, sizeof(BUILD_INFO_MAGIC) - 1))
		return false;
	address = elf_file_pointer(file, elf_file_pointer(file, info.address + BUILD_INFO_VERSION));
	version = elf_file_bytes(file, elf_file_offset(file, address, false), sizeof(VERSION_1_17) - 1);
	return version && !memcmp(version, VERSION_1_17, sizeof(VERSION_1_17) - 1);
}

/* The address that entries of the table are relative to. It stands in the header of the table, since 1.26 in
 * the runtime's moduledata instead; where it cannot be found it is that of the section, unless a foreign
 * linker put other code before. A wrong one is found out by what the functions begin with. */
static uint64_t find_text(const struct elf_file *file, const struct elf_part *table)
{
	uint64_t text = elf_file_pointer(file, table->address + PCLNTAB_TEXT);
	struct elf_part part;

	if (!text && !elf_file_section(file, ".go.module", &part))
		text = elf_file_pointer(file, part.address + MODULEDATA_TEXT);
	if (!text && !elf_file_section(file, ".text", &part))
		text = part.address;
	return text;
}

static int find_table(const struct elf_file *file, struct pclntab *table)
{
	struct elf_part part;
	int error;

	if (elf_file_section(file, ".gopclntab", &part) &&
	    elf_file_section(file, ".data.rel.ro.gopclntab", &part))
		return -ENOENT;
	error = pclntab_open(table, part.bytes, part.size, find_text(file, &part));
	if (!error && !table->text && !is_1_17(file))
		error = -ENOTSUP;
	return error;
}

int golang_find(int fd, struct golang_function *functions, size_t count)
{
	struct elf_file file;
	struct pclntab table;
	int error = elf_file_open(&file, fd);

	if (error)
		return error;
	error = find_table(&file, &table);
	if (!error)
		error = search(&file, &table, functions, count);
	elf_file_close(&file);
	return error;
}
