/* SPDX-License-Identifier: Apache-2.0 */
/* Go's table of functions (src/runtime/symtab.go, debug/gosym), of the versions since 1.16. Pure: nothing but
 * the bytes is looked at, and they may be anything. */
#ifndef ACCESSLOG_PCLNTAB_H
#define ACCESSLOG_PCLNTAB_H

#include <stddef.h>
#include <stdint.h>

struct pclntab {
	const uint8_t *bytes;
	size_t size;
	uint64_t text; /* address that entries are relative to; 0: they are addresses */
	uint64_t count;
	size_t names;	  /* where they begin */
	size_t functions; /* where the table of entries begins; places in it are relative to this, too */
	unsigned int entry_bytes;
};

struct pclntab_function {
	const char *name; /* in the table */
	uint64_t start;	  /* address */
	uint64_t end;
};

/* @text: address of the program's text, of no use to the version that holds addresses. 0, -ENOTSUP: of a
 * version that is not known, -EBADMSG: cut off. */
int pclntab_open(struct pclntab *table, const uint8_t *bytes, size_t size, uint64_t text);

/* The function of that index. 0, or -EBADMSG. */
int pclntab_function(const struct pclntab *table, uint64_t index, struct pclntab_function *function);

#endif
