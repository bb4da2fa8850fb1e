// SPDX-License-Identifier: Apache-2.0
#include "images.h"

#include "clock.h"
#include "mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS 4096

/* TLS libraries of one process: more than one is rare. */
#define LIBRARIES_MAX 8

/* A process that speaks TLS by itself is not looked at again for every connection. */
#define LOOK_AGAIN_NS NS_PER_S

struct image {
	uint32_t tgid;
	bool waits;
	bool uses_memory; /* records of its sessions pass through memory */
	uint8_t count;
	uint64_t looked_ns; /* when it was looked at last, 0: never */
	struct library *libraries[LIBRARIES_MAX];
	struct image *next;	  /* of the same bucket */
	struct image *waits_next; /* looked at after it */
};

struct images {
	struct libraries *libraries;
	size_t count;
	struct image *first; /* that waits */
	struct image *last;
	struct image *buckets[BUCKETS];
};

struct images *images_new(struct libraries *libraries)
{
	struct images *images = calloc(1, sizeof(*images));

	if (images)
		images->libraries = libraries;
	return images;
}

static struct image **place_of(struct images *images, uint32_t tgid)
{
	struct image **at = &images->buckets[tgid % BUCKETS];

	while (*at && (*at)->tgid != tgid)
		at = &(*at)->next;
	return at;
}

static struct image *get(struct images *images, uint32_t tgid)
{
	struct image **at = place_of(images, tgid);

	if (!*at && images->count < IMAGES_MAX && (*at = calloc(1, sizeof(**at)))) {
		(*at)->tgid = tgid;
		images->count++;
	}
	return *at;
}

static void wait_for_turn(struct images *images, struct image *image)
{
	if (!image || image->waits)
		return;
	image->waits = true;
	image->waits_next = NULL;
	if (images->last)
		images->last->waits_next = image;
	else
		images->first = image;
	images->last = image;
}

static void leave_libraries(struct image *image, uint64_t now_ns)
{
	while (image->count)
		libraries_leave(image->libraries[--image->count], now_ns);
	image->looked_ns = 0;
	image->uses_memory = false;
}

/* One that waits is freed when its turn comes. */
static void drop(struct images *images, struct image **at, uint64_t now_ns)
{
	struct image *image = *at;

	leave_libraries(image, now_ns);
	*at = image->next;
	images->count--;
	image->tgid = 0;
	if (!image->waits)
		free(image);
}

void images_free(struct images *images)
{
	if (!images)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (images->buckets[i])
			drop(images, &images->buckets[i], 0);
	while (images_turn(images, 0))
		;
	free(images);
}

void images_watch(struct images *images, uint32_t tgid)
{
	wait_for_turn(images, get(images, tgid));
}

void images_forget(struct images *images, uint32_t tgid, uint64_t now_ns)
{
	struct image **at = place_of(images, tgid);

	if (*at)
		drop(images, at, now_ns);
}

/* The code is the parent's until it executes another program. */
static void inherit(struct images *images, uint32_t tgid, uint32_t parent)
{
	struct image *from = *place_of(images, parent), *to = get(images, tgid);

	if (!to || to->count)
		return;
	if (!from || from->waits)
		return wait_for_turn(images, to);
	to->looked_ns = from->looked_ns;
	to->uses_memory = from->uses_memory;
	while (to->count < from->count) {
		to->libraries[to->count] = from->libraries[to->count];
		to->libraries[to->count++]->users++;
	}
}

/* Between two looks at a process that speaks TLS by what is not known some time passes. */
static bool is_worth_a_look(const struct image *image, uint64_t now_ns)
{
	return !image->looked_ns || now_ns - image->looked_ns > LOOK_AGAIN_NS;
}

void images_note(struct images *images, const struct image_event *event, uint64_t now_ns)
{
	struct image *image;

	if (event->change == IMAGE_EXIT)
		return images_forget(images, event->tgid, now_ns);
	if (event->change == IMAGE_FORK)
		return inherit(images, event->tgid, event->parent);
	image = get(images, event->tgid);
	if (!image || (event->change == IMAGE_TLS && !is_worth_a_look(image, now_ns)))
		return;
	if (event->change == IMAGE_EXEC)
		leave_libraries(image, now_ns);
	if (event->change == IMAGE_MEMORY) {
		if (image->uses_memory)
			return;
		image->uses_memory = true;
	}
	wait_for_turn(images, image);
}

static bool uses(const struct image *image, const struct library *library)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->libraries[i] == library)
			return true;
	return false;
}

struct look {
	struct images *images;
	struct image *image;
};

static void use(const struct look *look, struct library *library, const char *path)
{
	struct image *image = look->image;

	if (!library || library->kind == LIBRARY_NONE || !library_is_wanted(library) ||
	    (library->kind == LIBRARY_CRYPTO && !image->uses_memory) || uses(image, library) ||
	    image->count == LIBRARIES_MAX)
		return;
	image->libraries[image->count++] = library;
	libraries_use(look->images->libraries, library, path, image->tgid);
}

/* Python's module, which asyncio uses with memory BIOs: waiting for the first session would cost its
 * plaintext. */
static int find_memory_user(void *arg, const struct mapping *mapping)
{
	struct image *image = arg;

	if (strstr(mapping->path, "/_ssl."))
		image->uses_memory = true;
	return image->uses_memory;
}

static int take_mapping(void *arg, const struct mapping *mapping)
{
	const struct look *look = arg;
	char path[sizeof(mapping->path) + 32];

	snprintf(path, sizeof(path), "/proc/%u/root%s", look->image->tgid, mapping->path);
	use(look, libraries_find(look->images->libraries, path, mapping->path, false), path);
	return 0;
}

/* Where libssl is installed: the short life of a process that is started later would be over before its own
 * library was found. */
static const char *const well_known[] = {
    "/usr/lib/x86_64-linux-gnu/libssl.so.3",
    "/usr/lib/x86_64-linux-gnu/libssl.so.1.1",
    "/usr/lib64/libssl.so.3",
    "/usr/lib64/libssl.so.1.1",
    "/usr/lib/libssl.so.3",
    "/lib/libssl.so.1.1",
};

static void use_well_known(const struct look *look)
{
	char path[64];

	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%u/root%s", look->image->tgid, well_known[i]);
		use(look, libraries_find(look->images->libraries, path, well_known[i], false), path);
	}
}

/* The program itself first: its debugging symbols count, too. */
static void look_at(struct images *images, struct image *image)
{
	struct look look = {.images = images, .image = image};
	char path[32], target[MAPPING_PATH_BYTES];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/exe", image->tgid);
	length = readlink(path, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	use(&look, libraries_find(images->libraries, path, target, true), path);
	mapping_each(image->tgid, find_memory_user, image);
	mapping_each(image->tgid, take_mapping, &look);
	use_well_known(&look);
}

bool images_turn(struct images *images, uint64_t now_ns)
{
	struct image *image = images->first;

	if (!image)
		return false;
	images->first = image->waits_next;
	if (!images->first)
		images->last = NULL;
	image->waits = false;
	if (!image->tgid) {
		free(image);
		return true;
	}
	image->looked_ns = now_ns;
	look_at(images, image);
	return true;
}
