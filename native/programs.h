/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of the BPF objects, one by one: what each hangs on, whether capture needs it, how it fared. */
#ifndef ACCESSLOG_PROGRAMS_H
#define ACCESSLOG_PROGRAMS_H

#include "diagnosis.h"

#include <stdbool.h>
#include <stddef.h>

#define PROGRAMS_MAX 40

struct bpf_object;
struct btf;

enum program_status {
	PROGRAM_UNTRIED,
	PROGRAM_ATTACHED,
	PROGRAM_FAILED,	 /* the kernel refused it */
	PROGRAM_SKIPPED, /* the kernel has nothing to attach it to, or it was not wanted */
};

struct program_state {
	char name[64];
	char hook[64]; /* tp_btf/sys_exit */
	bool essential;
	enum program_status status;
	char reason[DIAGNOSIS_BYTES]; /* empty when attached */
};

struct programs {
	size_t count;
	struct program_state states[PROGRAMS_MAX];
};

/* Behind those before, the programs as the object lists them, untried; at most PROGRAMS_MAX in all. */
void programs_add(struct programs *programs, const struct bpf_object *object);

/* NULL when there is none of that name. */
struct program_state *programs_find(struct programs *programs, const char *name);

/* Too long a reason is cut. */
void program_set(struct program_state *state, enum program_status status, const char *reason);

/* Whether the kernel that @btf describes has the program's hook. */
bool program_has_hook(const struct program_state *state, const struct btf *btf);

/* An iterator runs when it is read; there is nothing to attach. */
bool program_is_iterator(const struct program_state *state);

/* A uprobe hangs where a library is found; there is nothing to attach before. */
bool program_is_uprobe(const struct program_state *state);

/* "attached", "failed" and so on. */
const char *program_status_name(enum program_status status);

#endif
