/* SPDX-License-Identifier: Apache-2.0 */
/* CLOCK_MONOTONIC, the clock of the records, in nanoseconds. */
#ifndef ACCESSLOG_CLOCK_H
#define ACCESSLOG_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

static inline uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static inline uint64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* A timeout for poll and epoll_wait: rounded up, so that it is never too early; at most a minute. */
static inline int clock_ms_until(uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t ms = deadline_ns > now_ns ? (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;

	return ms < 60000 ? (int)ms : 60000;
}

#endif
