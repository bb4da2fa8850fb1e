// SPDX-License-Identifier: Apache-2.0
/* The reader against a ring of ours: a memory file laid out like the kernel's. */
#include "ring.h"
#include "test.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  4096
#define BYTES (2 * PAGE)

struct fake {
	int fd;
	uint8_t *memory; /* consumer page, producer page, data, the same data again */
	struct ring *ring;
};

static uint64_t *consumer(struct fake *fake)
{
	return (uint64_t *)fake->memory;
}

static uint64_t *producer(struct fake *fake)
{
	return (uint64_t *)(fake->memory + PAGE);
}

static void open_fake(struct fake *fake)
{
	size_t size = 2 * PAGE + 2 * BYTES;

	fake->fd = memfd_create("ring", 0);
	CHECK(!ftruncate(fake->fd, size));
	fake->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fake->fd, 0);
	CHECK(fake->memory != MAP_FAILED);
	CHECK_EQ(ring_open(fake->fd, BYTES, &fake->ring), 0);
}

static void close_fake(struct fake *fake)
{
	ring_close(fake->ring);
	munmap(fake->memory, 2 * PAGE + 2 * BYTES);
}

/* Both copies, as the kernel's double mapping would show it. */
static void put_byte(struct fake *fake, uint64_t position, uint8_t byte)
{
	uint8_t *data = fake->memory + 2 * PAGE;

	data[position % BYTES] = data[position % BYTES + BYTES] = byte;
}

static void put_bytes(struct fake *fake, uint64_t position, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put_byte(fake, position + i, ((const uint8_t *)bytes)[i]);
}

/* Returns where the head is, for set_head. */
static uint64_t produce(struct fake *fake, uint32_t size, uint32_t flags, uint8_t fill)
{
	uint64_t position = *producer(fake);
	uint32_t head[2] = {size | flags};

	put_bytes(fake, position, head, sizeof(head));
	for (uint32_t i = 0; i < size; i++)
		put_byte(fake, position + sizeof(head) + i, fill);
	*producer(fake) = position + ((size + sizeof(head) + 7) & ~7ULL);
	return position;
}

static void expect(struct fake *fake, size_t size, uint8_t fill)
{
	size_t got;
	const uint8_t *record = ring_peek(fake->ring, &got);

	CHECK(record);
	CHECK_EQ(got, size);
	for (size_t i = 0; i < size; i++)
		CHECK_EQ(record[i], fill);
	ring_pass(fake->ring);
}

static bool is_empty(struct fake *fake)
{
	size_t size;

	return !ring_peek(fake->ring, &size);
}

static void in_order(void)
{
	struct fake fake;

	open_fake(&fake);
	CHECK(is_empty(&fake));
	produce(&fake, 16, 0, 'a');
	produce(&fake, 21, 0, 'b');
	CHECK(is_empty(&fake));
	ring_refresh(fake.ring);
	expect(&fake, 16, 'a');
	expect(&fake, 21, 'b');
	CHECK(is_empty(&fake));
	CHECK_EQ(*consumer(&fake), 0);
	ring_release(fake.ring);
	CHECK_EQ(*consumer(&fake), *producer(&fake));
	close_fake(&fake);
}

static void stays(void)
{
	struct fake fake;
	size_t size;

	open_fake(&fake);
	produce(&fake, 16, 0, 'a');
	ring_refresh(fake.ring);
	CHECK(ring_peek(fake.ring, &size) == ring_peek(fake.ring, &size));
	ring_release(fake.ring);
	CHECK_EQ(*consumer(&fake), 0);
	expect(&fake, 16, 'a');
	close_fake(&fake);
}

static void waits_for_commit(void)
{
	struct fake fake;
	uint64_t position;
	uint32_t done = 16;

	open_fake(&fake);
	position = produce(&fake, 16, BPF_RINGBUF_BUSY_BIT, 'a');
	produce(&fake, 8, 0, 'b');
	ring_refresh(fake.ring);
	CHECK(is_empty(&fake));
	put_bytes(&fake, position, &done, sizeof(done));
	expect(&fake, 16, 'a');
	expect(&fake, 8, 'b');
	close_fake(&fake);
}

static void skips_discarded(void)
{
	struct fake fake;

	open_fake(&fake);
	produce(&fake, 16, BPF_RINGBUF_DISCARD_BIT, 'x');
	produce(&fake, 16, BPF_RINGBUF_DISCARD_BIT, 'x');
	produce(&fake, 8, 0, 'b');
	produce(&fake, 8, BPF_RINGBUF_DISCARD_BIT, 'x');
	ring_refresh(fake.ring);
	expect(&fake, 8, 'b');
	CHECK(is_empty(&fake));
	ring_release(fake.ring);
	CHECK_EQ(*consumer(&fake), *producer(&fake));
	close_fake(&fake);
}

static void goes_round(void)
{
	struct fake fake;
	uint64_t state = 7;

	open_fake(&fake);
	for (int i = 0; i < 2000; i++) {
		uint32_t size = 16 + next_random(&state) % 3000;

		produce(&fake, size, 0, i);
		ring_refresh(fake.ring);
		expect(&fake, size, i);
	}
	CHECK(*producer(&fake) > 100 * BYTES);
	close_fake(&fake);
}

static void gives_back_early(void)
{
	struct fake fake;

	open_fake(&fake);
	for (int i = 0; i < 7; i++)
		produce(&fake, 1016, 0, i);
	ring_refresh(fake.ring);
	expect(&fake, 1016, 0);
	CHECK(*consumer(&fake) > 0);
	close_fake(&fake);
}

static const struct test tests[] = {
    {"records come in order, up to the last refresh, and are given back at release", in_order},
    {"a record that is not passed stays", stays},
    {"a record that is being written holds up those behind it", waits_for_commit},
    {"discarded records are passed over", skips_discarded},
    {"records of any size go round the end unbroken", goes_round},
    {"a long pass gives space back before its end", gives_back_early},
};

int main(void)
{
	return RUN_TESTS("ring", tests);
}
