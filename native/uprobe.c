// SPDX-License-Identifier: Apache-2.0
#include "uprobe.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* enum bpf_attach_type and union bpf_attr of Linux 6.6; Debian 12 has the headers of 6.1. */
#define TRACE_UPROBE_MULTI  48
#define UPROBE_MULTI_RETURN 1

/* A thread that closes a descriptor needs little more than the least. */
#define CLOSE_STACK_BYTES (64 * 1024)

struct link_create_uprobe_multi {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t count;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t pad;
};

enum uprobe_method uprobe_method(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) > 0 ? UPROBE_MULTI
											 : UPROBE_PERF;
}

const char *uprobe_method_name(enum uprobe_method method)
{
	return method == UPROBE_MULTI ? "uprobe_multi" : "perf_event";
}

void uprobe_prepare(struct bpf_program *program, enum uprobe_method method)
{
	if (method == UPROBE_MULTI)
		bpf_program__set_expected_attach_type(program, TRACE_UPROBE_MULTI);
}

static int keep(struct uprobe_links *links, int fd)
{
	if (fd < 0)
		return -errno;
	links->fds[links->count++] = fd;
	return 0;
}

/* The file by its descriptor: its path may lie in another mount namespace, or lead to another file by now. */
static int attach_multi(const struct uprobe_wish *wish, const char *path, struct uprobe_links *links)
{
	struct link_create_uprobe_multi attributes = {
	    .prog_fd = bpf_program__fd(wish->program),
	    .attach_type = TRACE_UPROBE_MULTI,
	    .path = (uintptr_t)path,
	    .offsets = (uintptr_t)wish->offsets,
	    .count = wish->count,
	    .multi_flags = wish->returns ? UPROBE_MULTI_RETURN : 0,
	};

	return keep(links, syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes)));
}

/* /sys/bus/event_source/devices/uprobe: the number of the event source, and the bit that means "on return".
 */
static int read_source(const char *file, const char *format, unsigned int *value)
{
	char path[96];
	FILE *source;
	int found;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/uprobe/%s", file);
	source = fopen(path, "re");
	if (!source)
		return -errno;
	found = fscanf(source, format, value);
	fclose(source);
	return found == 1 ? 0 : -EINVAL;
}

static int open_event(const struct uprobe_wish *wish, const char *path, uint64_t offset)
{
	struct perf_event_attr event = {.size = sizeof(event)};
	unsigned int type, bit;
	int error = read_source("type", "%u", &type);

	if (!error)
		error = read_source("format/retprobe", "config:%u", &bit);
	if (error) {
		errno = -error;
		return -1;
	}
	event.type = type;
	event.config = wish->returns ? 1ULL << bit : 0;
	event.uprobe_path = (uintptr_t)path;
	event.probe_offset = offset;
	return syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int attach_event(const struct uprobe_wish *wish, const char *path, uint64_t offset,
			struct uprobe_links *links)
{
	int fd = open_event(wish, path, offset);
	int error = keep(links, fd);

	if (error)
		return error;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, bpf_program__fd(wish->program)) ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

int uprobe_attach(const struct uprobe_wish *wish, enum uprobe_method method, struct uprobe_links *links)
{
	size_t needed = method == UPROBE_MULTI ? 1 : wish->count;
	char path[32];
	int error = 0;

	if (!wish->count)
		return 0;
	if (links->count + needed > UPROBE_PLACES_MAX)
		return -ENOSPC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", wish->fd);
	if (method == UPROBE_MULTI)
		return attach_multi(wish, path, links);
	for (size_t i = 0; i < wish->count && !error; i++)
		error = attach_event(wish, path, wish->offsets[i], links);
	return error;
}

/* Links that are being detached. The kernel waits for running programs with each, tens of milliseconds; all
 * at the same time they take no longer than one. */
static pthread_mutex_t closing_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t closing_ended = PTHREAD_COND_INITIALIZER;
static size_t closing;

static void *close_link(void *fd)
{
	close((intptr_t)fd);
	pthread_mutex_lock(&closing_lock);
	closing--;
	pthread_cond_broadcast(&closing_ended);
	pthread_mutex_unlock(&closing_lock);
	return NULL;
}

static void begin_close(int fd)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_mutex_lock(&closing_lock);
	closing++;
	pthread_mutex_unlock(&closing_lock);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, CLOSE_STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, close_link, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attributes);
	if (error)
		close_link((void *)(intptr_t)fd);
}

void uprobe_detach(struct uprobe_links *links)
{
	while (links->count)
		begin_close(links->fds[--links->count]);
}

void uprobe_detached(void)
{
	pthread_mutex_lock(&closing_lock);
	while (closing)
		pthread_cond_wait(&closing_ended, &closing_lock);
	pthread_mutex_unlock(&closing_lock);
}
