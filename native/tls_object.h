/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF object of the programs that hang on uprobes. It shares its maps with the object of the tracepoints,
 * which does without it: where it cannot be loaded, plaintext of TLS is missing and nothing else. */
#ifndef ACCESSLOG_TLS_OBJECT_H
#define ACCESSLOG_TLS_OBJECT_H

#include "diagnosis.h"
#include "knobs.h"
#include "programs.h"
#include "uprobe.h"

struct bpf_object;
struct bpf_program;
struct tls_object;

/* Adds its programs, untried. 0 or -errno. */
int tls_object_list(struct programs *programs);

/* Loads those of its programs that are untried. @base: loaded, and to live longer. NULL: no memory, or none
 * is left that can be loaded; then each has its reason. */
struct tls_object *tls_object_load(const struct knobs *knobs, enum uprobe_method method,
				   const struct bpf_object *base, struct diagnosis *diagnosis,
				   struct programs *programs);

/* May be NULL. */
void tls_object_free(struct tls_object *object);

/* NULL when it has none of that name, or @object is NULL. */
struct bpf_program *tls_object_program(const struct tls_object *object, const char *name);

/* As attach_targets_changed and attach_reader_waits, for its own copies; @object may be NULL. */
void tls_object_targets_changed(struct tls_object *object);
void tls_object_reader_waits(struct tls_object *object, bool waits);

#endif
