// SPDX-License-Identifier: Apache-2.0
/* The helper with its programs in this kernel, watching this process as it talks to itself over TCP. Needs
 * root. */
#include "child.h"
#include "counters.h"
#include "record.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#define RINGS_BYTES 65536

/* What came, and what of it the tests ask for. */
struct seen {
	uint64_t kinds[8];
	uint64_t records;
	struct record_open last_open;
	struct totals last_totals[2]; /* of a CLOSE or PROGRESS */
};

static struct seen seen;

static void note(const struct record *record)
{
	seen.records++;
	seen.kinds[record->kind]++;
	if (record->kind == RECORD_OPEN)
		memcpy(&seen.last_open, record, sizeof(seen.last_open));
	if (record->kind == RECORD_CLOSE)
		memcpy(seen.last_totals, ((const struct record_close *)record)->totals,
		       sizeof(seen.last_totals));
	if (record->kind == RECORD_PROGRESS)
		memcpy(seen.last_totals, ((const struct record_progress *)record)->totals,
		       sizeof(seen.last_totals));
}

static void note_batch(struct message *message)
{
	static uint64_t aligned[WIRE_MESSAGE_MAX_BYTES / sizeof(uint64_t)];
	struct token token = take(&message->fields);
	uint64_t at = 0, records;

	if (message->kind == WIRE_BATCH)
		token = take(&message->fields);
	records = token.value;
	token = take(&message->fields);
	memcpy(aligned, token.bytes, token.value);
	for (; at < token.value; records--) {
		const struct record *record = (const struct record *)((const uint8_t *)aligned + at);

		CHECK(record_is_valid(record, token.value - at));
		note(record);
		at += (record->size + 7) & ~7u;
	}
	CHECK_EQ(records, 0);
}

/* Batches on the way to a message of @kind are noted. */
/* What comes without having been asked for; a library is told of whatever the process runs. */
static void note_other(struct message *message)
{
	if (message->kind == WIRE_LIBRARY)
		return;
	CHECK(message->kind == WIRE_BATCH || message->kind == WIRE_PROCESSES);
	note_batch(message);
}

static struct message until(struct child *child, enum wire_kind kind)
{
	struct message message = {};

	while (true) {
		CHECK(child_receive(child, &message));
		if (message.kind == kind)
			return message;
		note_other(&message);
	}
}

static void receive_batch(struct child *child)
{
	struct message message = {};

	CHECK(child_receive(child, &message));
	note_other(&message);
}

/* Batches until a record of @kind came that was not there before. */
static void until_record(struct child *child, enum record_kind kind, uint64_t count)
{
	while (seen.kinds[kind] < count)
		receive_batch(child);
}

static struct child start(void)
{
	struct child child = child_session();
	struct wire_CONFIGURE configure = {
	    .protocolVersion = WIRE_PROTOCOL_VERSION,
	    .shards = 2,
	    .perCpuBufferBytes = RINGS_BYTES,
	    .captureBytes = 8192,
	    .connectionsMax = 1024,
	};

	memset(&seen, 0, sizeof(seen));
	child_expect(&child, WIRE_HELLO);
	child_send(&child, WIRE_CONFIGURE, &configure);
	until(&child, WIRE_READY);
	return child;
}

static void watch(struct child *child, pid_t pid)
{
	uint8_t bytes[9];
	struct wire_writer writer = {.at = bytes, .end = bytes + sizeof(bytes)};
	struct wire_TARGETS targets = {};

	wire_put_uint(&writer, pid);
	targets.watch = (struct wire_items){.bytes = bytes, .size = writer.at - bytes, .count = 1};
	child_send(child, WIRE_TARGETS, &targets);
}

struct connected {
	int client;
	int server;
};

static struct connected make_connection(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct connected connected = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	CHECK(!bind(listener, (struct sockaddr *)&address, size) && !listen(listener, 1));
	getsockname(listener, (struct sockaddr *)&address, &size);
	CHECK(!connect(connected.client, (struct sockaddr *)&address, size));
	connected.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(connected.server >= 0);
	close(listener);
	return connected;
}

static void move(int from, int to, const void *bytes, size_t size)
{
	uint8_t taken[65536];
	size_t got = 0;

	CHECK_EQ(write(from, bytes, size), size);
	while (got < size)
		got += read(to, taken, sizeof(taken));
}

/* Reads COUNTERS into both arrays. */
static void take_counters(struct message *message, uint64_t kernel[COUNTER_MAX],
			  uint64_t helper[HELPER_COUNTER_MAX])
{
	CHECK_EQ(take(&message->fields).value, COUNTER_MAX);
	for (int i = 0; i < COUNTER_MAX; i++)
		kernel[i] = take(&message->fields).value;
	CHECK_EQ(take(&message->fields).value, HELPER_COUNTER_MAX);
	for (int i = 0; i < HELPER_COUNTER_MAX; i++)
		helper[i] = take(&message->fields).value;
}

/* Ends the session; checks that every record that anyone counted has come, or was counted as dropped. */
static void finish(struct child *child, uint64_t kernel[COUNTER_MAX])
{
	uint64_t helper[HELPER_COUNTER_MAX];
	struct message message;

	child_send(child, WIRE_SHUTDOWN, NULL);
	message = until(child, WIRE_COUNTERS);
	take_counters(&message, kernel, helper);
	CHECK_EQ(kernel[COUNTER_operations_read] + kernel[COUNTER_operations_write],
		 kernel[COUNTER_records_data] + kernel[COUNTER_folded] +
		     kernel[COUNTER_dropped_ring_full_data]);
	CHECK_EQ(seen.kinds[RECORD_DATA], kernel[COUNTER_records_data]);
	CHECK_EQ(seen.kinds[RECORD_CLOSE], kernel[COUNTER_records_close]);
	CHECK_EQ(seen.kinds[RECORD_PROGRESS], helper[HELPER_COUNTER_progress_records]);
	CHECK_EQ(seen.records, helper[HELPER_COUNTER_records_forwarded]);
	CHECK_EQ(helper[HELPER_COUNTER_records_drained], helper[HELPER_COUNTER_records_forwarded]);
	CHECK_EQ(helper[HELPER_COUNTER_records_malformed], 0);
	child_expect(child, WIRE_STOPPED);
	CHECK(!child_receive(child, &message));
	CHECK_EQ(child_end(child), 0);
}

