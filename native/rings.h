/* SPDX-License-Identifier: Apache-2.0 */
/* All rings together: made, handed to the programs, and waited for through one descriptor. */
#ifndef ACCESSLOG_RINGS_H
#define ACCESSLOG_RINGS_H

#include "ring.h"

#include <stddef.h>
#include <stdint.h>

/* Whenever another such part of a ring has filled, its reader is woken. */
#define RINGS_WAKE_PARTS 4

struct rings {
	int poll_fd; /* readable when any ring has something */
	uint32_t count;
	size_t bytes; /* of each */
	struct ring *ring[];
};

/* How many rings: a power of two, at least one per CPU and per shard, at most RINGS_MAX. */
uint32_t rings_count(uint32_t cpus, uint32_t shards);

/* Bytes of each ring, a power of two of pages, so that all together have @per_cpu_bytes per CPU. */
size_t rings_bytes(size_t per_cpu_bytes, uint32_t cpus, uint32_t rings);

/* Makes @count rings of @bytes and puts them into the array of maps @map_fd. 0 or -errno. */
int rings_new(int map_fd, uint32_t count, size_t bytes, struct rings **rings);

/* How full the fullest ring is now. */
unsigned int rings_waiting_percent(struct rings *rings);

void rings_free(struct rings *rings);

#endif
