/* SPDX-License-Identifier: Apache-2.0 */
/* What a CONFIGURE starts and a SHUTDOWN ends: programs, rings, and the line from the rings to the output. */
#ifndef ACCESSLOG_CAPTURE_H
#define ACCESSLOG_CAPTURE_H

#include "answer.h"
#include "command.h"
#include "output.h"
#include "problem.h"

#include <stdint.h>

struct capture;

/* Loads, attaches and scans; the records of the sockets found are in the output when it returns. @output must
 * outlive it. 0, or -errno with @problem filled. */
int capture_start(const struct wire_CONFIGURE *configure, struct output *output, struct capture **capture,
		  struct problem *problem);

/* Detaches, if that was not done. */
void capture_free(struct capture *capture);

/* Readable when capture_pass has something to do at once. */
int capture_poll_fd(const struct capture *capture);

/* Whether that is to become readable with the first record, as at the start. A record that is made while this
 * changes may be passed over: a pass a moment later finds it. */
void capture_wait(struct capture *capture, bool waits);
/* Readable when capture_probes_turn has something to do at once; -1: it never has. */
int capture_probes_poll_fd(const struct capture *capture);

/* Looks after the probes in TLS libraries, a bounded piece of it. When to come again, 0: when the descriptor
 * is readable. */
uint64_t capture_probes_turn(struct capture *capture, uint64_t now_ns);

/* When capture_pass has something to do without that; 0: nothing is foreseen. CLOCK_MONOTONIC. */
uint64_t capture_due_ns(const struct capture *capture);

/* Moves all there is to the output and writes it; @records: how many records that were. 0, or -EAGAIN: the
 * agent does not read and all buffers are full, call again when it does. Other errors are those of writing.
 */
int capture_pass(struct capture *capture, uint64_t now_ns, uint64_t *records);

/* How full the fullest ring is now. */
unsigned int capture_waiting_percent(struct capture *capture);

/* How full the fullest ring was in the last pass: how much later the next one may be. */
unsigned int capture_fill_percent(const struct capture *capture);

/* Applies the command; sockets that the processes have open become known at once. 0, or -errno with @problem.
 */
int capture_targets(struct capture *capture, const struct wire_TARGETS *targets, struct problem *problem);

/* Applies the command. 0, or -errno with @problem. */
int capture_cgroups(struct capture *capture, const struct wire_CGROUPS *cgroups, struct problem *problem);

void capture_mute(struct capture *capture, const struct wire_MUTE *mute);

/* Detaches, drains the rings to the end, tells all totals. 0, or -ETIMEDOUT when the agent does not take it.
 */
int capture_finish(struct capture *capture, uint64_t deadline_ns);

/* Fills @ready; it points into @capture. */
void capture_describe(const struct capture *capture, struct ready *ready);

/* Seals what is gathered, so that what the counters say went out does go out before them. */
void capture_count(struct capture *capture, struct counters *counters);

#endif
