// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include "answer.h"
#include "capture.h"
#include "channel.h"
#include "clock.h"
#include "command.h"
#include "log.h"
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* Records that follow the first within this time are fetched with it, for a pass and what the agent does with
 * it cost more than the records in it: the busier, the longer, but not so long that a ring becomes half full.
 * Rings that fill sooner than foreseen wake us.
 */
#define COLLECT_MIN_NS	  NS_PER_MS
#define COLLECT_IDLE_NS	  (20 * NS_PER_MS)
#define COLLECT_MAX_NS	  (50 * NS_PER_MS)
#define FILL_LOW_PERCENT  10
#define FILL_HIGH_PERCENT 25

/* After a pass with this many records the next follows by the clock, and nothing wakes us but rings that
 * fill: more is to come, and whoever makes the record that wakes us pays for it. */
#define BUSY_RECORDS 16

/* How long the last words may take. */
#define FINISH_NS (5 * NS_PER_S)

struct session {
	struct loop *loop;
	struct channel *channel;
	struct output *output;
	struct capture *capture; /* NULL until CONFIGURE */
	struct watch signals;
	struct watch rings;
	struct watch probes;
	struct timer pass;
	struct timer probing;
	uint64_t collect_ns;
	bool collecting; /* the next pass is due by the clock */
	bool waits;	 /* the first record after a pass wakes us */
	bool stalled;	 /* records wait in the rings for the agent to read */
};

static void die(struct session *session, const struct problem *problem)
{
	log_write(LOG_ERROR, "%s: %s: %s", problem_name(problem->code), problem->where, problem->message);
	answer_problem(session->output, problem);
	output_flush(session->output, clock_now_ns() + FINISH_NS);
	loop_stop(session->loop, 1);
}

static void report(struct session *session, const struct problem *problem)
{
	if (problem->fatal)
		return die(session, problem);
	log_write(LOG_WARN, "%s: %s: %s", problem_name(problem->code), problem->where, problem->message);
	answer_problem(session->output, problem);
}

static void pass_soon(struct session *session, uint64_t now_ns)
{
	uint64_t at_ns = now_ns + session->collect_ns;

	if (!session->pass.at_ns || session->pass.at_ns > at_ns)
		session->pass.at_ns = at_ns;
}

static uint64_t next_collect_ns(const struct session *session, uint64_t records)
{
	unsigned int fill = capture_fill_percent(session->capture);
	uint64_t collect_ns = session->collect_ns;

	if (records < BUSY_RECORDS)
		return COLLECT_IDLE_NS;
	if (fill >= FILL_HIGH_PERCENT)
		return collect_ns / 2 > COLLECT_MIN_NS ? collect_ns / 2 : COLLECT_MIN_NS;
	if (fill >= FILL_LOW_PERCENT)
		return collect_ns;
	return collect_ns + NS_PER_MS < COLLECT_MAX_NS ? collect_ns + NS_PER_MS : COLLECT_MAX_NS;
}

/* While records are collected there is always one in the rings: only a new wakeup says something. */
static void listen(struct session *session)
{
	loop_change(session->loop, &session->rings, EPOLLIN | (session->collecting ? EPOLLET : EPOLLONESHOT));
}

/* The first pass after a busy time is followed by one more by the clock: a record that was made while we
 * began to wait again may have woken nobody. */
static void collect_or_wait(struct session *session, bool busy, uint64_t now_ns)
{
	session->collecting = busy || !session->waits;
	if (session->waits == busy) {
		session->waits = !busy;
		capture_wait(session->capture, session->waits);
	}
	if (session->collecting)
		pass_soon(session, now_ns);
}

static void pass(struct session *session, uint64_t now_ns)
{
	uint64_t records = 0;

	session->stalled = capture_pass(session->capture, now_ns, &records) == -EAGAIN;
	channel_write(session->channel);
	if (session->stalled)
		return;
	session->collect_ns = next_collect_ns(session, records);
	session->pass.at_ns = capture_due_ns(session->capture);
	collect_or_wait(session, records >= BUSY_RECORDS, now_ns);
	listen(session);
}

static void on_pass_due(void *arg, uint64_t now_ns)
{
	struct session *session = arg;

	if (!session->stalled)
		pass(session, now_ns);
}

/* The first record after a pass, or, while more are collected, a ring that has filled by another part. */
static void on_rings(void *arg, uint32_t events)
{
	struct session *session = arg;

	(void)events;
	if (session->stalled)
		return;
	if (!session->collecting) {
		session->collecting = true;
		pass_soon(session, clock_now_ns());
		listen(session);
	} else if (capture_waiting_percent(session->capture) >= FILL_HIGH_PERCENT) {
		pass(session, clock_now_ns());
	}
}

static void on_probing_due(void *arg, uint64_t now_ns)
{
	struct session *session = arg;

	if (!session->capture || session->probes.fd < 0)
		return;
	session->probing.at_ns = capture_probes_turn(session->capture, now_ns);
	channel_write(session->channel);
}

static void on_probes(void *arg, uint32_t events)
{
	(void)events;
	on_probing_due(arg, clock_now_ns());
}

static void listen_to_probes(struct session *session)
{
	session->probes.fd = capture_probes_poll_fd(session->capture);
	if (session->probes.fd < 0)
		return;
	loop_add(session->loop, &session->probes, EPOLLIN);
	session->probing.at_ns = clock_now_ns();
}