static const char request[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

static void whole_life(void)
{
	struct child child = start();
	uint64_t kernel[COUNTER_MAX];
	struct connected c;

	watch(&child, getpid());
	child_send(&child, WIRE_STATS, NULL);
	until(&child, WIRE_COUNTERS);
	c = make_connection();
	move(c.client, c.server, request, strlen(request));
	until_record(&child, RECORD_DATA, 2);
	close(c.client);
	close(c.server);
	until_record(&child, RECORD_CLOSE, 2);
	CHECK_EQ(seen.kinds[RECORD_OPEN], 2);
	finish(&child, kernel);
	CHECK_EQ(kernel[COUNTER_operations_connect], 1);
	CHECK_EQ(kernel[COUNTER_operations_accept], 1);
	CHECK_EQ(kernel[COUNTER_bytes_write], strlen(request));
}

static void open_before(void)
{
	struct connected c = make_connection();
	struct child child = start();
	uint64_t kernel[COUNTER_MAX];

	CHECK_EQ(seen.kinds[RECORD_OPEN], 0);
	watch(&child, getpid());
	until_record(&child, RECORD_OPEN, 2);
	CHECK_EQ(seen.last_open.origin, ORIGIN_SCAN);
	CHECK_EQ(seen.last_open.tgid, getpid());
	finish(&child, kernel);
	close(c.client);
	close(c.server);
}

static void nobody_watched(void)
{
	struct child child = start();
	struct connected c = make_connection();
	uint64_t kernel[COUNTER_MAX];

	move(c.client, c.server, request, strlen(request));
	close(c.client);
	close(c.server);
	finish(&child, kernel);
	CHECK_EQ(seen.records, 0);
}

/* One record for the head, then calls that are counted only: their totals come a little later by themselves.
 */
static void folded_calls(void)
{
	static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
	static uint8_t body[50000];
	struct child child = start();
	uint64_t kernel[COUNTER_MAX];
	struct connected c;

	watch(&child, getpid());
	child_send(&child, WIRE_STATS, NULL);
	until(&child, WIRE_COUNTERS);
	c = make_connection();
	move(c.server, c.client, response, strlen(response));
	for (int i = 0; i < 200; i++)
		move(c.server, c.client, body, sizeof(body));
	while (seen.last_totals[0].bytes + seen.last_totals[1].bytes < strlen(response) + 200 * sizeof(body))
		receive_batch(&child);
	CHECK(seen.kinds[RECORD_PROGRESS] > 0);
	CHECK_EQ(seen.kinds[RECORD_CLOSE], 0);
	finish(&child, kernel);
	CHECK(kernel[COUNTER_folded] > 0);
	close(c.client);
	close(c.server);
}

/* The totals that nobody was told before are told at the end. */
static void last_totals(void)
{
	static const char response[] = "HTTP/1.1 200 OK\r\n\r\n";
	static uint8_t body[50000];
	struct child child = start();
	uint64_t kernel[COUNTER_MAX];
	struct connected c;

	watch(&child, getpid());
	child_send(&child, WIRE_STATS, NULL);
	until(&child, WIRE_COUNTERS);
	c = make_connection();
	move(c.server, c.client, response, strlen(response));
	for (int i = 0; i < 20; i++)
		move(c.server, c.client, body, sizeof(body));
	finish(&child, kernel);
	CHECK_EQ(kernel[COUNTER_bytes_write], strlen(response) + 20 * sizeof(body));
	CHECK_EQ(kernel[COUNTER_bytes_read], strlen(response) + 20 * sizeof(body));
	close(c.client);
	close(c.server);
}

/* Far more than pipe, buffers and rings hold: some is dropped in the kernel, and the sums still hold. */
static void slow_agent(void)
{
	char message[4096] = "GET /";
	struct child child = start();
	uint64_t kernel[COUNTER_MAX];
	struct connected c;

	memset(message + 5, 'x', sizeof(message) - 5);
	watch(&child, getpid());
	child_send(&child, WIRE_STATS, NULL);
	until(&child, WIRE_COUNTERS);
	c = make_connection();
	for (int i = 0; i < 4000; i++)
		move(c.client, c.server, message, sizeof(message));
	/* Commands are answered although records wait; here the answer stands behind them. */
	child_send(&child, WIRE_STATS, NULL);
	until(&child, WIRE_COUNTERS);
	finish(&child, kernel);
	CHECK(kernel[COUNTER_dropped_ring_full_data] > 0);
	close(c.client);
	close(c.server);
}

static const struct test tests[] = {
    {"a connection of a watched process is told from its connect to its close", whole_life},
    {"sockets that are open already are told once their process is watched", open_before},
    {"nothing is told of a process that is not watched", nobody_watched},
    {"calls that have no record of their own are told within a moment", folded_calls},
    {"the last totals come with the shutdown", last_totals},
    {"a slow agent loses only what the kernel counts", slow_agent},
};

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	return RUN_TESTS("capture", tests);
}
