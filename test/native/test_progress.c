// SPDX-License-Identifier: Apache-2.0
#include "progress.h"
#include "test.h"

#include <errno.h>

#define MS    1000000ULL
#define START (1000 * MS)

static struct sockets *sockets;
static struct progress *progress;

static void set_up(size_t most)
{
	sockets = sockets_new(most);
	progress = progress_new(sockets);
}

static void tear_down(void)
{
	progress_free(progress);
	sockets_free(sockets);
}

static int open_connection(uint64_t id)
{
	struct record_open open = {
	    .head = {.kind = RECORD_OPEN, .connection = id}, .sock = id + 1000, .success = 1};

	return progress_note(progress, &open.head, START);
}

/* The call after @calls others in @direction, of which @records had a record. */
static void data(uint64_t id, int direction, uint32_t calls, uint32_t records, uint64_t now_ns)
{
	struct record_data record = {
	    .head = {.kind = RECORD_DATA, .connection = id, .direction = direction},
	    .before = {.calls = calls, .records = records},
	};

	CHECK_EQ(progress_note(progress, &record.head, now_ns), 0);
}

static void close_connection(uint64_t id)
{
	struct record_close record = {.head = {.kind = RECORD_CLOSE, .connection = id}};

	progress_note(progress, &record.head, START);
}

/* Totals of one direction; the other stays empty. */
static bool judge(struct socket *socket, uint32_t calls, uint32_t records, uint64_t now_ns)
{
	struct totals totals[2] = {{.calls = calls, .records = records}};
	bool ship = progress_judge(progress, socket, totals, now_ns);

	if (ship)
		progress_told(socket, totals);
	return ship;
}

static void one_look(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	CHECK_EQ(progress_due_ns(progress), 0);
	data(1, 0, 0, 0, START);
	CHECK(progress_due_ns(progress) >= START + FOLD_NS + 10 * MS);
	CHECK(progress_due_ns(progress) <= START + FOLD_NS + 30 * MS);
	CHECK(!progress_next(progress, progress_due_ns(progress) - 1));
	socket = progress_next(progress, progress_due_ns(progress));
	CHECK(socket && socket->connection == 1);
	CHECK_EQ(progress_due_ns(progress), 0);
	tear_down();
}

static void moved_look(void)
{
	uint64_t now_ns = START, first_ns;
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, now_ns);
	first_ns = progress_due_ns(progress);
	for (uint32_t i = 1; i < 100; i++) {
		now_ns += 20 * MS;
		CHECK(!progress_next(progress, now_ns));
		data(1, 0, i, i, now_ns);
	}
	CHECK(progress_due_ns(progress) > first_ns);
	socket = progress_next(progress, now_ns + 200 * MS);
	CHECK(socket && socket->connection == 1);
	CHECK(!progress_next(progress, now_ns + 200 * MS));
	tear_down();
}

static void nothing_folded(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, START);
	socket = progress_next(progress, START + 200 * MS);
	CHECK(!judge(socket, 1, 1, START + 200 * MS));
	CHECK_EQ(progress_due_ns(progress), 0);
	tear_down();
}

static void folded(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, START);
	socket = progress_next(progress, START + 200 * MS);
	CHECK(judge(socket, 12, 1, START + 200 * MS));
	CHECK(!judge(socket, 12, 1, START + 200 * MS));
	tear_down();
}

static void peer_is_told(void)
{
	struct record_data record = {
	    .head = {.kind = RECORD_DATA, .connection = 1, .direction = 1},
	    .peer = {.calls = 5, .records = 2},
	};

	set_up(8);
	open_connection(1);
	progress_note(progress, &record.head, START);
	CHECK(!judge(progress_next(progress, START + 200 * MS), 5, 2, START));
	tear_down();
}

