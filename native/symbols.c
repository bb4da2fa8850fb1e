// SPDX-License-Identifier: Apache-2.0
#include "symbols.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>

/* A text file has no business here, nor has a program of another machine. */
static bool is_ours(Elf *elf)
{
	GElf_Ehdr header;

	return elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_machine == EM_X86_64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* From an address of the program to the place in the file that is mapped there. 0: none is. */
static uint64_t file_offset(Elf *elf, uint64_t address)
{
	GElf_Phdr segment;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
			continue;
		if (address >= segment.p_vaddr && address < segment.p_vaddr + segment.p_filesz)
			return address - segment.p_vaddr + segment.p_offset;
	}
	return 0;
}

static struct symbol *wanted(struct symbol *symbols, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!symbols[i].offset && !strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static void look_through(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct symbol *symbols,
			 size_t count)
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
		name = elf_strptr(elf, header->sh_link, entry.st_name);
		found = name ? wanted(symbols, count, name) : NULL;
		if (found)
			found->offset = file_offset(elf, entry.st_value);
	}
}

int symbols_find(int fd, struct symbol *symbols, size_t count, bool all)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return -ENOEXEC;
	if (!is_ours(elf)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_DYNSYM || (all && header.sh_type == SHT_SYMTAB)))
			look_through(elf, section, &header, symbols, count);
	elf_end(elf);
	return 0;
}
