/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's counters, summed over CPUs. */
#ifndef ACCESSLOG_STATS_H
#define ACCESSLOG_STATS_H

#include "record.h"

#include <stdint.h>

/* Reads the `counters` map into @sums, in the order of KERNEL_COUNTERS. 0 or -errno. */
int stats_read(int counters_fd, uint64_t sums[COUNTER_MAX]);

#endif
