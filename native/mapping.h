/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/maps: the files whose code a process runs. */
#ifndef ACCESSLOG_MAPPING_H
#define ACCESSLOG_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#define MAPPING_PATH_BYTES 4096

struct mapping {
	uint64_t start; /* address */
	uint64_t inode;
	char path[MAPPING_PATH_BYTES]; /* as the process sees it, in its own mount namespace */
};

/* Reads one line. False: it is no file that is mapped to be executed. */
bool mapping_parse(const char *line, struct mapping *mapping);

/* Calls @take for each file that the process runs, once per file in a row, until it returns non-zero. 0, what
 * @take returned, or -errno (-ENOENT, -ESRCH: the process is gone). */
int mapping_each(uint32_t tgid, int (*take)(void *arg, const struct mapping *mapping), void *arg);

#endif
