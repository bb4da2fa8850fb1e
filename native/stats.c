// SPDX-License-Identifier: Apache-2.0
#include "stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void sum_up(const struct kernel_counts *counts, int cpus, uint64_t sums[COUNTER_MAX])
{
	memset(sums, 0, COUNTER_MAX * sizeof(*sums));
	for (int cpu = 0; cpu < cpus; cpu++)
		for (int i = 0; i < COUNTER_MAX; i++)
			sums[i] += counts[cpu].values[i];
}

int stats_read(int counters_fd, uint64_t sums[COUNTER_MAX])
{
	int cpus = libbpf_num_possible_cpus(), error = 0;
	struct kernel_counts *counts;
	uint32_t zero = 0;

	if (cpus < 0)
		return cpus;
	counts = calloc(cpus, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	if (bpf_map_lookup_elem(counters_fd, &zero, counts))
		error = -errno;
	else
		sum_up(counts, cpus, sums);
	free(counts);
	return error;
}
