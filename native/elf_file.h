/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file of this machine, mapped: its sections, and which bytes of it are where in memory. */
#ifndef ACCESSLOG_ELF_FILE_H
#define ACCESSLOG_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
	Elf *elf;
	const uint8_t *bytes;
	size_t size;
};

/* A section's bytes, NULL where the file holds none, and its address. */
struct elf_part {
	const uint8_t *bytes;
	size_t size;
	uint64_t address;
};

/* 0, or -ENOEXEC: it is no program or library of this machine. */
int elf_file_open(struct elf_file *file, int fd);
void elf_file_close(struct elf_file *file);

/* 0 or -ENOENT. */
int elf_file_section(const struct elf_file *file, const char *name, struct elf_part *part);

/* From an address of the program to the place in the file that is mapped there; @executable: as code. 0: none
 * is. */
uint64_t elf_file_offset(const struct elf_file *file, uint64_t address, bool executable);

/* The address that the program holds at @address once it is loaded, before the base of a position-independent
 * one is added: what the file holds there, or the relocation that fills it in. 0: neither. */
uint64_t elf_file_pointer(const struct elf_file *file, uint64_t address);

/* The bytes from @offset on; NULL when the file has not so many. */
const uint8_t *elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t length);

#endif
