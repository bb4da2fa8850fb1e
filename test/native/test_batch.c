// SPDX-License-Identifier: Apache-2.0
/* Batches and the output behind them, through a real socket. */
#include "batch.h"
#include "frame.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2]; /* 0: the agent reads, 1: the helper writes */
static struct output *output;
static struct batches *batches;
static struct frame_reader *reader;

static void set_up(uint32_t shards)
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	output = output_new(ends[1]);
	batches = batches_new(output, shards);
	reader = frame_reader_new();
}

static void tear_down(void)
{
	batches_free(batches);
	output_free(output);
	frame_reader_free(reader);
	close(ends[0]);
	close(ends[1]);
}

/* A DATA record with @size bytes of payload that start with @number. */
static const struct record *record_of(uint32_t number, uint32_t size)
{
	static uint8_t bytes[sizeof(struct record_data) + CAPTURE_BYTES_MAX] __attribute__((aligned(8)));
	struct record_data *data = (struct record_data *)bytes;

	memset(bytes, 0xee, sizeof(bytes));
	*data = (struct record_data){.head = {.size = sizeof(*data) + size, .kind = RECORD_DATA},
				     .captured = size};
	memcpy(bytes + sizeof(*data), &number, sizeof(number));
	return &data->head;
}

struct batch {
	uint64_t kind;
	uint64_t shard;
	uint64_t records;
	const uint8_t *payload;
	uint64_t size;
};

static struct batch parse(const struct frame *frame)
{
	struct cursor cursor = {.at = frame->bytes, .end = frame->bytes + frame->size};
	struct token tokens[5];
	size_t count = 0;

	while (cursor.at != cursor.end)
		CHECK_EQ(token_next(&cursor, &tokens[count++]), 0);
	CHECK_EQ(tokens[0].value, count - 1);
	if (tokens[1].value == WIRE_BATCH)
		return (struct batch){WIRE_BATCH, tokens[2].value, tokens[3].value, tokens[4].bytes,
				      tokens[4].value};
	return (struct batch){tokens[1].value, 0, tokens[2].value, tokens[3].bytes, tokens[3].value};
}

/* Reads once. Returns false when nothing was there. */
static bool read_some(void)
{
	return frame_read(reader, ends[0]) > 0;
}

static bool next_batch(struct batch *batch)
{
	struct frame frame;

	if (frame_next(reader, &frame) != 1)
		return false;
	*batch = parse(&frame);
	return true;
}

static struct batch only_batch(void)
{
	struct batch batch;

	batches_seal(batches);
	CHECK_EQ(output_write(output), 0);
	CHECK(read_some());
	CHECK(next_batch(&batch));
	return batch;
}

static void pads(void)
{
	struct batch batch;

	set_up(2);
	for (uint32_t size = 4; size < 20; size++)
		CHECK_EQ(batches_append(batches, 1, record_of(size, size)), 0);
	batch = only_batch();
	CHECK_EQ(batch.kind, WIRE_BATCH);
	CHECK_EQ(batch.shard, 1);
	CHECK_EQ(batch.records, 16);
	for (uint32_t size = 4, at = 0; size < 20; size++) {
		const struct record *wanted = record_of(size, size);

		CHECK(!memcmp(batch.payload + at, wanted, wanted->size));
		for (at += wanted->size; at % 8; at++)
			CHECK_EQ(batch.payload[at], 0);
	}
	tear_down();
}

static void process_lane(void)
{
	struct record_process process = {.head = {.size = sizeof(process), .kind = RECORD_PROCESS}};
	struct batch batch;

	set_up(3);
	CHECK_EQ(batches_append(batches, batches_process_lane(batches), &process.head), 0);
	batch = only_batch();
	CHECK_EQ(batch.kind, WIRE_PROCESSES);
	CHECK_EQ(batch.records, 1);
	CHECK_EQ(batch.size, sizeof(process));
	tear_down();
}

static void empty_seal(void)
{
	set_up(4);
	batches_seal(batches);
	CHECK(!output_waiting(output));
	CHECK_EQ(batches_counts(batches).messages, 0);
	tear_down();
}

