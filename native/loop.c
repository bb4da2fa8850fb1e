// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* stdin, stdout, the rings together, signals. */
#define EVENTS_MAX 8

struct loop {
	int fd;
	bool running;
	int result;
	struct timer *timers;
};

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->fd < 0) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->fd);
	free(loop);
}

static int control(struct loop *loop, int operation, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->fd, operation, watch->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct watch *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_add_timer(struct loop *loop, struct timer *timer)
{
	timer->next = loop->timers;
	loop->timers = timer;
}

void loop_stop(struct loop *loop, int result)
{
	loop->running = false;
	loop->result = result;
}

bool loop_runs(const struct loop *loop)
{
	return loop->running;
}

/* -1: no timer is armed. There are two or three timers; looking at all beats keeping them sorted. */
static int timeout_ms(const struct loop *loop)
{
	uint64_t first_ns = 0;

	for (const struct timer *t = loop->timers; t; t = t->next)
		if (t->at_ns && (!first_ns || t->at_ns < first_ns))
			first_ns = t->at_ns;
	return first_ns ? clock_ms_until(clock_now_ns(), first_ns) : -1;
}

static void call_ready(struct loop *loop, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count && loop->running; i++) {
		struct watch *watch = events[i].data.ptr;

		watch->ready(watch->arg, events[i].events);
	}
}

static void call_due(struct loop *loop)
{
	uint64_t now_ns = clock_now_ns();

	for (struct timer *t = loop->timers; t && loop->running; t = t->next) {
		if (!t->at_ns || t->at_ns > now_ns)
			continue;
		t->at_ns = 0;
		t->due(t->arg, now_ns);
	}
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	loop->running = true;
	while (loop->running) {
		count = epoll_wait(loop->fd, events, EVENTS_MAX, timeout_ms(loop));
		if (count < 0 && errno != EINTR)
			return -errno;
		call_ready(loop, events, count);
		if (loop->running)
			call_due(loop);
	}
	return loop->result;
}
