/* SPDX-License-Identifier: Apache-2.0 */
/* When to look for folded calls, and what to make of what is found. The kernel counts calls in the middle of
 * a body without a record of their own, but only within FOLD_NS of a record. So one look a little later than
 * that after each record finds them all; a record before then moves the look, which busy connections never
 * see.
 *
 * Pure: the caller has the clock and the map. Ticks are 10 ms of CLOCK_MONOTONIC; looks of one tick are made
 * together, so that many quiet connections do not mean many wakeups. */
#ifndef ACCESSLOG_PROGRESS_H
#define ACCESSLOG_PROGRESS_H

#include "record.h"
#include "sockets.h"

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_TICK_NS 10000000ULL

/* Looks that can wait at the same time, at most one per connection. At the limit a connection gets its look
 * with a later record; CLOSE and the end of the session tell its totals in any case. */
#define PROGRESS_PENDING_MAX 65536

struct progress;

/* @sockets must outlive it. NULL without memory. */
struct progress *progress_new(struct sockets *sockets);
void progress_free(struct progress *progress);

/* Takes note of a record on its way to the agent. -ENOSPC: no room in the table for an OPEN, nothing
 * happened. */
int progress_note(struct progress *progress, const struct record *record, uint64_t now_ns);

/* When the next look is due, CLOCK_MONOTONIC; 0: none. */
uint64_t progress_due_ns(const struct progress *progress);

/* The next connection to look at, or NULL when none is due. Valid until the next change of the table. */
struct socket *progress_next(struct progress *progress, uint64_t now_ns);

/* Whether to tell these totals from the map. A PROGRESS record must not overtake a DATA record, so while the
 * map has counted more records than arrived, another look is arranged; those still missing then were lost
 * because their ring was full. */
bool progress_judge(struct progress *progress, struct socket *socket, const struct totals totals[2],
		    uint64_t now_ns);

/* Arranges another look at @socket. */
void progress_again(struct progress *progress, struct socket *socket, uint64_t now_ns);

/* The agent does not know of all these calls. */
bool progress_untold(const struct socket *socket, const struct totals totals[2]);

/* The agent has been told these totals. */
void progress_told(struct socket *socket, const struct totals totals[2]);

#endif
