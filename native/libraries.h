/* SPDX-License-Identifier: Apache-2.0 */
/* The files of code that watched processes run, by inode: looked at once, probed while somebody uses them,
 * and a little longer, because what was run once is often run again. */
#ifndef ACCESSLOG_LIBRARIES_H
#define ACCESSLOG_LIBRARIES_H

#include "library.h"

struct libraries;

/* NULL without memory. */
struct libraries *libraries_new(const struct library_programs *programs);
void libraries_free(struct libraries *libraries);

/* The file at @path, which may lead through /proc/PID; @seen_as is what the process calls it. NULL: it cannot
 * be opened, or there is no memory. A file that was not met before is inspected. Valid until
 * libraries_retire. */
struct library *libraries_find(struct libraries *libraries, const char *path, const char *seen_as,
			       bool is_program);

/* One process more, or less, runs it. The first one attaches; @path as above. */
void libraries_use(struct libraries *libraries, struct library *library, const char *path, uint32_t tgid);
void libraries_leave(struct library *library, uint64_t now_ns);

/* Detaches what nobody has used for a while. When to come again, CLOCK_MONOTONIC; 0: nothing waits. */
uint64_t libraries_retire(struct libraries *libraries, uint64_t now_ns);

/* The next library whose status the agent was not told, NULL: none. */
struct library *libraries_untold(struct libraries *libraries);

#endif
