// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <errno.h>
#include <stdlib.h>

/* One tick for rounding, one for the time between a call's end and its appearance in the map. */
#define LOOK_AFTER_TICKS (FOLD_NS / PROGRESS_TICK_NS + 2)

struct look {
	uint64_t connection;
	uint64_t tick;
};

struct progress {
	struct sockets *sockets;
	uint32_t first; /* of the looks; counts up, masked on access */
	uint32_t end;
	struct look looks[PROGRESS_PENDING_MAX];
};

struct progress *progress_new(struct sockets *sockets)
{
	/* Pages are touched as looks wait: not cleared. */
	struct progress *progress = malloc(sizeof(*progress));

	if (progress) {
		progress->sockets = sockets;
		progress->first = progress->end = 0;
	}
	return progress;
}

void progress_free(struct progress *progress)
{
	free(progress);
}

static struct look *look_at(struct progress *progress, uint32_t position)
{
	return &progress->looks[position % PROGRESS_PENDING_MAX];
}

/* Looks are in the order of their ticks, but one that was moved may stand behind later ones, and is late
 * then. */
static void arrange(struct progress *progress, struct socket *socket, uint64_t tick)
{
	if (progress->end - progress->first == PROGRESS_PENDING_MAX)
		return;
	*look_at(progress, progress->end++) = (struct look){.connection = socket->connection, .tick = tick};
	socket->look_tick = tick;
}

void progress_again(struct progress *progress, struct socket *socket, uint64_t now_ns)
{
	uint64_t tick = now_ns / PROGRESS_TICK_NS + LOOK_AFTER_TICKS;

	if (socket->look_tick)
		socket->look_tick = tick;
	else
		arrange(progress, socket, tick);
}

/* Both count up modulo 2^32; what the table of the kernel says may lag behind what a record said. */
static bool is_ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void tell(struct told *told, uint32_t calls, uint32_t records)
{
	if (is_ahead(calls, told->calls))
		told->calls = calls;
	if (is_ahead(records, told->records))
		told->records = records;
}

static int note_open(struct progress *progress, const struct record_open *open)
{
	if (!open->success)
		return 0;
	return sockets_add(progress->sockets, open->head.connection, open->sock) ? 0 : -ENOSPC;
}

static void note_data(struct progress *progress, const struct record_data *data, uint64_t now_ns)
{
	struct socket *socket = sockets_find(progress->sockets, data->head.connection);
	unsigned int direction = data->head.direction & 1;

	/* Plaintext has totals of its own, and nothing of it is folded. */
	if (!socket || data->head.flags & DATA_PLAINTEXT)
		return;
	tell(&socket->told[direction], data->before.calls + 1, data->before.records + 1);
	tell(&socket->told[!direction], data->peer.calls, data->peer.records);
	socket->counted = 0;
	progress_again(progress, socket, now_ns);
}

int progress_note(struct progress *progress, const struct record *record, uint64_t now_ns)
{
	switch (record->kind) {
	case RECORD_OPEN:
		return note_open(progress, (const struct record_open *)record);
	case RECORD_DATA:
		note_data(progress, (const struct record_data *)record, now_ns);
		return 0;
	case RECORD_CLOSE:
		sockets_remove(progress->sockets, record->connection);
		return 0;
	default:
		return 0;
	}
}

uint64_t progress_due_ns(const struct progress *progress)
{
	if (progress->first == progress->end)
		return 0;
	return progress->looks[progress->first % PROGRESS_PENDING_MAX].tick * PROGRESS_TICK_NS;
}

struct socket *progress_next(struct progress *progress, uint64_t now_ns)
{
	uint64_t tick = now_ns / PROGRESS_TICK_NS, moved_to;

	while (progress->first != progress->end && look_at(progress, progress->first)->tick <= tick) {
		struct look look = *look_at(progress, progress->first++);
		struct socket *socket = sockets_find(progress->sockets, look.connection);

		if (!socket)
			continue;
		moved_to = socket->look_tick;
		socket->look_tick = 0;
		if (moved_to <= tick)
			return socket;
		arrange(progress, socket, moved_to);
	}
	return NULL;
}

bool progress_untold(const struct socket *socket, const struct totals totals[2])
{
	return is_ahead(totals[0].calls, socket->told[0].calls) ||
	       is_ahead(totals[1].calls, socket->told[1].calls);
}

bool progress_judge(struct progress *progress, struct socket *socket, const struct totals totals[2],
		    uint64_t now_ns)
{
	bool missing = is_ahead(totals[0].records, socket->told[0].records) ||
		       is_ahead(totals[1].records, socket->told[1].records);
	uint32_t counted = totals[0].records + totals[1].records;

	if (!missing || socket->counted == counted)
		return progress_untold(socket, totals);
	socket->counted = counted;
	progress_again(progress, socket, now_ns);
	return false;
}

void progress_told(struct socket *socket, const struct totals totals[2])
{
	tell(&socket->told[0], totals[0].calls, totals[0].records);
	tell(&socket->told[1], totals[1].calls, totals[1].records);
	socket->counted = 0;
}
