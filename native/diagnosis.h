/* SPDX-License-Identifier: Apache-2.0 */
/* libbpf explains failures only in what it prints. This keeps the part a person needs: which program the last
 * failure was about, and the sentence that says why; of a verifier's log that is its last line. */
#ifndef ACCESSLOG_DIAGNOSIS_H
#define ACCESSLOG_DIAGNOSIS_H

#include <stddef.h>

#define DIAGNOSIS_BYTES 200

struct diagnosis {
	char program[64]; /* empty: no program was named */
	char reason[DIAGNOSIS_BYTES];
};

void diagnosis_clear(struct diagnosis *diagnosis);

/* Takes note of one message of libbpf, of one or many lines. The first reason about a program wins: what
 * follows it are consequences. */
void diagnosis_note(struct diagnosis *diagnosis, const char *message);

/* From now on libbpf's messages go here (NULL: nowhere) and, as debug lines, to the log. libbpf knows one
 * receiver per process. */
void diagnosis_listen(struct diagnosis *diagnosis);

#endif
