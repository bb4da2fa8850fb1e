// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include "clock.h"
#include "frame.h"
#include "version.h"
#include "wire.h"

#include <errno.h>
#include <sys/utsname.h>
#include <unistd.h>

static int send(struct output *output, enum wire_kind kind, const void *message)
{
	struct buffer *buffer = output_take(output, BUFFER_SMALL);
	int size;

	if (!buffer)
		return -EAGAIN;
	size = wire_encode(kind, message, buffer->bytes + FRAME_LENGTH_BYTES,
			   OUTPUT_SMALL_BYTES - FRAME_LENGTH_BYTES);
	if (size < 0) {
		output_put_back(output, buffer);
		return size;
	}
	frame_put_length(buffer->bytes, size);
	buffer->end = FRAME_LENGTH_BYTES + size;
	output_push(output, buffer);
	return 0;
}

int answer_hello(struct output *output)
{
	struct utsname kernel;
	struct wire_HELLO hello = {
	    .protocolVersion = WIRE_PROTOCOL_VERSION,
	    .eventLayoutVersion = EVENT_LAYOUT_VERSION,
	    .helperVersion = HELPER_VERSION,
	    .pid = getpid(),
	    .kernelRelease = kernel.release,
	};

	uname(&kernel);
	return send(output, WIRE_HELLO, &hello);
}

static void put_program(struct wire_writer *writer, const struct program_state *state)
{
	wire_put_array(writer, 3);
	wire_put_text(writer, state->name);
	wire_put_text(writer, program_status_name(state->status));
	wire_put_text(writer, state->reason);
}

static struct wire_items written(const uint8_t *bytes, const struct wire_writer *writer, uint64_t count)
{
	return (struct wire_items){.bytes = bytes, .size = writer->at - bytes, .count = count};
}

/* The monotonic clock is read on both sides of the other, so that a pause between them shows up as half of
 * it. */
static uint64_t boot_time_ns(void)
{
	uint64_t before_ns = clock_now_ns();
	uint64_t real_ns = clock_read_ns(CLOCK_REALTIME);
	uint64_t after_ns = clock_now_ns();

	return real_ns - (before_ns + (after_ns - before_ns) / 2);
}

int answer_ready(struct output *output, const struct ready *ready)
{
	uint8_t bytes[OUTPUT_SMALL_BYTES];
	struct wire_writer writer = {.at = bytes, .end = bytes + sizeof(bytes)};
	struct wire_READY message = {
	    .ringCount = ready->rings,
	    .ringBytes = ready->ring_bytes,
	    .scannedSockets = ready->scanned_sockets,
	    .bootTimeNs = boot_time_ns(),
	};

	for (size_t i = 0; i < ready->programs->count; i++)
		put_program(&writer, &ready->programs->states[i]);
	if (writer.full)
		return -ENOBUFS;
	message.programs = written(bytes, &writer, ready->programs->count);
	return send(output, WIRE_READY, &message);
}

static struct wire_items put_numbers(struct wire_writer *writer, const uint64_t *values, size_t count)
{
	const uint8_t *start = writer->at;

	for (size_t i = 0; i < count; i++)
		wire_put_uint(writer, values[i]);
	return written(start, writer, count);
}

int answer_counters(struct output *output, const struct counters *counters)
{
	uint8_t bytes[9 * (COUNTER_MAX + HELPER_COUNTER_MAX)]; /* a number takes nine bytes at most */
	struct wire_writer writer = {.at = bytes, .end = bytes + sizeof(bytes)};
	struct wire_COUNTERS message = {
	    .kernel = put_numbers(&writer, counters->kernel, COUNTER_MAX),
	};

	message.helper = put_numbers(&writer, counters->helper, HELPER_COUNTER_MAX);
	return send(output, WIRE_COUNTERS, &message);
}

int answer_problem(struct output *output, const struct problem *problem)
{
	struct wire_PROBLEM message = {
	    .code = problem_name(problem->code),
	    .fatal = problem->fatal,
	    .where = problem->where,
	    .message = problem->message,
	};

	return send(output, WIRE_PROBLEM, &message);
}

int answer_library(struct output *output, const struct library *library)
{
	struct wire_LIBRARY message = {
	    .path = library->path,
	    .library = library_kind_name(library->kind),
	    .status = library_status_name(library->status),
	    .reason = library->reason,
	    .pid = library->first_tgid,
	    .processes = library->users,
	};

	return send(output, WIRE_LIBRARY, &message);
}

int answer_stopped(struct output *output)
{
	return send(output, WIRE_STOPPED, NULL);
}