static void does_not_overtake(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, START);
	socket = progress_next(progress, START + 200 * MS);
	/* The kernel has counted a second record; it arrives before the second look. */
	CHECK(!judge(socket, 9, 2, START + 200 * MS));
	data(1, 0, 8, 1, START + 201 * MS);
	socket = progress_next(progress, START + 400 * MS);
	CHECK(socket);
	CHECK(!judge(socket, 9, 2, START + 400 * MS));
	tear_down();
}

static void lost_record(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, START);
	socket = progress_next(progress, START + 200 * MS);
	CHECK(!judge(socket, 9, 2, START + 200 * MS));
	socket = progress_next(progress, START + 400 * MS);
	CHECK(judge(socket, 9, 2, START + 400 * MS));
	CHECK_EQ(socket->told[0].records, 2);
	tear_down();
}

/* The map can be read between the moment a record left and the moment its call was added. */
static void map_behind(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, 8, 1, START);
	socket = progress_next(progress, START + 200 * MS);
	CHECK(!judge(socket, 8, 2, START + 200 * MS));
	tear_down();
}

static void wraps(void)
{
	struct socket *socket;

	set_up(8);
	open_connection(1);
	data(1, 0, UINT32_MAX - 1, UINT32_MAX - 1, START);
	socket = sockets_find(sockets, 1);
	/* A jump of half the range cannot be told from going back: the first record of an old connection. */
	socket->told[0] = (struct told){.calls = UINT32_MAX, .records = UINT32_MAX};
	CHECK(judge(socket, 3, UINT32_MAX, START));
	CHECK_EQ(socket->told[0].calls, 3);
	tear_down();
}

static void closed(void)
{
	set_up(8);
	open_connection(1);
	data(1, 0, 0, 0, START);
	close_connection(1);
	CHECK(!progress_next(progress, START + 200 * MS));
	data(1, 0, 1, 1, START);
	CHECK_EQ(progress_due_ns(progress), 0);
	tear_down();
}

static void failed_connect(void)
{
	struct record_open open = {.head = {.kind = RECORD_OPEN, .connection = 1}};

	set_up(8);
	CHECK_EQ(progress_note(progress, &open.head, START), 0);
	CHECK_EQ(sockets_count(sockets), 0);
	tear_down();
}

static void full_table(void)
{
	set_up(2);
	CHECK_EQ(open_connection(1), 0);
	CHECK_EQ(open_connection(2), 0);
	CHECK_EQ(open_connection(3), -ENOSPC);
	CHECK_EQ(open_connection(2), 0);
	close_connection(1);
	CHECK_EQ(open_connection(3), 0);
	tear_down();
}

static void many(void)
{
	size_t looks = 0;

	set_up(PROGRESS_PENDING_MAX + 100);
	for (uint64_t id = 1; id <= PROGRESS_PENDING_MAX + 100; id++) {
		open_connection(id);
		data(id, 0, 0, 0, START);
	}
	while (progress_next(progress, START + 200 * MS))
		looks++;
	CHECK_EQ(looks, PROGRESS_PENDING_MAX);
	/* The one that found no place gets its look with the next record. */
	data(PROGRESS_PENDING_MAX + 100, 0, 1, 1, START + 200 * MS);
	CHECK(progress_next(progress, START + 400 * MS));
	tear_down();
}

static const struct test tests[] = {
    {"a record is followed by one look, a little after calls can be folded behind it", one_look},
    {"each record moves the look, so that a busy connection has none", moved_look},
    {"when the map says what was told, nothing is told", nothing_folded},
    {"folded calls are told once", folded},
    {"what a record says about the other direction is told", peer_is_told},
    {"totals do not overtake a record on its way", does_not_overtake},
    {"a record that never comes was lost, and the totals are told", lost_record},
    {"a map that lags behind a record tells nothing", map_behind},
    {"counts that wrap are still ahead", wraps},
    {"a closed connection is not looked at", closed},
    {"a connect that failed is not followed", failed_connect},
    {"a full table says so, and takes more once there is room", full_table},
    {"looks are bounded", many},
};

int main(void)
{
	return RUN_TESTS("progress", tests);
}
