// SPDX-License-Identifier: Apache-2.0
#include "libraries.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUCKETS 1024

/* Files that are remembered, most of which hold no TLS library; at the limit those are forgotten. */
#define FILES_MAX 16384

/* How long probes stay without a user. */
#define LINGER_NS (10 * NS_PER_S)

struct libraries {
	struct library_programs programs;
	size_t count;
	bool untold;
	struct library *buckets[BUCKETS];
};

struct libraries *libraries_new(const struct library_programs *programs)
{
	struct libraries *libraries = calloc(1, sizeof(*libraries));

	if (libraries)
		libraries->programs = *programs;
	return libraries;
}

static struct library **bucket_of(struct libraries *libraries, uint64_t device, uint64_t inode)
{
	return &libraries->buckets[(device * 31 + inode) * 0x9e3779b97f4a7c15ULL >> 54];
}

/* Removes those that @is_useless names. */
static void sweep(struct libraries *libraries, bool (*is_useless)(const struct library *library))
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct library **at = &libraries->buckets[i];

		while (*at) {
			struct library *library = *at;

			if (!is_useless(library)) {
				at = &library->next;
				continue;
			}
			*at = library->next;
			library_detach(library);
			free(library);
			libraries->count--;
		}
	}
}

static bool is_any(const struct library *library)
{
	(void)library;
	return true;
}

static bool is_unused(const struct library *library)
{
	return !library->users && library->status != LIBRARY_ATTACHED;
}

void libraries_free(struct libraries *libraries)
{
	if (!libraries)
		return;
	sweep(libraries, is_any);
	uprobe_detached();
	free(libraries);
}

static int64_t changed_ns(const struct stat *found)
{
	return found->st_ctim.tv_sec * (int64_t)NS_PER_S + found->st_ctim.tv_nsec;
}

static struct library *find(struct libraries *libraries, const struct stat *file)
{
	struct library *library = *bucket_of(libraries, file->st_dev, file->st_ino);

	while (library && (library->device != file->st_dev || library->inode != file->st_ino ||
			   library->changed_ns != changed_ns(file)))
		library = library->next;
	return library;
}

static void keep_end(char *to, size_t size, const char *path)
{
	size_t length = strlen(path);

	snprintf(to, size, "%s", length < size ? path : path + length - size + 1);
}

static struct library *add(struct libraries *libraries, int fd, const struct stat *file, const char *seen_as,
			   bool is_program)
{
	struct library **bucket = bucket_of(libraries, file->st_dev, file->st_ino);
	struct library *fresh;

	if (libraries->count == FILES_MAX)
		sweep(libraries, is_unused);
	fresh = libraries->count < FILES_MAX ? calloc(1, sizeof(*fresh)) : NULL;
	if (!fresh)
		return NULL;
	fresh->device = file->st_dev;
	fresh->inode = file->st_ino;
	fresh->changed_ns = changed_ns(file);
	fresh->told = true;
	keep_end(fresh->path, sizeof(fresh->path), seen_as);
	library_inspect(fresh, fd, is_program);
	libraries->untold |= !fresh->told;
	fresh->next = *bucket;
	*bucket = fresh;
	libraries->count++;
	return fresh;
}

/* A device or a pipe could block, or do things. */
static int open_file(const char *path, struct stat *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, file) || !S_ISREG(file->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

struct library *libraries_find(struct libraries *libraries, const char *path, const char *seen_as,
			       bool is_program)
{
	struct library *library;
	struct stat file;
	int fd;

	if (stat(path, &file))
		return NULL;
	library = find(libraries, &file);
	if (library || !S_ISREG(file.st_mode))
		return library;
	fd = open_file(path, &file);
	if (fd < 0)
		return NULL;
	library = find(libraries, &file);
	if (!library)
		library = add(libraries, fd, &file, seen_as, is_program);
	close(fd);
	return library;
}

static bool is_same(const struct library *library, const struct stat *file)
{
	return library->device == file->st_dev && library->inode == file->st_ino;
}

void libraries_use(struct libraries *libraries, struct library *library, const char *path, uint32_t tgid)
{
	struct stat file;
	int fd;

	library->users++;
	if (library->status != LIBRARY_DETACHED)
		return;
	library->first_tgid = tgid;
	fd = open_file(path, &file);
	if (fd < 0)
		return;
	if (is_same(library, &file)) {
		library_attach(library, fd, &libraries->programs);
		libraries->untold = true;
	}
	close(fd);
}

void libraries_leave(struct library *library, uint64_t now_ns)
{
	if (!--library->users)
		library->idle_ns = now_ns;
}

static void retire(struct library *library, uint64_t now_ns, uint64_t *again_ns)
{
	uint64_t due_ns = library->idle_ns + LINGER_NS;

	if (library->users || library->status != LIBRARY_ATTACHED)
		return;
	if (due_ns <= now_ns)
		library_detach(library);
	else if (!*again_ns || due_ns < *again_ns)
		*again_ns = due_ns;
}

uint64_t libraries_retire(struct libraries *libraries, uint64_t now_ns)
{
	uint64_t again_ns = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct library *library = libraries->buckets[i]; library; library = library->next) {
			retire(library, now_ns, &again_ns);
			libraries->untold |= !library->told;
		}
	return again_ns;
}

struct library *libraries_untold(struct libraries *libraries)
{
	if (!libraries->untold)
		return NULL;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct library *library = libraries->buckets[i]; library; library = library->next)
			if (!library->told)
				return library;
	libraries->untold = false;
	return NULL;
}