static void configure(struct session *session, const struct wire_CONFIGURE *wanted)
{
	struct problem problem;
	struct ready ready;

	if (session->capture) {
		problem_set(&problem, HELPER_BAD_COMMAND, -EALREADY, "CONFIGURE", "it was sent before");
		return report(session, &problem);
	}
	if (capture_start(wanted, session->output, &session->capture, &problem)) {
		problem.fatal = true;
		return die(session, &problem);
	}
	capture_describe(session->capture, &ready);
	answer_ready(session->output, &ready);
	session->rings.fd = capture_poll_fd(session->capture);
	loop_add(session->loop, &session->rings, EPOLLIN | EPOLLONESHOT);
	listen_to_probes(session);
}

static void answer_stats(struct session *session)
{
	struct counters counters = {};

	if (session->capture)
		capture_count(session->capture, &counters);
	answer_counters(session->output, &counters);
}

/* Flushed before the last answers too, so that there is room for them. */
static int finish(struct session *session, uint64_t deadline_ns)
{
	int error = 0;

	if (session->capture)
		error = capture_finish(session->capture, deadline_ns);
	if (!error)
		error = output_flush(session->output, deadline_ns);
	if (error)
		return error;
	answer_stats(session);
	answer_stopped(session->output);
	return output_flush(session->output, deadline_ns);
}

static void shut_down(struct session *session)
{
	int error = finish(session, clock_now_ns() + FINISH_NS);

	if (error)
		log_write(LOG_ERROR, "the agent did not take the last records: %s", strerror(-error));
	loop_stop(session->loop, error ? 1 : 0);
}

static void change_targets(struct session *session, const struct wire_TARGETS *targets)
{
	struct problem problem;

	if (capture_targets(session->capture, targets, &problem))
		report(session, &problem);
	session->probing.at_ns = clock_now_ns();
	/* Sockets that were found wait in open batches. */
	if (loop_runs(session->loop) && !session->stalled)
		pass(session, clock_now_ns());
}

static void change_cgroups(struct session *session, const struct wire_CGROUPS *cgroups)
{
	struct problem problem;

	if (capture_cgroups(session->capture, cgroups, &problem))
		report(session, &problem);
}

static void refuse_early(struct session *session, enum wire_kind kind)
{
	struct problem problem;

	problem_set(&problem, HELPER_BAD_COMMAND, -EPROTO, wire_name(kind), "CONFIGURE must come first");
	report(session, &problem);
}

static void obey(struct session *session, const struct wire_message *command)
{
	bool needs_capture =
	    command->kind == WIRE_TARGETS || command->kind == WIRE_CGROUPS || command->kind == WIRE_MUTE;

	if (needs_capture && !session->capture)
		return refuse_early(session, command->kind);
	switch (command->kind) {
	case WIRE_CONFIGURE:
		return configure(session, &command->CONFIGURE);
	case WIRE_TARGETS:
		return change_targets(session, &command->TARGETS);
	case WIRE_CGROUPS:
		return change_cgroups(session, &command->CGROUPS);
	case WIRE_MUTE:
		return capture_mute(session->capture, &command->MUTE);
	case WIRE_STATS:
		return answer_stats(session);
	default:
		return shut_down(session);
	}
}

static void on_frame(void *arg, const struct frame *frame)
{
	struct session *session = arg;
	struct wire_message command;
	struct problem problem;

	if (command_decode(frame, &command, &problem))
		report(session, &problem);
	else
		obey(session, &command);
}

static void on_broken(void *arg, int error)
{
	struct problem problem;

	problem_set(&problem, HELPER_BAD_FRAME, error, "stdin",
		    "a frame says that it is %s; 1 to %d bytes are allowed",
		    error == -EMSGSIZE ? "too long" : "empty", WIRE_MESSAGE_MAX_BYTES);
	die(arg, &problem);
}

static void on_room(void *arg)
{
	struct session *session = arg;

	if (session->capture)
		pass(session, clock_now_ns());
}

/* The agent is gone: nobody is left to tell, and the end of the process detaches everything. */
static void on_gone(void *arg)
{
	struct session *session = arg;

	loop_stop(session->loop, 0);
}

static void on_signal(void *arg, uint32_t events)
{
	(void)events;
	shut_down(arg);
}

static int open_session(struct session *session, int in, int out, int signals)
{
	struct channel_user user = {on_frame, on_broken, on_room, on_gone, session};
	int error;

	session->loop = loop_new();
	if (!session->loop)
		return -ENOMEM;
	session->signals = (struct watch){.fd = signals, .ready = on_signal, .arg = session};
	session->rings = (struct watch){.fd = -1, .ready = on_rings, .arg = session};
	session->pass = (struct timer){.due = on_pass_due, .arg = session};
	session->probes = (struct watch){.fd = -1, .ready = on_probes, .arg = session};
	session->probing = (struct timer){.due = on_probing_due, .arg = session};
	loop_add_timer(session->loop, &session->pass);
	loop_add_timer(session->loop, &session->probing);
	error = channel_new(session->loop, in, out, &user, &session->channel);
	if (!error)
		error = loop_add(session->loop, &session->signals, EPOLLIN);
	if (!error)
		session->output = channel_output(session->channel);
	return error;
}

static void close_session(struct session *session)
{
	capture_free(session->capture);
	channel_free(session->channel);
	loop_free(session->loop);
}

int session_run(int in, int out, int signals)
{
	struct session session = {.collect_ns = COLLECT_IDLE_NS, .waits = true};
	int error = open_session(&session, in, out, signals);
	int result = 1;

	if (error) {
		log_write(LOG_ERROR, "stdin and stdout must be pipes or sockets: %s", strerror(-error));
	} else {
		answer_hello(session.output);
		channel_write(session.channel);
		result = loop_run(session.loop);
	}
	close_session(&session);
	return result ? 1 : 0;
}
