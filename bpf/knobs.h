/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Read-only switches that the helper sets before load; the verifier prunes what they turn off. And the
 * licence. */
#ifndef ACCESSLOG_KNOBS_H
#define ACCESSLOG_KNOBS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

/* Of the two licences, the one the kernel asks for. */
char LICENSE[] SEC("license") = "GPL";

/* Rings minus one; the number of rings is a power of two. */
__weak const volatile __u32 ring_mask = 0;
/* Payload limit per message, at most CAPTURE_BYTES_MAX. */
__weak const volatile __u32 capture_bytes = 8192;
/* The reader of a ring is woken when so many bytes wait in it. */
__weak const volatile __u32 wake_bytes = ~0u;
/* Processes without an entry in `targets` are watched. */
__weak const volatile bool watch_unlisted = false;
/* Per-thread state in task storage (>= 5.11), else in a hash map. */
__weak const volatile bool use_task_storage = true;
/* Pointers of which only we know what they point to are cast (>= 6.2), else read by helper. */
__weak const volatile bool use_typed_casts = false;

#endif
