// SPDX-License-Identifier: Apache-2.0
#include "symbols.h"

#include "elf_file.h"

#include <string.h>

static struct symbol *wanted(struct symbol *symbols, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!symbols[i].offset && !strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static void look_through(const struct elf_file *file, Elf_Scn *section, const GElf_Shdr *header,
			 struct symbol *symbols, size_t count)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t entries = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	struct symbol *found;
	const char *name;
	GElf_Sym entry;

	for (size_t i = 0; data && i < entries; i++) {
		if (!gelf_getsym(data, i, &entry) || GELF_ST_TYPE(entry.st_info) != STT_FUNC ||
		    entry.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(file->elf, header->sh_link, entry.st_name);
		found = name ? wanted(symbols, count, name) : NULL;
		if (found)
			found->offset = elf_file_offset(file, entry.st_value, true);
	}
}

int symbols_find(int fd, struct symbol *symbols, size_t count, bool all)
{
	Elf_Scn *section = NULL;
	struct elf_file file;
	GElf_Shdr header;
	int error = elf_file_open(&file, fd);

	if (error)
		return error;
	while ((section = elf_nextscn(file.elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_DYNSYM || (all && header.sh_type == SHT_SYMTAB)))
			look_through(&file, section, &header, symbols, count);
	elf_file_close(&file);
	return 0;
}
