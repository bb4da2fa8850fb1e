// SPDX-License-Identifier: Apache-2.0
#include "probes.h"

#include "answer.h"
#include "clock.h"
#include "images.h"
#include "libraries.h"
#include "log.h"
#include "ring.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* How long a command may take. */
#define TARGETS_NS (200 * NS_PER_MS)

struct probes {
	struct output *output;
	struct attach *attach;
	struct ring *events;
	struct libraries *libraries;
	struct images *images;
	uint64_t retire_ns; /* when to look for libraries that nobody uses; 0: not foreseen */
};

static struct bpf_program *find_program(void *arg, const char *name)
{
	return attach_uprobe_program(arg, name);
}

static int open_events(struct probes *probes)
{
	int fd = fcntl(attach_maps(probes->attach).image_events, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -errno : ring_open(fd, IMAGE_RING_BYTES, &probes->events);
}

int probes_new(struct attach *attach, struct output *output, struct probes **probes)
{
	struct library_programs programs = {
	    .find = find_program, .arg = attach, .method = attach_uprobe_method(attach)};
	struct probes *fresh = calloc(1, sizeof(*fresh));
	int error = -ENOMEM;

	if (!fresh)
		return error;
	fresh->attach = attach;
	fresh->output = output;
	fresh->libraries = libraries_new(&programs);
	if (fresh->libraries)
		fresh->images = images_new(fresh->libraries);
	if (fresh->images)
		error = open_events(fresh);
	if (error)
		probes_free(fresh);
	else
		*probes = fresh;
	return error;
}

void probes_stop(struct probes *probes)
{
	images_free(probes->images);
	libraries_free(probes->libraries);
	probes->images = NULL;
	probes->libraries = NULL;
}

void probes_free(struct probes *probes)
{
	if (!probes)
		return;
	probes_stop(probes);
	ring_close(probes->events);
	free(probes);
}

int probes_poll_fd(const struct probes *probes)
{
	return ring_fd(probes->events);
}

void probes_targets(struct probes *probes, const struct wire_TARGETS *targets)
{
	struct cursor watch = command_items(&targets->watch), ignore = command_items(&targets->ignore),
		      forget = command_items(&targets->forget);
	uint64_t now_ns = clock_now_ns();
	uint32_t self = getpid(), tgid;

	while (command_next_tgid(&watch, &tgid))
		if (tgid != self)
			images_watch(probes->images, tgid);
	while (command_next_tgid(&ignore, &tgid))
		images_forget(probes->images, tgid, now_ns);
	while (command_next_tgid(&forget, &tgid))
		images_forget(probes->images, tgid, now_ns);
	/* Who sees its command answered may count on the probes, unless there are very many. */
	while (images_turn(probes->images, now_ns) && clock_now_ns() < now_ns + TARGETS_NS)
		;
}

static bool is_ignored(const struct probes *probes, uint32_t tgid)
{
	uint32_t decision;

	return !bpf_map_lookup_elem(attach_maps(probes->attach).targets, &tgid, &decision) &&
	       decision == TARGET_IGNORE;
}

void probes_watch_all(struct probes *probes)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		uint32_t tgid =
		    isdigit((unsigned char)entry->d_name[0]) ? strtoul(entry->d_name, NULL, 10) : 0;

		if (tgid && !is_ignored(probes, tgid))
			images_watch(probes->images, tgid);
	}
	closedir(proc);
}

static void read_events(struct probes *probes, uint64_t now_ns)
{
	const struct image_event *event;
	size_t size;

	ring_refresh(probes->events);
	while ((event = ring_peek(probes->events, &size))) {
		if (size >= sizeof(*event))
			images_note(probes->images, event, now_ns);
		ring_pass(probes->events);
	}
	ring_release(probes->events);
}

/* What the agent has no room for is told later. */
static void tell(struct probes *probes)
{
	struct library *library;

	while ((library = libraries_untold(probes->libraries)) && !answer_library(probes->output, library)) {
		library->told = true;
		log_write(LOG_DEBUG, "%s in %s: %s %s", library_kind_name(library->kind), library->path,
			  library_status_name(library->status), library->reason);
	}
}

uint64_t probes_turn(struct probes *probes, uint64_t now_ns)
{
	bool more;

	read_events(probes, now_ns);
	more = images_turn(probes->images, now_ns);
	if (!more)
		probes->retire_ns = libraries_retire(probes->libraries, now_ns);
	tell(probes);
	return more ? now_ns : probes->retire_ns;
}
