/* SPDX-License-Identifier: Apache-2.0 */
/* The data line: rings -> records -> batches, and PROGRESS records where calls were folded. */
#ifndef ACCESSLOG_DRAIN_H
#define ACCESSLOG_DRAIN_H

#include "batch.h"
#include "command.h"
#include "record.h"
#include "rings.h"

#include <stdint.h>

struct drain;

struct drain_wish {
	struct rings *rings;	 /* must outlive it */
	struct batches *batches; /* must outlive it */
	uint32_t shards;
	uint32_t connections_max;
	int connections_fd;
};

/* Of the names in counters.h. */
struct drain_counts {
	uint64_t drained;
	uint64_t malformed;
	uint64_t progress;
};

/* NULL without memory. */
struct drain *drain_new(const struct drain_wish *wish);
void drain_free(struct drain *drain);

/* Takes what is in the rings now. 0: all of it. -EAGAIN: the batches are full and the rest stays where it is.
 */
int drain_rings(struct drain *drain, uint64_t now_ns);

/* How full the fullest ring was when the last drain_rings came to it. */
unsigned int drain_fill_percent(const struct drain *drain);

/* Takes one record that did not come through a ring. -EAGAIN: not taken. */
int drain_record(struct drain *drain, const struct record *record, uint64_t now_ns);

/* Looks for folded calls where that is due; only after drain_rings took everything. -EAGAIN: some are left.
 */
int drain_progress(struct drain *drain, uint64_t now_ns);

/* When drain_progress has something to do; 0: nothing is foreseen. */
uint64_t drain_due_ns(const struct drain *drain);

/* Tells the totals of every connection of which the agent does not know all calls: once the programs are
 * detached and the rings empty. -EAGAIN: call again, it goes on where it stopped. */
int drain_rest(struct drain *drain, uint64_t now_ns);

struct drain_counts drain_counts(const struct drain *drain);

#endif
