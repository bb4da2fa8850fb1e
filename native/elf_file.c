// SPDX-License-Identifier: Apache-2.0
#include "elf_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int is_ours(Elf *elf)
{
	GElf_Ehdr header;

	return elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_machine == EM_X86_64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* Shared, though nothing is written: the kernel puts the breakpoints of probes, another agent's say, into
 * private mappings, where they would be taken for code. */
static int map_file(struct elf_file *file, int fd)
{
	struct stat status;
	void *bytes;

	if (fstat(fd, &status) || status.st_size <= 0)
		return -ENOEXEC;
	bytes = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -ENOEXEC;
	file->bytes = bytes;
	file->size = status.st_size;
	return 0;
}

int elf_file_open(struct elf_file *file, int fd)
{
	if (map_file(file, fd))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	file->elf = elf_memory((char *)file->bytes, file->size);
	if (file->elf && is_ours(file->elf))
		return 0;
	elf_file_close(file);
	return -ENOEXEC;
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	munmap((void *)file->bytes, file->size);
	file->elf = NULL;
	file->bytes = NULL;
}

const uint8_t *elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t length)
{
	return offset <= file->size && length <= file->size - offset ? file->bytes + offset : NULL;
}

static const char *name_of(const struct elf_file *file, const GElf_Shdr *header)
{
	size_t names;

	return elf_getshdrstrndx(file->elf, &names) ? NULL : elf_strptr(file->elf, names, header->sh_name);
}

int elf_file_section(const struct elf_file *file, const char *name, struct elf_part *part)
{
	Elf_Scn *section = NULL;
	const char *found;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		found = name_of(file, &header);
		if (!found || strcmp(found, name))
			continue;
		part->address = header.sh_addr;
		part->size = header.sh_size;
		part->bytes = header.sh_type == SHT_NOBITS
				  ? NULL
				  : elf_file_bytes(file, header.sh_offset, header.sh_size);
		return part->bytes ? 0 : -ENOENT;
	}
	return -ENOENT;
}

uint64_t elf_file_offset(const struct elf_file *file, uint64_t address, bool executable)
{
	GElf_Phdr segment;
	size_t count;

	if (elf_getphdrnum(file->elf, &count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(file->elf, i, &segment) || segment.p_type != PT_LOAD ||
		    (executable && !(segment.p_flags & PF_X)))
			continue;
		if (address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
			return address - segment.p_vaddr + segment.p_offset;
	}
	return 0;
}

static uint64_t relocation_in(Elf_Scn *section, const GElf_Shdr *header, uint64_t address)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Rela relocation;

	for (size_t i = 0; data && i < count; i++)
		if (gelf_getrela(data, i, &relocation) && relocation.r_offset == address &&
		    GELF_R_TYPE(relocation.r_info) == R_X86_64_RELATIVE)
			return relocation.r_addend;
	return 0;
}

uint64_t elf_file_pointer(const struct elf_file *file, uint64_t address)
{
	const uint8_t *at = elf_file_bytes(file, elf_file_offset(file, address, false), sizeof(address));
	Elf_Scn *section = NULL;
	uint64_t value = 0;
	GElf_Shdr header;

	if (at)
		memcpy(&value, at, sizeof(value));
	while (!value && (section = elf_nextscn(file->elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_RELA)
			value = relocation_in(section, &header, address);
	return value;
}
