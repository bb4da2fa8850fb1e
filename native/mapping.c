// SPDX-License-Identifier: Apache-2.0
#include "mapping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* proc(5): "start-end perms offset major:minor inode   path". A path with a line feed in it has it as \012
 * and is not found. */
bool mapping_parse(const char *line, struct mapping *mapping)
{
	char permissions[5];
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%*x %4s %*x %*x:%*x %" SCNu64 " %n", &mapping->start, permissions,
		   &mapping->inode, &path) < 3)
		return false;
	if (permissions[2] != 'x' || !mapping->inode || line[path] != '/')
		return false;
	snprintf(mapping->path, sizeof(mapping->path), "%s", line + path);
	mapping->path[strcspn(mapping->path, "\n")] = '\0';
	return true;
}

static int read_lines(FILE *file, int (*take)(void *arg, const struct mapping *mapping), void *arg)
{
	struct mapping mapping;
	uint64_t last = 0;
	char *line = NULL;
	size_t size = 0;
	int result = 0;

	while (!result && getline(&line, &size, file) > 0) {
		if (!mapping_parse(line, &mapping) || mapping.inode == last)
			continue;
		last = mapping.inode;
		result = take(arg, &mapping);
	}
	free(line);
	return result;
}

int mapping_each(uint32_t tgid, int (*take)(void *arg, const struct mapping *mapping), void *arg)
{
	char path[32];
	FILE *file;
	int result;

	snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	result = read_lines(file, take, arg);
	fclose(file);
	return result;
}
