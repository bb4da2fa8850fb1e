/* SPDX-License-Identifier: Apache-2.0 */
/* What is set in a BPF object between opening and loading it: bpf/knobs.h, in each object anew. */
#ifndef ACCESSLOG_KNOBS_SET_H
#define ACCESSLOG_KNOBS_SET_H

#include <stdbool.h>
#include <stdint.h>

struct knobs {
	uint32_t ring_mask;
	uint32_t capture_bytes;
	uint32_t wake_bytes;
	bool watch_unlisted;
	bool use_task_storage;
	bool use_typed_casts;
};

/* @skeleton: of any object, opened. */
#define KNOBS_SET(skeleton, knobs)                                                                           \
	do {                                                                                                 \
		(skeleton)->rodata->ring_mask = (knobs)->ring_mask;                                          \
		(skeleton)->rodata->capture_bytes = (knobs)->capture_bytes;                                  \
		(skeleton)->rodata->wake_bytes = (knobs)->wake_bytes;                                        \
		(skeleton)->rodata->watch_unlisted = (knobs)->watch_unlisted;                                \
		(skeleton)->rodata->use_task_storage = (knobs)->use_task_storage;                            \
		(skeleton)->rodata->use_typed_casts = (knobs)->use_typed_casts;                              \
	} while (0)

#endif
