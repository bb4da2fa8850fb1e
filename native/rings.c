// SPDX-License-Identifier: Apache-2.0
#include "rings.h"

#include "record.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Both must be powers of two for masks. */
static uint64_t round_up(uint64_t value, uint64_t from)
{
	uint64_t power = from;

	while (power < value)
		power *= 2;
	return power;
}

uint32_t rings_count(uint32_t cpus, uint32_t shards)
{
	uint64_t count = round_up(cpus > shards ? cpus : shards, 1);

	return count < RINGS_MAX ? count : RINGS_MAX;
}

size_t rings_bytes(size_t per_cpu_bytes, uint32_t cpus, uint32_t rings)
{
	/* With more CPUs than rings each ring is the buffer of several. */
	uint64_t share = rings < cpus ? (uint64_t)per_cpu_bytes * cpus / rings : per_cpu_bytes;

	return round_up(share, sysconf(_SC_PAGESIZE));
}

static int add_ring(struct rings *rings, int map_fd, uint32_t index)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "accesslog_ring", 0, 0, rings->bytes, NULL);
	struct epoll_event event = {.events = EPOLLIN};
	int error;

	if (fd < 0)
		return -errno;
	error = ring_open(fd, rings->bytes, &rings->ring[index]);
	if (error) {
		close(fd);
		return error;
	}
	rings->count = index + 1;
	if (bpf_map_update_elem(map_fd, &index, &fd, BPF_ANY) ||
	    epoll_ctl(rings->poll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

int rings_new(int map_fd, uint32_t count, size_t bytes, struct rings **rings)
{
	struct rings *fresh = calloc(1, sizeof(*fresh) + count * sizeof(struct ring *));
	int error = 0;

	if (!fresh)
		return -ENOMEM;
	fresh->bytes = bytes;
	fresh->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (fresh->poll_fd < 0)
		error = -errno;
	for (uint32_t i = 0; i < count && !error; i++)
		error = add_ring(fresh, map_fd, i);
	if (error)
		rings_free(fresh);
	else
		*rings = fresh;
	return error;
}

unsigned int rings_waiting_percent(struct rings *rings)
{
	unsigned int fullest = 0;

	for (uint32_t i = 0; i < rings->count; i++) {
		ring_refresh(rings->ring[i]);
		if (ring_fill_percent(rings->ring[i]) > fullest)
			fullest = ring_fill_percent(rings->ring[i]);
	}
	return fullest;
}

void rings_free(struct rings *rings)
{
	if (!rings)
		return;
	for (uint32_t i = 0; i < rings->count; i++)
		ring_close(rings->ring[i]);
	if (rings->poll_fd >= 0)
		close(rings->poll_fd);
	free(rings);
}
