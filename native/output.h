/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the agent: messages in order, written when the other side reads, never more than fits.
 *
 *   output_take -> fill .bytes[] -> output_push -> (written) -> back to the pool
 *
 * There are two sorts of buffers. Large ones carry batches; their number is the bound on what waits when the
 * agent is slow. Small ones carry single messages; they have a bound of their own, so that answers go out
 * even when every large one is waiting. */
#ifndef ACCESSLOG_OUTPUT_H
#define ACCESSLOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_LARGE_BYTES (256 * 1024)
#define OUTPUT_SMALL_BYTES (8 * 1024)
#define OUTPUT_SMALL_MAX   64

enum buffer_sort {
	BUFFER_SMALL,
	BUFFER_LARGE,
};

struct buffer {
	struct buffer *next;
	enum buffer_sort sort;
	uint32_t start; /* first byte of the message */
	uint32_t end;	/* one past its last */
	uint8_t bytes[];
};

struct output;

/* Writes to @fd, which the caller keeps and has made non-blocking. NULL without memory. */
struct output *output_new(int fd);
void output_free(struct output *output);

/* How many large buffers there may be; 0 until set. They are allocated when first needed. */
void output_set_large_max(struct output *output, uint32_t count);

/* An empty buffer, owned by the caller until it is pushed or put back; NULL at the bound or without memory.
 */
struct buffer *output_take(struct output *output, enum buffer_sort sort);
void output_put_back(struct output *output, struct buffer *buffer);

/* How many more can be taken. */
uint32_t output_spare(const struct output *output, enum buffer_sort sort);

/* The buffer's bytes from start to end are the next thing to write. */
void output_push(struct output *output, struct buffer *buffer);

/* Writes what the other side takes. 0: nothing is left. -EAGAIN: something is. -EPIPE: the agent is gone. */
int output_write(struct output *output);

/* Something waits because the other side did not take it. */
bool output_waiting(const struct output *output);

/* Waits until nothing is left, at most until @deadline_ns (CLOCK_MONOTONIC); then -ETIMEDOUT. */
int output_flush(struct output *output, uint64_t deadline_ns);

#endif
