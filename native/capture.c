// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include "attach.h"
#include "batch.h"
#include "clock.h"
#include "drain.h"
#include "log.h"
#include "probes.h"
#include "rings.h"
#include "scan.h"
#include "stats.h"
#include "targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a scan, which cannot be paused, waits for an agent that does not read. */
#define SCAN_WAIT_NS (5 * NS_PER_S)

/* More processes than this are scanned together with all others. */
#define SCAN_SINGLE_MAX 16

struct capture {
	struct output *output;
	struct attach *attach;
	struct attach_maps maps;
	struct rings *rings;
	struct batches *batches;
	struct drain *drain;
	struct probes *probes; /* NULL: no TLS library can be looked into */
	uint64_t scanned_sockets;
	uint64_t stalls;
};

static uint32_t cpu_count(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count > 0 ? count : 1;
}

static int load(struct capture *capture, const struct wire_CONFIGURE *c, struct problem *problem)
{
	uint32_t rings = rings_count(cpu_count(), c->shards);
	size_t ring_bytes = rings_bytes(c->perCpuBufferBytes, cpu_count(), rings);
	struct attach_wish wish = {
	    .rings = rings,
	    .wake_bytes = ring_bytes / RINGS_WAKE_PARTS,
	    .capture_bytes = c->captureBytes,
	    .connections_max = c->connectionsMax,
	    .watch_unlisted = c->watchUnlisted,
	};
	int error = attach_new(&wish, &capture->attach, problem);

	if (error)
		return error;
	capture->maps = attach_maps(capture->attach);
	error = rings_new(capture->maps.rings, rings, ring_bytes, &capture->rings);
	if (error)
		return problem_set(problem, HELPER_NO_MEMORY, error, "rings",
				   "%u rings for %llu bytes per CPU: %s", rings,
				   (unsigned long long)c->perCpuBufferBytes, strerror(-error));
	return 0;
}

static int lay_line(struct capture *capture, const struct wire_CONFIGURE *c, struct problem *problem)
{
	struct drain_wish wish = {
	    .rings = capture->rings,
	    .shards = c->shards,
	    .connections_max = c->connectionsMax,
	    .connections_fd = capture->maps.connections,
	};

	wish.batches = capture->batches = batches_new(capture->output, c->shards);
	if (capture->batches)
		capture->drain = drain_new(&wish);
	if (!capture->drain)
		return problem_set(problem, HELPER_NO_MEMORY, -ENOMEM, "batches", "no memory");
	return 0;
}

static int take_scanned(void *arg, const struct record_open *open)
{
	struct capture *capture = arg;
	int error;

	while ((error = drain_record(capture->drain, &open->head, clock_now_ns())) == -EAGAIN) {
		error = output_flush(capture->output, clock_now_ns() + SCAN_WAIT_NS);
		if (error)
			return error;
	}
	capture->scanned_sockets++;
	return error;
}

static int scan_each(struct capture *capture, const struct wire_items *tgids)
{
	struct cursor cursor = command_items(tgids);
	uint32_t tgid;
	int error = 0;

	while (!error && command_next_tgid(&cursor, &tgid))
		error = scan_sockets(attach_scan_program(capture->attach), tgid, take_scanned, capture);
	return error;
}

/* @tgids: NULL for all processes. A process that has ended (-ESRCH) has no sockets. */
static int scan(struct capture *capture, const struct wire_items *tgids, struct problem *problem)
{
	const struct bpf_program *program = attach_scan_program(capture->attach);
	int error = -EINVAL;

	if (!program)
		return 0;
	if (tgids && tgids->count <= SCAN_SINGLE_MAX)
		error = scan_each(capture, tgids);
	if (error == -EINVAL || error == -E2BIG)
		error = scan_sockets(program, 0, take_scanned, capture);
	if (!error || error == -ESRCH)
		return 0;
	if (error == -ETIMEDOUT)
		return problem_set(problem, HELPER_AGENT_STUCK, error, "stdout",
				   "sockets that were open before cannot be told: nothing was read for 5 s");
	return problem_set(problem, HELPER_SCAN_FAILED, error, "scan_sockets", "%s", strerror(-error));
}

/* A scan that fails costs no more than the roles of old connections. */
static int scan_at_start(struct capture *capture, struct problem *problem)
{
	int error = scan(capture, NULL, problem);

	if (!error || problem->fatal)
		return error;
	log_write(LOG_WARN, "%s: %s", problem->where, problem->message);
	return answer_problem(capture->output, problem);
}

/* Without them connections are logged as they are. */
static void start_probes(struct capture *capture, const struct wire_CONFIGURE *c)
{
	int error = probes_new(capture->attach, capture->output, &capture->probes);

	if (error)
		log_write(LOG_WARN, "TLS libraries are not looked into: %s", strerror(-error));
	else if (c->watchUnlisted)
		probes_watch_all(capture->probes);
}

static int start(struct capture *capture, const struct wire_CONFIGURE *c, struct problem *problem)
{
	int error = load(capture, c, problem);

	if (!error)
		error = lay_line(capture, c, problem);
	if (!error)
		error = targets_ignore(capture->maps.targets, &c->ignorePids, problem);
	if (!error)
		error = attach_start(capture->attach, problem);
	if (!error)
		start_probes(capture, c);
	if (!error)
		error = scan_at_start(capture, problem);
	if (!error)
		batches_seal(capture->batches);
	return error;
}

