/* SPDX-License-Identifier: Apache-2.0 */
/* The probes in TLS libraries: from what the kernel tells of processes to uprobes, and what became of each
 * library to the agent. */
#ifndef ACCESSLOG_PROBES_H
#define ACCESSLOG_PROBES_H

#include "attach.h"
#include "command.h"
#include "output.h"

#include <stdint.h>

struct probes;

/* @attach and @output must outlive it. 0 or -errno. */
int probes_new(struct attach *attach, struct output *output, struct probes **probes);
void probes_free(struct probes *probes);

/* Readable when the kernel has something to tell. */
int probes_poll_fd(const struct probes *probes);

/* What TARGETS says. */
void probes_targets(struct probes *probes, const struct wire_TARGETS *targets);

/* All processes there are, but for this one: where those that no command names are watched. */
void probes_watch_all(struct probes *probes);

/* Does a bounded piece of what is to be done. When to come again, CLOCK_MONOTONIC, @now_ns for at once; 0:
 * when the descriptor is readable. */
uint64_t probes_turn(struct probes *probes, uint64_t now_ns);

/* Detaches all. */
void probes_stop(struct probes *probes);

#endif
