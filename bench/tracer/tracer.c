// SPDX-License-Identifier: Apache-2.0
/* tracer PID...: attaches, prints "ready", drains and discards until its stdin closes, then prints what it
 * saw. */
#include <bpf/libbpf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "event.h"
#include "tracer.skel.h"

#define TARGETS_MAX 15
#define DRAIN_MS    20

static unsigned long long events, captured;

static int discard(void *unused, void *data, size_t size)
{
	const struct event *event = data;

	(void)unused;
	(void)size;
	events++;
	captured += event->captured;
	return 0;
}

static void drain(struct ring_buffer *ring)
{
	struct pollfd waiting[] = {
	    {.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = ring_buffer__epoll_fd(ring), .events = POLLIN},
	};

	while (!(waiting[0].revents & (POLLIN | POLLHUP))) {
		poll(waiting, 2, DRAIN_MS);
		ring_buffer__consume(ring);
	}
	ring_buffer__consume(ring);
}

int main(int argc, char **argv)
{
	struct tracer_bpf *tracer = tracer_bpf__open();
	struct ring_buffer *ring = NULL;
	int failed = 1;

	if (!tracer || argc < 2 || argc > TARGETS_MAX + 1)
		goto out;
	for (int i = 1; i < argc; i++)
		((unsigned int *)tracer->rodata->targets)[i - 1] = atoi(argv[i]);
	if (tracer_bpf__load(tracer) || tracer_bpf__attach(tracer))
		goto out;
	ring = ring_buffer__new(bpf_map__fd(tracer->maps.ring), discard, NULL, NULL);
	if (!ring)
		goto out;
	printf("ready\n");
	fflush(stdout);
	drain(ring);
	printf("events %llu captured %llu\n", events, captured);
	failed = 0;
out:
	if (failed)
		fprintf(stderr, "usage: tracer PID... (at most %d, as root)\n", TARGETS_MAX);
	ring_buffer__free(ring);
	tracer_bpf__destroy(tracer);
	return failed;
}
