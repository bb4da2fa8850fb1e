/* SPDX-License-Identifier: Apache-2.0 */
/* Records on their way out: one open batch per shard, and one for PROCESS records. A batch is built in the
 * buffer it will be written from. When nothing more fits and no buffer can be had, the caller must leave the
 * record where it is: that is how a slow agent ends in the kernel's own counters. */
#ifndef ACCESSLOG_BATCH_H
#define ACCESSLOG_BATCH_H

#include "record.h"
#include "output.h"

#include <stdbool.h>
#include <stdint.h>

/* Large buffers beyond one per lane: 10 MiB that the agent may lag behind, as it does when all cores are
 * busy. */
#define BATCHES_WAITING_MAX 72

struct batches;

/* What went into sealed batches; for COUNTERS. */
struct batch_counts {
	uint64_t records;
	uint64_t messages;
};

/* Room for the records of @shards shards. @output must outlive it and is given its number of large buffers.
 * NULL without memory. */
struct batches *batches_new(struct output *output, uint32_t shards);

/* Gives back the buffers; what is in open batches is lost. */
void batches_free(struct batches *batches);

/* The lane of PROCESS records; shards are lanes 0 to shards - 1. */
uint32_t batches_process_lane(const struct batches *batches);

/* Copies the record and pads it to 8 bytes. -EAGAIN: there is no room now; nothing was copied. */
int batches_append(struct batches *batches, uint32_t lane, const struct record *record);

/* Turns every open batch with records into a message to write. */
void batches_seal(struct batches *batches);

struct batch_counts batches_counts(const struct batches *batches);

#endif
