/* SPDX-License-Identifier: Apache-2.0 */
/* The single messages to the agent: put together, encoded, queued. Batches are in batch.h. */
#ifndef ACCESSLOG_ANSWER_H
#define ACCESSLOG_ANSWER_H

#include "counters.h"
#include "library.h"
#include "output.h"
#include "problem.h"
#include "programs.h"
#include "record.h"

#include <stdint.h>

struct ready {
	const struct programs *programs;
	uint32_t rings;
	uint64_t ring_bytes;
	uint64_t scanned_sockets;
};

struct counters {
	uint64_t kernel[COUNTER_MAX];
	uint64_t helper[HELPER_COUNTER_MAX];
};

/* Each returns 0, -EAGAIN when no small buffer is free, -ENOBUFS when the message does not fit into one. */
int answer_hello(struct output *output);
int answer_ready(struct output *output, const struct ready *ready);
int answer_counters(struct output *output, const struct counters *counters);
int answer_problem(struct output *output, const struct problem *problem);
int answer_library(struct output *output, const struct library *library);
int answer_stopped(struct output *output);

#endif
