// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Space is given back in steps of this part of the ring: seldom enough that the kernel's producers do not
 * fight over the position's cache line with us, often enough that a full ring drains early. */
#define RELEASE_PARTS 16

struct ring {
	int fd;
	size_t bytes;
	uint64_t position; /* of the next record to look at */
	uint64_t released; /* what the kernel was told */
	uint64_t produced; /* what the kernel told at the last refresh */
	uint64_t *consumer_position;
	const uint64_t *producer_position;
	const uint8_t *data; /* mapped twice in a row, so that no record is broken at the end */
};

static size_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Layout: page 0 is the reader's, writable; page 1 the producer's; then the data, twice. */
static int map(struct ring *ring)
{
	size_t page = page_bytes();
	void *mapped;

	mapped = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->consumer_position = mapped;
	mapped = mmap(NULL, page + 2 * ring->bytes, PROT_READ, MAP_SHARED, ring->fd, page);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->producer_position = mapped;
	ring->data = (const uint8_t *)mapped + page;
	return 0;
}

int ring_open(int fd, size_t bytes, struct ring **ring)
{
	struct ring *fresh = calloc(1, sizeof(*fresh));
	int error;

	if (!fresh)
		return -ENOMEM;
	fresh->fd = fd;
	fresh->bytes = bytes;
	error = map(fresh);
	if (error) {
		/* The descriptor stays the caller's when there is no ring to own it. */
		fresh->fd = -1;
		ring_close(fresh);
		return error;
	}
	fresh->position = fresh->released = fresh->produced = *fresh->consumer_position;
	*ring = fresh;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->producer_position)
		munmap((void *)ring->producer_position, page_bytes() + 2 * ring->bytes);
	if (ring->consumer_position)
		munmap(ring->consumer_position, page_bytes());
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring);
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

static const uint32_t *head_at(const struct ring *ring, uint64_t position)
{
	return (const uint32_t *)(ring->data + (position & (ring->bytes - 1)));
}

static uint32_t size_of(uint32_t head)
{
	return head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
}

void ring_refresh(struct ring *ring)
{
	ring->produced = __atomic_load_n(ring->producer_position, __ATOMIC_ACQUIRE);
}

/* The head acts as the record's lock: with BUSY gone, all its bytes are there. */
static bool is_ready(const struct ring *ring)
{
	if (ring->position == ring->produced)
		return false;
	return !(__atomic_load_n(head_at(ring, ring->position), __ATOMIC_ACQUIRE) & BPF_RINGBUF_BUSY_BIT);
}

unsigned int ring_fill_percent(const struct ring *ring)
{
	return (ring->produced - ring->position) * 100 / ring->bytes;
}

const void *ring_peek(struct ring *ring, size_t *size)
{
	while (is_ready(ring)) {
		const uint32_t *head = head_at(ring, ring->position);

		if (!(*head & BPF_RINGBUF_DISCARD_BIT)) {
			*size = size_of(*head);
			return (const uint8_t *)head + BPF_RINGBUF_HDR_SZ;
		}
		ring_pass(ring);
	}
	return NULL;
}

void ring_pass(struct ring *ring)
{
	uint32_t size = size_of(*head_at(ring, ring->position));

	ring->position += (size + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
	if (ring->position - ring->released >= ring->bytes / RELEASE_PARTS)
		ring_release(ring);
}

void ring_release(struct ring *ring)
{
	if (ring->released == ring->position)
		return;
	ring->released = ring->position;
	__atomic_store_n(ring->consumer_position, ring->position, __ATOMIC_RELEASE);
}