int capture_start(const struct wire_CONFIGURE *configure, struct output *output, struct capture **capture,
		  struct problem *problem)
{
	struct capture *fresh = calloc(1, sizeof(*fresh));
	int error;

	if (!fresh)
		return problem_set(problem, HELPER_NO_MEMORY, -ENOMEM, "capture", "no memory");
	fresh->output = output;
	error = start(fresh, configure, problem);
	if (error)
		capture_free(fresh);
	else
		*capture = fresh;
	return error;
}

void capture_free(struct capture *capture)
{
	if (!capture)
		return;
	probes_free(capture->probes);
	attach_free(capture->attach);
	drain_free(capture->drain);
	batches_free(capture->batches);
	rings_free(capture->rings);
	free(capture);
}

int capture_poll_fd(const struct capture *capture)
{
	return capture->rings->poll_fd;
}

void capture_wait(struct capture *capture, bool waits)
{
	attach_reader_waits(capture->attach, waits);
}

int capture_probes_poll_fd(const struct capture *capture)
{
	return capture->probes ? probes_poll_fd(capture->probes) : -1;
}

uint64_t capture_probes_turn(struct capture *capture, uint64_t now_ns)
{
	return probes_turn(capture->probes, now_ns);
}

uint64_t capture_due_ns(const struct capture *capture)
{
	return drain_due_ns(capture->drain);
}

static int drain(struct capture *capture, uint64_t now_ns)
{
	int error = drain_rings(capture->drain, now_ns);

	return error ? error : drain_progress(capture->drain, now_ns);
}

/* While the agent is behind, open batches are left to fill: a buffer waits only when it is full. */
unsigned int capture_waiting_percent(struct capture *capture)
{
	return rings_waiting_percent(capture->rings);
}

unsigned int capture_fill_percent(const struct capture *capture)
{
	return drain_fill_percent(capture->drain);
}

int capture_pass(struct capture *capture, uint64_t now_ns, uint64_t *records)
{
	uint64_t before = drain_counts(capture->drain).drained;
	int drained, written;

	do {
		drained = drain(capture, now_ns);
		written = output_write(capture->output);
	} while (drained == -EAGAIN && !written);
	if (!written) {
		batches_seal(capture->batches);
		written = output_write(capture->output);
	}
	if (drained == -EAGAIN)
		capture->stalls++;
	*records = drain_counts(capture->drain).drained - before;
	return written && written != -EAGAIN ? written : drained;
}

int capture_targets(struct capture *capture, const struct wire_TARGETS *targets, struct problem *problem)
{
	int error = targets_apply(capture->maps.targets, targets, problem);

	attach_targets_changed(capture->attach);
	if (capture->probes)
		probes_targets(capture->probes, targets);
	if (!error && targets->watch.count)
		error = scan(capture, &targets->watch, problem);
	return error;
}

int capture_cgroups(struct capture *capture, const struct wire_CGROUPS *cgroups, struct problem *problem)
{
	return targets_apply_cgroups(capture->maps.cgroups, cgroups, problem);
}

void capture_mute(struct capture *capture, const struct wire_MUTE *mute)
{
	struct cursor cursor = command_items(&mute->connections);
	struct connection_name name;

	while (command_next_connection(&cursor, &name))
		targets_mute(capture->maps.muted, &name);
}

static int finish_step(struct capture *capture)
{
	uint64_t now_ns = clock_now_ns();
	int error = drain_rings(capture->drain, now_ns);

	return error ? error : drain_rest(capture->drain, now_ns);
}

int capture_finish(struct capture *capture, uint64_t deadline_ns)
{
	int error;

	if (capture->probes)
		probes_stop(capture->probes);
	attach_stop(capture->attach);
	while ((error = finish_step(capture)) == -EAGAIN) {
		error = output_flush(capture->output, deadline_ns);
		if (error)
			return error;
	}
	batches_seal(capture->batches);
	return error;
}

void capture_describe(const struct capture *capture, struct ready *ready)
{
	ready->programs = attach_programs(capture->attach);
	ready->rings = capture->rings->count;
	ready->ring_bytes = capture->rings->bytes;
	ready->scanned_sockets = capture->scanned_sockets;
}

void capture_count(struct capture *capture, struct counters *counters)
{
	struct drain_counts drained = drain_counts(capture->drain);
	struct batch_counts batched;
	int error = stats_read(capture->maps.counters, counters->kernel);

	if (error)
		log_write(LOG_WARN, "the kernel's counters cannot be read: %s", strerror(-error));
	batches_seal(capture->batches);
	batched = batches_counts(capture->batches);
	counters->helper[HELPER_COUNTER_records_drained] = drained.drained;
	counters->helper[HELPER_COUNTER_records_forwarded] = batched.records;
	counters->helper[HELPER_COUNTER_records_malformed] = drained.malformed;
	counters->helper[HELPER_COUNTER_batches] = batched.messages;
	counters->helper[HELPER_COUNTER_stalls] = capture->stalls;
	counters->helper[HELPER_COUNTER_progress_records] = drained.progress;
	counters->helper[HELPER_COUNTER_recursion_misses] = attach_recursion_misses(capture->attach);
}
