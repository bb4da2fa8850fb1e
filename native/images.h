/* SPDX-License-Identifier: Apache-2.0 */
/* Which watched process runs which TLS library. The kernel tells when a process may run another one; it is
 * looked at as soon as the loop has time, one process per turn. */
#ifndef ACCESSLOG_IMAGES_H
#define ACCESSLOG_IMAGES_H

#include "libraries.h"

#include "../bpf/image.h"

#include <stdbool.h>
#include <stdint.h>

/* Processes that are followed at the same time; those beyond are not looked into. */
#define IMAGES_MAX 65536

struct images;

/* @libraries must outlive it. NULL without memory. */
struct images *images_new(struct libraries *libraries);
void images_free(struct images *images);

/* The process is watched from now on, and is looked at. */
void images_watch(struct images *images, uint32_t tgid);

/* The process is not watched any more, or gone. */
void images_forget(struct images *images, uint32_t tgid, uint64_t now_ns);

void images_note(struct images *images, const struct image_event *event, uint64_t now_ns);

/* Looks at one process that waits. False: none does. */
bool images_turn(struct images *images, uint64_t now_ns);

#endif
