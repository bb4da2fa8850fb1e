/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Is this process ours? Asked first by every program that sees all processes. */
#ifndef ACCESSLOG_TARGET_H
#define ACCESSLOG_TARGET_H

#include "knobs.h"
#include "maps.h"

static __always_inline bool watched(__u32 tgid)
{
	__u32 *decision = bpf_map_lookup_elem(&targets, &tgid);

	return decision ? *decision == TARGET_WATCH : watch_unlisted;
}

/* Counted up by the helper whenever it has changed the targets of processes that exist, so that a thread has
 * to look itself up once and not at each call. What the programs change concerns processes without a past
 * only. */
__weak volatile __u32 targets_generation = 1;

static __always_inline __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

#endif
