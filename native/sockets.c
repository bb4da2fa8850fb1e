// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"

#include <stdlib.h>

#define SLOTS_FIRST 256

struct sockets {
	struct socket *slots;
	size_t mask; /* slots minus one */
	size_t count;
	size_t most;
};

struct sockets *sockets_new(size_t most)
{
	struct sockets *sockets = calloc(1, sizeof(*sockets));

	if (!sockets)
		return NULL;
	sockets->slots = calloc(SLOTS_FIRST, sizeof(*sockets->slots));
	if (!sockets->slots) {
		free(sockets);
		return NULL;
	}
	sockets->mask = SLOTS_FIRST - 1;
	sockets->most = most;
	return sockets;
}

void sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return;
	free(sockets->slots);
	free(sockets);
}

size_t sockets_count(const struct sockets *sockets)
{
	return sockets->count;
}

/* Fibonacci hashing: ids count up in their high bits, so the product's high half is what is spread. */
static size_t home(const struct sockets *sockets, uint64_t connection)
{
	return (connection * 0x9e3779b97f4a7c15ULL) >> 32 & sockets->mask;
}

/* The slot of @connection, or the free one where it would go. */
static size_t probe(const struct sockets *sockets, uint64_t connection)
{
	size_t slot = home(sockets, connection);

	while (sockets->slots[slot].connection && sockets->slots[slot].connection != connection)
		slot = (slot + 1) & sockets->mask;
	return slot;
}

struct socket *sockets_find(struct sockets *sockets, uint64_t connection)
{
	struct socket *socket = &sockets->slots[probe(sockets, connection)];

	return socket->connection ? socket : NULL;
}

static bool grow(struct sockets *sockets)
{
	size_t slots = 2 * (sockets->mask + 1);
	struct sockets larger = *sockets;

	larger.slots = calloc(slots, sizeof(*larger.slots));
	larger.mask = slots - 1;
	if (!larger.slots)
		return false;
	for (size_t i = 0; i <= sockets->mask; i++)
		if (sockets->slots[i].connection)
			larger.slots[probe(&larger, sockets->slots[i].connection)] = sockets->slots[i];
	free(sockets->slots);
	*sockets = larger;
	return true;
}

struct socket *sockets_add(struct sockets *sockets, uint64_t connection, uint64_t sock)
{
	struct socket *socket = sockets_find(sockets, connection);

	if (socket || !connection)
		return socket;
	if (sockets->count == sockets->most)
		return NULL;
	if (2 * (sockets->count + 1) > sockets->mask && !grow(sockets))
		return NULL;
	socket = &sockets->slots[probe(sockets, connection)];
	*socket = (struct socket){.connection = connection, .sock = sock};
	sockets->count++;
	return socket;
}

/* Closes the hole: an entry further on moves in when its home lies at or before the hole, so that probing
 * never meets a free slot before an entry that is there. */
static void close_hole(struct sockets *sockets, size_t hole)
{
	size_t slot = hole;

	while (true) {
		slot = (slot + 1) & sockets->mask;
		if (!sockets->slots[slot].connection)
			break;
		if (((slot - home(sockets, sockets->slots[slot].connection)) & sockets->mask) <
		    ((slot - hole) & sockets->mask))
			continue;
		sockets->slots[hole] = sockets->slots[slot];
		hole = slot;
	}
	sockets->slots[hole].connection = 0;
}

void sockets_remove(struct sockets *sockets, uint64_t connection)
{
	size_t slot = probe(sockets, connection);

	if (!sockets->slots[slot].connection)
		return;
	close_hole(sockets, slot);
	sockets->count--;
}

void sockets_sweep(struct sockets *sockets, bool (*gone)(void *arg, const struct socket *socket), void *arg)
{
	for (size_t slot = 0; slot <= sockets->mask;) {
		const struct socket *socket = &sockets->slots[slot];

		/* What moves into the hole is looked at next. */
		if (socket->connection && gone(arg, socket))
			sockets_remove(sockets, socket->connection);
		else
			slot++;
	}
}
