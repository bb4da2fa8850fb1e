/* SPDX-License-Identifier: Apache-2.0 */
/* Uprobes: a BPF program at places of a file, in every process that maps it. One link for all places of a
 * program where the kernel can (uprobe_multi, 6.6), which needs fewer privileges too; else an event per
 * place. */
#ifndef ACCESSLOG_UPROBE_H
#define ACCESSLOG_UPROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_link;
struct bpf_program;
struct btf;

#define UPROBE_PLACES_MAX 64

enum uprobe_method {
	UPROBE_MULTI,
	UPROBE_PERF,
};

/* What the kernel that @btf describes offers. */
enum uprobe_method uprobe_method(const struct btf *btf);

/* "uprobe_multi", "perf_event". */
const char *uprobe_method_name(enum uprobe_method method);

/* To be called between opening and loading the object. */
void uprobe_prepare(struct bpf_program *program, enum uprobe_method method);

struct uprobe_wish {
	struct bpf_program *program;
	bool returns; /* when the function returns, instead of when it begins */
	int fd;	      /* of the file; not needed afterwards */
	const uint64_t *offsets;
	size_t count;
};

/* The descriptors that keep a program where it hangs. */
struct uprobe_links {
	size_t count;
	int fds[UPROBE_PLACES_MAX];
};

/* Adds to @links, which begins as zeros. 0, or -errno: what was attached before hangs on. */
int uprobe_attach(const struct uprobe_wish *wish, enum uprobe_method method, struct uprobe_links *links);

/* Returns at once: the kernel waits a while for each link, which nobody else should have to. */
void uprobe_detach(struct uprobe_links *links);

/* Waits until all that was detached hangs no more. */
void uprobe_detached(void);

#endif
