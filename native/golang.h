/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of programs compiled by Go: by the table that Go's runtime itself unwinds stacks with, which
 * stripping does not remove. */
#ifndef ACCESSLOG_GOLANG_H
#define ACCESSLOG_GOLANG_H

#include <stddef.h>
#include <stdint.h>

#define GOLANG_RETURNS_MAX 32

struct golang_function {
	const char *name; /* crypto/tls.(*Conn).Read */
	uint64_t offset;  /* in the file, 0: not there */
	size_t return_count;
	uint64_t returns[GOLANG_RETURNS_MAX]; /* offsets of its return instructions */
};

/* Fills in those of @functions that the program has. 0; -ENOENT: it was not compiled by Go; -ENOTSUP: by a Go
 * older than 1.17, or one whose table is not understood; -EILSEQ: instructions are not understood; or another
 * -errno. */
int golang_find(int fd, struct golang_function *functions, size_t count);

#endif
