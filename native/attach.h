/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF objects: opened, their knobs set, loaded, attached. Programs that are not essential may fail; they
 * are left out and say why. Everything hangs on descriptors of this process: its end detaches all. */
#ifndef ACCESSLOG_ATTACH_H
#define ACCESSLOG_ATTACH_H

#include "problem.h"
#include "programs.h"
#include "uprobe.h"

#include <stdbool.h>
#include <stdint.h>

struct attach;
struct bpf_program;

struct attach_wish {
	uint32_t rings; /* a power of two */
	uint32_t capture_bytes;
	uint32_t wake_bytes; /* see bpf/knobs.h */
	uint32_t connections_max;
	bool watch_unlisted;
	const char *only; /* load this program and no other; NULL: all */
};

/* Descriptors of maps; they live as long as the object. */
struct attach_maps {
	int rings;
	int connections;
	int targets;
	int cgroups;
	int muted;
	int counters;
	int image_events;
};

/* Opens and loads. 0, or -errno with @problem filled. */
int attach_new(const struct attach_wish *wish, struct attach **attach, struct problem *problem);
void attach_free(struct attach *attach);

/* Attaches what was loaded. 0, or -errno with @problem filled when an essential program is not there. */
int attach_start(struct attach *attach, struct problem *problem);

/* Detaches, and returns when no program runs any more. The maps stay. */
void attach_stop(struct attach *attach);

struct attach_maps attach_maps(const struct attach *attach);

/* To be called after the targets of processes that exist were changed: until then they may count as before.
 */
void attach_targets_changed(struct attach *attach);

/* Whether the first record of a ring wakes its reader, as it does at the start. A record that is made while
 * this changes may wake nobody. */
void attach_reader_waits(struct attach *attach, bool waits);

const struct programs *attach_programs(const struct attach *attach);

bool attach_uses_task_storage(const struct attach *attach);

/* A program for uprobes by its name; NULL when it was not loaded. */
struct bpf_program *attach_uprobe_program(const struct attach *attach, const char *name);

/* How uprobes are attached. */
enum uprobe_method attach_uprobe_method(const struct attach *attach);

/* The iterator over open sockets; NULL when it was not loaded. */
struct bpf_program *attach_scan_program(const struct attach *attach);

/* Runs that the kernel skipped because the program was already running on that CPU, over all programs. */
uint64_t attach_recursion_misses(const struct attach *attach);

/* The programs of the objects, without loading them. 0 or -errno. */
int attach_list(struct programs *programs);

#endif
