// SPDX-License-Identifier: Apache-2.0
#include "stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

static int sum_slot(int fd, uint32_t slot, uint64_t *values, int cpus, uint64_t *sum)
{
	*sum = 0;
	if (bpf_map_lookup_elem(fd, &slot, values))
		return -errno;
	for (int cpu = 0; cpu < cpus; cpu++)
		*sum += values[cpu];
	return 0;
}

int stats_read(int counters_fd, uint64_t sums[COUNTER_MAX])
{
	int cpus = libbpf_num_possible_cpus(), error = 0;
	uint64_t *values;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < COUNTER_MAX && !error; slot++)
		error = sum_slot(counters_fd, slot, values, cpus, &sums[slot]);
	free(values);
	return error;
}
