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

static __always_inline __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

#endif
