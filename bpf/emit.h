/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Out of the kernel: counters, rings, and the count of what did not fit. */
#ifndef ACCESSLOG_EMIT_H
#define ACCESSLOG_EMIT_H

#include "knobs.h"
#include "maps.h"

/* Those of this CPU; never NULL, which the verifier does not believe. */
static __always_inline struct kernel_counts *counts_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline void count(enum kernel_counter counter)
{
	struct kernel_counts *counts = counts_here();

	if (counts)
		counts->values[counter]++;
}

/* The ring of a connection, NULL only before the helper filled the array. */
static __always_inline void *ring_of(__u64 connection)
{
	__u32 index = connection & ring_mask;

	return bpf_map_lookup_elem(&rings, &index);
}

/* Set by the helper: it waits for the first record of any ring. While it collects by the clock it is not
 * woken, for each wakeup costs the thread that makes the record more than the record does. */
__weak volatile __u32 reader_waits = 1;

/* Flags of bpf_ringbuf_output; 0 wakes the reader when it had read everything before. */
static __always_inline __u64 wakeup(void)
{
	return reader_waits ? 0 : BPF_RB_NO_WAKEUP;
}

/* The same, but the reader is woken as well when the ring fills sooner than it thought.
 * @records: of this direction so far */
static __always_inline __u64 wakeup_by_fill(void *ring, __u32 records)
{
	if (records % WAKE_CHECK_RECORDS || bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < wake_bytes)
		return wakeup();
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
