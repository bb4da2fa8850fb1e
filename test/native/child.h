/* SPDX-License-Identifier: Apache-2.0 */
/* The built helper as a child process, and this side of the conversation with it. */
#ifndef ACCESSLOG_CHILD_H
#define ACCESSLOG_CHILD_H

#include "frame.h"
#include "test.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER_PATH "../build/accesslog-helper"
#define DEADLINE_MS 10000

struct child {
	pid_t pid;
	int in;	 /* we write */
	int out; /* we read */
	struct frame_reader *reader;
};

/* A message, its kind and fields as tokens; arrays are walked with the cursor. */
struct message {
	uint64_t kind;
	struct cursor fields;
};

static inline void child_exec(char *const arguments[], int in, int out)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	/* What it logs is asked for here; it would only hide what fails. */
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	execv(HELPER_PATH, arguments);
	_exit(127);
}

static inline struct child child_start(char *const arguments[])
{
	int in[2], out[2];
	struct child child;

	CHECK(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	child.pid = fork();
	if (!child.pid)
		child_exec(arguments, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	child.in = in[1];
	child.out = out[0];
	child.reader = frame_reader_new();
	return child;
}

static inline struct child child_session(void)
{
	return child_start((char *[]){HELPER_PATH, NULL});
}

/* Closes its stdin and waits for its exit code; what it still says is read and dropped. */
static inline int child_end(struct child *child)
{
	uint8_t dropped[4096];
	int status;

	close(child->in);
	fcntl(child->out, F_SETFL, 0);
	while (read(child->out, dropped, sizeof(dropped)) > 0)
		;
	CHECK_EQ(waitpid(child->pid, &status, 0), child->pid);
	close(child->out);
	frame_reader_free(child->reader);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void child_send(const struct child *child, enum wire_kind kind, const void *command)
{
	uint8_t bytes[4096];
	int size = wire_encode(kind, command, bytes + FRAME_LENGTH_BYTES, sizeof(bytes) - FRAME_LENGTH_BYTES);

	CHECK(size > 0);
	frame_put_length(bytes, size);
	CHECK_EQ(write(child->in, bytes, FRAME_LENGTH_BYTES + size), FRAME_LENGTH_BYTES + size);
}

static inline struct token take(struct cursor *cursor)
{
	struct token token;

	CHECK_EQ(token_next(cursor, &token), 0);
	return token;
}

/* The next message that is already here or comes before the deadline. False at the end of the stream. */
static inline bool child_receive(struct child *child, struct message *message)
{
	struct frame frame;
	int got;

	while ((got = frame_next(child->reader, &frame)) == 0) {
		struct pollfd readable = {.fd = child->out, .events = POLLIN};

		CHECK_EQ(poll(&readable, 1, DEADLINE_MS), 1);
		if (!frame_read(child->reader, child->out))
			return false;
	}
	CHECK_EQ(got, 1);
	message->fields = (struct cursor){.at = frame.bytes, .end = frame.bytes + frame.size};
	CHECK_EQ(take(&message->fields).kind, TOKEN_ARRAY);
	message->kind = take(&message->fields).value;
	return true;
}

static inline struct message child_expect(struct child *child, enum wire_kind kind)
{
	struct message message = {};

	CHECK(child_receive(child, &message));
	CHECK_TEXT(wire_name(message.kind), wire_name(kind));
	return message;
}

/* Compares a text token. */
static inline void check_token_text(struct token token, const char *should)
{
	char is[512];

	CHECK_EQ(token.kind, TOKEN_TEXT);
	snprintf(is, sizeof(is), "%.*s", (int)token.value, (const char *)token.bytes);
	CHECK_TEXT(is, should);
}

#endif
