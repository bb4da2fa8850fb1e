// SPDX-License-Identifier: Apache-2.0
#include "inspect.h"

#include "attach.h"
#include "json.h"
#include "libraries.h"
#include "mapping.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_BYTES    32
#define VERSION_BYTES 32

/* Of one process. */
#define LIBRARIES_MAX 16

struct inspection {
	FILE *out;
	struct libraries *libraries;
	bool attaches;
	uint32_t tgid;
	char version[VERSION_BYTES]; /* of OpenSSL, which libcrypto tells */
	size_t count;
	struct library *found[LIBRARIES_MAX];
};

static struct bpf_program *find_program(void *arg, const char *name)
{
	return attach_uprobe_program(arg, name);
}

static void read_version(struct inspection *inspection, const char *path, enum library_kind kind)
{
	int fd = inspection->version[0] ? -1 : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	library_version(fd, kind, inspection->version, sizeof(inspection->version));
	close(fd);
}

static void take(struct inspection *inspection, const char *path, const char *seen_as, bool is_program)
{
	struct library *library = libraries_find(inspection->libraries, path, seen_as, is_program);

	if (!library || library->kind == LIBRARY_NONE)
		return;
	read_version(inspection, path, library->kind);
	if (library->kind == LIBRARY_CRYPTO || inspection->count == LIBRARIES_MAX)
		return;
	for (size_t i = 0; i < inspection->count; i++)
		if (inspection->found[i] == library)
			return;
	inspection->found[inspection->count++] = library;
	if (inspection->attaches)
		libraries_use(inspection->libraries, library, path, inspection->tgid);
}

static int take_mapping(void *arg, const struct mapping *mapping)
{
	struct inspection *inspection = arg;
	char path[sizeof(mapping->path) + 32];

	snprintf(path, sizeof(path), "/proc/%u/root%s", inspection->tgid, mapping->path);
	take(inspection, path, mapping->path, false);
	return 0;
}

static void read_name(uint32_t tgid, char name[NAME_BYTES])
{
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", tgid);
	file = fopen(path, "re");
	if (!file || !fgets(name, NAME_BYTES, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void print_library(const struct inspection *inspection, const struct library *library)
{
	FILE *out = inspection->out;

	fputc('{', out);
	json_member(out, "path", library->path);
	json_member(out, "library", library_kind_name(library->kind));
	json_member(out, "version", inspection->version);
	json_member(out, "status", library_status_name(library->status));
	json_member(out, "reason", library->reason);
	fprintf(out, "\"probes\":%zu}", library->function_count);
}

static void print_process(const struct inspection *inspection, bool first)
{
	char name[NAME_BYTES];

	read_name(inspection->tgid, name);
	fprintf(inspection->out, "%s{\"pid\":%u,", first ? "" : ",", inspection->tgid);
	json_member(inspection->out, "name", name);
	fputs("\"libraries\":[", inspection->out);
	for (size_t i = 0; i < inspection->count; i++) {
		if (i)
			fputc(',', inspection->out);
		print_library(inspection, inspection->found[i]);
	}
	fputs("]}", inspection->out);
}

static void look_at(struct inspection *inspection, uint32_t tgid)
{
	char path[32], target[MAPPING_PATH_BYTES];
	ssize_t length;

	inspection->tgid = tgid;
	inspection->count = 0;
	inspection->version[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%u/exe", tgid);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	take(inspection, path, target, true);
	mapping_each(tgid, take_mapping, inspection);
}

static void look_at_all(struct inspection *inspection)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool first = true;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		look_at(inspection, strtoul(entry->d_name, NULL, 10));
		if (!inspection->count)
			continue;
		print_process(inspection, first);
		first = false;
	}
	if (proc)
		closedir(proc);
}

static int inspect(struct inspection *inspection, struct attach *attach, uint32_t tgid)
{
	struct library_programs programs = {
	    .find = find_program, .arg = attach, .method = attach_uprobe_method(attach)};

	inspection->libraries = libraries_new(&programs);
	if (!inspection->libraries)
		return 1;
	fputc('{', inspection->out);
	json_member(inspection->out, "method", uprobe_method_name(programs.method));
	fputs("\"processes\":[", inspection->out);
	if (tgid) {
		look_at(inspection, tgid);
		print_process(inspection, true);
	} else {
		look_at_all(inspection);
	}
	fputs("]}\n", inspection->out);
	libraries_free(inspection->libraries);
	return 0;
}

int inspect_run(FILE *out, uint32_t tgid)
{
	struct attach_wish wish = {.rings = 1, .capture_bytes = 8192, .connections_max = 16};
	struct inspection inspection = {.out = out, .attaches = tgid != 0};
	struct problem problem;
	struct attach *attach;
	int result;

	if (attach_new(&wish, &attach, &problem)) {
		fprintf(stderr, "accesslog-helper: %s: %s\n", problem.where, problem.message);
		return 1;
	}
	result = inspect(&inspection, attach, tgid);
	attach_free(attach);
	return result;
}
