/* SPDX-License-Identifier: Apache-2.0 */
/* Connection id -> its socket and what the agent has been told about it, for the connections that are open.
 * Open addressing, linear probing, at most half full; grows from small to its bound. */
#ifndef ACCESSLOG_SOCKETS_H
#define ACCESSLOG_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What records told of one direction; both modulo 2^32. */
struct told {
	uint32_t calls;
	uint32_t records;
};

struct socket {
	uint64_t connection; /* 0: the slot is free */
	uint64_t sock;	     /* key of the `connections` map */
	struct told told[2]; /* by direction */
	uint64_t look_tick;  /* when folded calls are looked for, in ticks of progress.h; 0: never */
	uint32_t counted;    /* records in the map at the last look, when some had not arrived; else 0 */
};

struct sockets;

/* Holds at most @most connections. NULL without memory. */
struct sockets *sockets_new(size_t most);
void sockets_free(struct sockets *sockets);

/* The entry, or NULL. Valid until the next sockets_add or sockets_remove. */
struct socket *sockets_find(struct sockets *sockets, uint64_t connection);

/* The entry of @connection, new or not. NULL at the bound or without memory. */
struct socket *sockets_add(struct sockets *sockets, uint64_t connection, uint64_t sock);

/* Nothing happens when it is not there. */
void sockets_remove(struct sockets *sockets, uint64_t connection);

/* Removes the entries for which @gone is true: their CLOSE was lost in the kernel. */
void sockets_sweep(struct sockets *sockets, bool (*gone)(void *arg, const struct socket *socket), void *arg);

size_t sockets_count(const struct sockets *sockets);

#endif
