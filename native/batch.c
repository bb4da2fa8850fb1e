// SPDX-License-Identifier: Apache-2.0
#include "batch.h"

#include "frame.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The payload starts here, so that the message's head can be put right before it once the sizes are known.
 * A multiple of 8: the agent's view of the payload is aligned when the buffer is. */
#define HEADROOM (FRAME_LENGTH_BYTES + WIRE_HEAD_MAX_BYTES + 4)

_Static_assert(HEADROOM % 8 == 0, "payload is aligned");
_Static_assert(OUTPUT_LARGE_BYTES <= WIRE_MESSAGE_MAX_BYTES, "a batch fits into a message");

struct lane {
	struct buffer *open; /* NULL: no record since the last batch was sealed */
	uint32_t records;
};

struct batches {
	struct output *output;
	struct batch_counts counts;
	uint32_t shards;
	struct lane lanes[];
};

struct batches *batches_new(struct output *output, uint32_t shards)
{
	struct batches *batches = calloc(1, sizeof(*batches) + (shards + 1) * sizeof(struct lane));

	if (!batches)
		return NULL;
	batches->output = output;
	batches->shards = shards;
	output_set_large_max(output, shards + 1 + BATCHES_WAITING_MAX);
	return batches;
}

void batches_free(struct batches *batches)
{
	if (!batches)
		return;
	for (uint32_t i = 0; i <= batches->shards; i++)
		if (batches->lanes[i].open)
			output_put_back(batches->output, batches->lanes[i].open);
	free(batches);
}

uint32_t batches_process_lane(const struct batches *batches)
{
	return batches->shards;
}

/* Returns the bytes of the message that precede the payload. */
static int encode_head(const struct batches *batches, uint32_t index, uint8_t into[WIRE_HEAD_MAX_BYTES])
{
	const struct lane *lane = &batches->lanes[index];
	struct wire_bytes payload = {.size = lane->open->end - HEADROOM};
	struct wire_BATCH batch = {.shard = index, .records = lane->records, .payload = payload};
	struct wire_PROCESSES processes = {.records = lane->records, .payload = payload};

	if (index == batches->shards)
		return wire_encode(WIRE_PROCESSES, &processes, into, WIRE_HEAD_MAX_BYTES);
	return wire_encode(WIRE_BATCH, &batch, into, WIRE_HEAD_MAX_BYTES);
}

static void seal(struct batches *batches, uint32_t index)
{
	struct lane *lane = &batches->lanes[index];
	struct buffer *buffer = lane->open;
	uint8_t head[WIRE_HEAD_MAX_BYTES];
	int size = encode_head(batches, index, head);

	buffer->start = HEADROOM - size;
	memcpy(buffer->bytes + buffer->start, head, size);
	buffer->start -= FRAME_LENGTH_BYTES;
	frame_put_length(buffer->bytes + buffer->start, buffer->end - buffer->start - FRAME_LENGTH_BYTES);
	batches->counts.records += lane->records;
	batches->counts.messages++;
	output_push(batches->output, buffer);
	lane->open = NULL;
	lane->records = 0;
}

void batches_seal(struct batches *batches)
{
	for (uint32_t i = 0; i <= batches->shards; i++)
		if (batches->lanes[i].open)
			seal(batches, i);
}

static struct buffer *buffer_with_room(struct batches *batches, uint32_t index, uint32_t size)
{
	struct lane *lane = &batches->lanes[index];

	if (lane->open && OUTPUT_LARGE_BYTES - lane->open->end >= size)
		return lane->open;
	if (lane->open)
		seal(batches, index);
	lane->open = output_take(batches->output, BUFFER_LARGE);
	if (lane->open)
		lane->open->start = lane->open->end = HEADROOM;
	return lane->open;
}

int batches_append(struct batches *batches, uint32_t lane, const struct record *record)
{
	uint32_t size = record->size, padded = (size + 7) & ~7u;
	struct buffer *buffer = buffer_with_room(batches, lane, padded);

	if (!buffer)
		return -EAGAIN;
	memcpy(buffer->bytes + buffer->end, record, size);
	memset(buffer->bytes + buffer->end + size, 0, padded - size);
	buffer->end += padded;
	batches->lanes[lane].records++;
	return 0;
}

struct batch_counts batches_counts(const struct batches *batches)
{
	return batches->counts;
}