/* Takes all that comes and checks that numbers go up by one. */
static void take_numbers(uint32_t *next)
{
	struct batch batch;

	while (next_batch(&batch)) {
		uint64_t at = 0;

		for (uint64_t i = 0; i < batch.records; i++) {
			struct record record;
			uint32_t number;

			memcpy(&record, batch.payload + at, sizeof(record));
			memcpy(&number, batch.payload + at + sizeof(struct record_data), sizeof(number));
			CHECK_EQ(number, (*next)++);
			at += (record.size + 7) & ~7u;
		}
		CHECK_EQ(at, batch.size);
	}
}

static uint32_t size_of_number(uint32_t number)
{
	return 4 + number * 7919 % (CAPTURE_BYTES_MAX - 4);
}

static void fills_up(void)
{
	uint32_t appended = 0, taken = 0;

	set_up(1);
	while (!batches_append(batches, 0, record_of(appended, size_of_number(appended))))
		appended++;
	/* The open one of this shard and those that may wait, less what a last record left free in each; one
	 * is the process lane's, which does not use it. */
	CHECK(appended > BATCHES_WAITING_MAX * (OUTPUT_LARGE_BYTES / (CAPTURE_BYTES_MAX + 200)));
	CHECK_EQ(batches_append(batches, 0, record_of(appended, size_of_number(appended))), -EAGAIN);
	CHECK_EQ(output_write(output), -EAGAIN);
	while (output_write(output) == -EAGAIN || output_waiting(output)) {
		CHECK(read_some());
		take_numbers(&taken);
	}
	CHECK_EQ(batches_append(batches, 0, record_of(appended, size_of_number(appended))), 0);
	appended++;
	batches_seal(batches);
	CHECK_EQ(output_write(output), 0);
	while (read_some())
		take_numbers(&taken);
	CHECK_EQ(taken, appended);
	CHECK_EQ(batches_counts(batches).records, appended);
	tear_down();
}

static void under_pressure(void)
{
	uint32_t appended = 0, taken = 0;
	uint64_t state = 99;

	set_up(1);
	while (appended < 20000) {
		if (!batches_append(batches, 0, record_of(appended, size_of_number(appended))))
			appended++;
		else
			CHECK(read_some());
		if (next_random(&state) % 8 == 0)
			batches_seal(batches);
		output_write(output);
		take_numbers(&taken);
	}
	batches_seal(batches);
	while (taken < appended) {
		output_write(output);
		CHECK(read_some());
		take_numbers(&taken);
	}
	CHECK_EQ(taken, 20000);
	tear_down();
}

static void small_ones(void)
{
	struct buffer *held[OUTPUT_SMALL_MAX];

	set_up(1);
	for (int i = 0; i < OUTPUT_SMALL_MAX; i++) {
		CHECK_EQ(output_spare(output, BUFFER_SMALL), OUTPUT_SMALL_MAX - i);
		held[i] = output_take(output, BUFFER_SMALL);
		CHECK(held[i]);
	}
	CHECK(!output_take(output, BUFFER_SMALL));
	CHECK_EQ(batches_append(batches, 0, record_of(0, 4)), 0);
	for (int i = 0; i < OUTPUT_SMALL_MAX; i++)
		output_put_back(output, held[i]);
	CHECK_EQ(output_spare(output, BUFFER_SMALL), OUTPUT_SMALL_MAX);
	tear_down();
}

static void gone(void)
{
	set_up(1);
	close(ends[0]);
	CHECK_EQ(batches_append(batches, 0, record_of(0, 4)), 0);
	batches_seal(batches);
	CHECK_EQ(output_write(output), -EPIPE);
	ends[0] = dup(ends[1]);
	tear_down();
}

static void nobody_reads(void)
{
	set_up(1);
	while (!batches_append(batches, 0, record_of(0, 8000)))
		;
	CHECK_EQ(output_flush(output, 1), -ETIMEDOUT);
	tear_down();
}

static const struct test tests[] = {
    {"records of any size are padded with zeros and otherwise untouched", pads},
    {"PROCESS records go in a message of their own", process_lane},
    {"sealing nothing sends nothing", empty_seal},
    {"when nobody reads, records are refused and none is lost", fills_up},
    {"order and content survive any mix of sealing, writing and reading", under_pressure},
    {"single messages have buffers of their own, bounded too", small_ones},
    {"a reader that is gone is an error, not a signal", gone},
    {"a flush ends at its deadline", nobody_reads},
};

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	return RUN_TESTS("batch", tests);
}
