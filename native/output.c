// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/uio.h>

#define VECTORS_MAX 32

struct output {
	int fd;
	struct buffer *first; /* being written */
	struct buffer *last;
	struct buffer *spare[2]; /* by sort; the one used last is taken first, it is still in the cache */
	uint32_t taken[2];	 /* by sort, those with the caller and those waiting */
	uint32_t most[2];
};

static const uint32_t buffer_bytes[] = {
    [BUFFER_SMALL] = OUTPUT_SMALL_BYTES,
    [BUFFER_LARGE] = OUTPUT_LARGE_BYTES,
};

struct output *output_new(int fd)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output) {
		output->fd = fd;
		output->most[BUFFER_SMALL] = OUTPUT_SMALL_MAX;
	}
	return output;
}

static void free_list(struct buffer *buffer)
{
	while (buffer) {
		struct buffer *next = buffer->next;

		free(buffer);
		buffer = next;
	}
}

void output_free(struct output *output)
{
	if (!output)
		return;
	free_list(output->first);
	free_list(output->spare[BUFFER_SMALL]);
	free_list(output->spare[BUFFER_LARGE]);
	free(output);
}

void output_set_large_max(struct output *output, uint32_t count)
{
	output->most[BUFFER_LARGE] = count;
}

struct buffer *output_take(struct output *output, enum buffer_sort sort)
{
	struct buffer *buffer = output->spare[sort];

	if (output->taken[sort] == output->most[sort])
		return NULL;
	if (buffer)
		output->spare[sort] = buffer->next;
	else
		buffer = malloc(sizeof(*buffer) + buffer_bytes[sort]);
	if (!buffer)
		return NULL;
	output->taken[sort]++;
	buffer->next = NULL;
	buffer->sort = sort;
	buffer->start = buffer->end = 0;
	return buffer;
}

void output_put_back(struct output *output, struct buffer *buffer)
{
	output->taken[buffer->sort]--;
	buffer->next = output->spare[buffer->sort];
	output->spare[buffer->sort] = buffer;
}

uint32_t output_spare(const struct output *output, enum buffer_sort sort)
{
	return output->most[sort] - output->taken[sort];
}

void output_push(struct output *output, struct buffer *buffer)
{
	buffer->next = NULL;
	if (output->first)
		output->last->next = buffer;
	else
		output->first = buffer;
	output->last = buffer;
}

bool output_waiting(const struct output *output)
{
	return output->first;
}

static int gather(const struct output *output, struct iovec vectors[VECTORS_MAX])
{
	int count = 0;

	for (struct buffer *b = output->first; b && count < VECTORS_MAX; b = b->next)
		vectors[count++] =
		    (struct iovec){.iov_base = b->bytes + b->start, .iov_len = b->end - b->start};
	return count;
}

static void consume(struct output *output, size_t written)
{
	while (output->first) {
		struct buffer *buffer = output->first;
		size_t left = buffer->end - buffer->start;

		if (written < left) {
			buffer->start += written;
			return;
		}
		written -= left;
		output->first = buffer->next;
		output_put_back(output, buffer);
	}
}

int output_write(struct output *output)
{
	struct iovec vectors[VECTORS_MAX];
	ssize_t written;

	while (output->first) {
		written = writev(output->fd, vectors, gather(output, vectors));
		if (written >= 0)
			consume(output, written);
		else if (errno != EINTR)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	return 0;
}

static int wait_writable(int fd, uint64_t deadline_ns)
{
	struct pollfd wanted = {.fd = fd, .events = POLLOUT};
	uint64_t now_ns = clock_now_ns();

	if (now_ns >= deadline_ns)
		return -ETIMEDOUT;
	poll(&wanted, 1, clock_ms_until(now_ns, deadline_ns));
	return 0;
}

int output_flush(struct output *output, uint64_t deadline_ns)
{
	int error = output_write(output);

	while (error == -EAGAIN && !wait_writable(output->fd, deadline_ns))
		error = output_write(output);
	return error == -EAGAIN ? -ETIMEDOUT : error;
}
