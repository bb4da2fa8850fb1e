/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Out of the kernel: counters, rings, and the count of what did not fit. */
#ifndef ACCESSLOG_EMIT_H
#define ACCESSLOG_EMIT_H

#include "knobs.h"
#include "maps.h"

static __always_inline void count_many(__u32 slot, __u64 many)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &slot);

	if (value)
		*value += many;
}

static __always_inline void count(__u32 slot)
{
	count_many(slot, 1);
}

/* The ring of a connection, NULL only before the helper filled the array. */
static __always_inline void *ring_of(__u64 connection)
{
	__u32 index = connection & ring_mask;

	return bpf_map_lookup_elem(&rings, &index);
}

/* The helper is woken by the first record after it has read everything, and then takes its time, for each
 * wakeup costs more than a record. It is woken again when the ring fills sooner than it thought.
 * @records: of this direction so far */
static __always_inline __u64 wakeup(void *ring, __u32 records)
{
	if (records % WAKE_CHECK_RECORDS || bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < wake_bytes)
		return 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* The helper is woken: it has to be faster than the process. */
static __always_inline void emit_image_event(__u32 change, __u32 tgid, __u32 parent)
{
	struct image_event event = {.change = change, .tgid = tgid, .parent = parent};

	if (bpf_ringbuf_output(&image_events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP))
		count(COUNTER_dropped_ring_full_image);
}

static __always_inline void fill_head(struct record *head, __u32 size, __u32 kind, __u64 connection)
{
	head->size = size;
	head->kind = kind;
	head->flags = 0;
	head->direction = 0;
	head->syscall = SYSCALL_NONE;
	head->connection = connection;
}

#endif
