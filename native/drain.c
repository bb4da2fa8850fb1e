// SPDX-License-Identifier: Apache-2.0
#include "drain.h"

#include "progress.h"
#include "sockets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct drain {
	struct drain_wish wish;
	struct drain_counts counts;
	struct sockets *sockets;
	struct progress *progress;
	uint32_t next_ring; /* where a pass that found no room goes on, so that no ring waits for ever */
	unsigned int fill_percent; /* of the fullest ring of the last pass */
	uint64_t rest_key;	   /* where drain_rest goes on; 0: at the start */
};

struct drain *drain_new(const struct drain_wish *wish)
{
	struct drain *drain = calloc(1, sizeof(*drain));

	if (!drain)
		return NULL;
	drain->wish = *wish;
	/* Those open in the kernel, and as many whose CLOSE is still in a ring. */
	drain->sockets = sockets_new(2 * (size_t)wish->connections_max);
	if (drain->sockets)
		drain->progress = progress_new(drain->sockets);
	if (!drain->progress) {
		drain_free(drain);
		return NULL;
	}
	return drain;
}

void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	progress_free(drain->progress);
	sockets_free(drain->sockets);
	free(drain);
}

struct drain_counts drain_counts(const struct drain *drain)
{
	return drain->counts;
}

unsigned int drain_fill_percent(const struct drain *drain)
{
	return drain->fill_percent;
}

uint64_t drain_due_ns(const struct drain *drain)
{
	return progress_due_ns(drain->progress);
}

/* The low bits of a connection id are the ring of its records. */
static uint32_t lane_of(const struct drain *drain, const struct record *record)
{
	if (record->kind == RECORD_PROCESS)
		return batches_process_lane(drain->wish.batches);
	return (record->connection & (drain->wish.rings->count - 1)) % drain->wish.shards;
}

static bool find_in_kernel(const struct drain *drain, uint64_t sock, uint64_t connection,
			   struct connection *found)
{
	return !bpf_map_lookup_elem(drain->wish.connections_fd, &sock, found) && found->id == connection;
}

static bool is_gone(void *arg, const struct socket *socket)
{
	struct connection found;

	return !find_in_kernel(arg, socket->sock, socket->connection, &found);
}

int drain_record(struct drain *drain, const struct record *record, uint64_t now_ns)
{
	int error = batches_append(drain->wish.batches, lane_of(drain, record), record);

	if (error)
		return error;
	drain->counts.drained++;
	if (progress_note(drain->progress, record, now_ns) == -ENOSPC) {
		sockets_sweep(drain->sockets, is_gone, drain);
		progress_note(drain->progress, record, now_ns);
	}
	return 0;
}

static int drain_ring(struct drain *drain, struct ring *ring, uint64_t now_ns)
{
	const struct record *record;
	size_t size;
	int error = 0;

	ring_refresh(ring);
	if (ring_fill_percent(ring) > drain->fill_percent)
		drain->fill_percent = ring_fill_percent(ring);
	while (!error && (record = ring_peek(ring, &size))) {
		if (record_is_valid(record, size)) {
			error = drain_record(drain, record, now_ns);
		} else {
			drain->counts.drained++;
			drain->counts.malformed++;
		}
		if (!error)
			ring_pass(ring);
	}
	ring_release(ring);
	return error;
}

int drain_rings(struct drain *drain, uint64_t now_ns)
{
	struct rings *rings = drain->wish.rings;
	int error = 0;

	drain->fill_percent = 0;
	for (uint32_t i = 0; i < rings->count && !error; i++) {
		error = drain_ring(drain, rings->ring[drain->next_ring], now_ns);
		if (!error)
			drain->next_ring = (drain->next_ring + 1) % rings->count;
	}
	return error;
}

static int ship_progress(struct drain *drain, uint64_t connection, const struct totals totals[2],
			 uint64_t now_ns)
{
	struct record_progress progress = {
	    .head = {.size = sizeof(progress), .kind = RECORD_PROGRESS, .connection = connection},
	    .totals = {totals[0], totals[1]},
	};
	int error = drain_record(drain, &progress.head, now_ns);

	if (!error)
		drain->counts.progress++;
	return error;
}

/* A look that found no room is taken again with the next tick. */
static int look(struct drain *drain, struct socket *socket, uint64_t now_ns)
{
	struct connection found;
	int error;

	if (!find_in_kernel(drain, socket->sock, socket->connection, &found))
		return 0;
	if (!progress_judge(drain->progress, socket, found.totals, now_ns))
		return 0;
	error = ship_progress(drain, found.id, found.totals, now_ns);
	if (error)
		progress_again(drain->progress, socket, now_ns);
	else
		progress_told(socket, found.totals);
	return error;
}

int drain_progress(struct drain *drain, uint64_t now_ns)
{
	struct socket *socket;
	int error = 0;

	while (!error && (socket = progress_next(drain->progress, now_ns)))
		error = look(drain, socket, now_ns);
	return error;
}

/* The agent cannot use totals of a connection whose OPEN it never got; that loss has its own counter. One
 * whose CLOSE it got has left the table of sockets. */
static bool is_rest(const struct drain *drain, const struct connection *c)
{
	static const struct socket nothing_told;
	const struct socket *socket = sockets_find(drain->sockets, c->id);

	if (!(c->flags & CONNECTION_OPENED) || (!socket && c->flags & CONNECTION_CLOSED))
		return false;
	return progress_untold(socket ? socket : &nothing_told, c->totals);
}

int drain_rest(struct drain *drain, uint64_t now_ns)
{
	int fd = drain->wish.connections_fd, error;
	struct connection found;
	uint64_t key;

	while (!bpf_map_get_next_key(fd, drain->rest_key ? &drain->rest_key : NULL, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &found) && is_rest(drain, &found)) {
			error = ship_progress(drain, found.id, found.totals, now_ns);
			if (error)
				return error;
		}
		drain->rest_key = key;
	}
	return 0;
}
