/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of an ELF file by name, and where in the file they begin: what uprobes are placed by. */
#ifndef ACCESSLOG_SYMBOLS_H
#define ACCESSLOG_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A function that is looked for. */
struct symbol {
	const char *name;
	uint64_t offset; /* in the file, 0: not there */
};

/* Looks in the dynamic symbols of the file, and, with @all, in those for debuggers too. What is only used
 * there, and defined elsewhere, is not found. 0, -ENOEXEC: no ELF file of this machine, or another -errno. */
int symbols_find(int fd, struct symbol *symbols, size_t count, bool all);

#endif
