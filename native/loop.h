/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one epoll: who waits for which descriptor or time, and the wait itself. */
#ifndef ACCESSLOG_LOOP_H
#define ACCESSLOG_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A descriptor to wait for. Owned by the one who embeds it; must outlive the loop. */
struct watch {
	int fd;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

/* A time to wait for. Owned by the one who embeds it; must outlive the loop. */
struct timer {
	uint64_t at_ns; /* CLOCK_MONOTONIC; 0: not armed. Set freely; cleared before .due is called */
	void (*due)(void *arg, uint64_t now_ns);
	void *arg;
	struct timer *next;
};

/* NULL without memory or descriptors. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Calls .ready when @watch->fd has any of @events (EPOLL...), and on EPOLLERR and EPOLLHUP in any case. 0 or
 * -errno; -EPERM for regular files. */
int loop_add(struct loop *loop, struct watch *watch, uint32_t events);

/* Waits for other events from now on; 0 for none. Also what re-arms EPOLLONESHOT. */
int loop_change(struct loop *loop, struct watch *watch, uint32_t events);

void loop_add_timer(struct loop *loop, struct timer *timer);

/* Waits and calls until loop_stop. Returns what loop_stop was given, or -errno when waiting fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int result);

/* False once loop_stop was called: a handler with more to do should leave it. */
bool loop_runs(const struct loop *loop);

#endif
