// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include "../bpf/limits.h"

#include <errno.h>

struct cursor command_items(const struct wire_items *items)
{
	return (struct cursor){.at = items->bytes, .end = items->bytes + items->size};
}

bool command_next_uint(struct cursor *cursor, uint64_t *value)
{
	struct token token;

	if (cursor->at == cursor->end || token_next(cursor, &token))
		return false;
	*value = token.value;
	return true;
}

bool command_next_tgid(struct cursor *cursor, uint32_t *tgid)
{
	uint64_t value;

	if (!command_next_uint(cursor, &value))
		return false;
	*tgid = value;
	return true;
}

static int take_uint(struct cursor *cursor, uint64_t *value)
{
	struct token token;

	if (token_next(cursor, &token) || token.kind != TOKEN_UINT)
		return -EINVAL;
	*value = token.value;
	return 0;
}

static int take_connection(struct cursor *cursor, struct connection_name *name)
{
	struct token pair;

	if (token_next(cursor, &pair) || pair.kind != TOKEN_ARRAY || pair.value != 2)
		return -EINVAL;
	if (take_uint(cursor, &name->sock) || take_uint(cursor, &name->connection))
		return -EINVAL;
	return 0;
}

bool command_next_connection(struct cursor *cursor, struct connection_name *name)
{
	return cursor->at != cursor->end && !take_connection(cursor, name);
}

static int check_range(const char *field, uint64_t value, uint64_t least, uint64_t most,
		       struct problem *problem)
{
	if (value >= least && value <= most)
		return 0;
	return problem_set(problem, HELPER_BAD_COMMAND, -ERANGE, field,
			   "%llu is not in the range %llu to %llu", (unsigned long long)value,
			   (unsigned long long)least, (unsigned long long)most);
}

static int check_tgids(const char *field, const struct wire_items *items, struct problem *problem)
{
	struct cursor cursor = command_items(items);
	struct token token;
	int error = 0;

	while (!error && cursor.at != cursor.end && !token_next(&cursor, &token))
		error = check_range(field, token.value, 1, PIDS_MAX, problem);
	return error;
}

static int check_configure(const struct wire_CONFIGURE *c, struct problem *problem)
{
	int error;

	if (c->protocolVersion != WIRE_PROTOCOL_VERSION)
		return problem_set(problem, HELPER_PROTOCOL_VERSION, -EPROTO, "CONFIGURE.protocolVersion",
				   "the agent speaks version %llu, the helper %d",
				   (unsigned long long)c->protocolVersion, WIRE_PROTOCOL_VERSION);
	error = check_range("CONFIGURE.shards", c->shards, 1, SHARDS_MAX, problem);
	if (!error)
		error = check_range("CONFIGURE.perCpuBufferBytes", c->perCpuBufferBytes, PER_CPU_BUFFER_MIN,
				    PER_CPU_BUFFER_MAX, problem);
	if (!error)
		error = check_range("CONFIGURE.captureBytes", c->captureBytes, 0, CAPTURE_BYTES_MAX, problem);
	if (!error)
		error = check_range("CONFIGURE.connectionsMax", c->connectionsMax, CONNECTIONS_MIN,
				    CONNECTIONS_MAX, problem);
	if (!error)
		error = check_tgids("CONFIGURE.ignorePids", &c->ignorePids, problem);
	return error;
}

static int check_targets(const struct wire_TARGETS *targets, struct problem *problem)
{
	int error = check_tgids("TARGETS.watch", &targets->watch, problem);

	if (!error)
		error = check_tgids("TARGETS.ignore", &targets->ignore, problem);
	if (!error)
		error = check_tgids("TARGETS.forget", &targets->forget, problem);
	return error;
}

static int check_mute(const struct wire_MUTE *mute, struct problem *problem)
{
	struct cursor cursor = command_items(&mute->connections);
	struct connection_name name;

	while (cursor.at != cursor.end)
		if (take_connection(&cursor, &name))
			return problem_set(problem, HELPER_BAD_COMMAND, -EINVAL, "MUTE.connections",
					   "an item is not a pair of numbers [sock, connection]");
	return 0;
}

static int check_values(const struct wire_message *command, struct problem *problem)
{
	switch (command->kind) {
	case WIRE_CONFIGURE:
		return check_configure(&command->CONFIGURE, problem);
	case WIRE_TARGETS:
		return check_targets(&command->TARGETS, problem);
	case WIRE_MUTE:
		return check_mute(&command->MUTE, problem);
	default:
		return 0;
	}
}

static int explain(int error, const char *where, struct problem *problem)
{
	if (error == -ENOENT)
		return problem_set(problem, HELPER_BAD_COMMAND, error, where, "there is no command %s",
				   where);
	if (error == -EINVAL)
		problem_set(problem, HELPER_BAD_COMMAND, error, where,
			    "the field is missing or of another type");
	else
		problem_set(problem, HELPER_BAD_COMMAND, error, where, "the frame is not one CBOR array");
	problem->fatal = true;
	return error;
}

int command_decode(const struct frame *frame, struct wire_message *command, struct problem *problem)
{
	char where[sizeof(problem->where)];
	int error = wire_decode(frame->bytes, frame->size, command, where);

	if (error)
		return explain(error, where, problem);
	error = check_values(command, problem);
	/* Without a CONFIGURE nothing can go on; any other command can be left out. */
	if (error && command->kind == WIRE_CONFIGURE)
		problem->fatal = true;
	return error;
}
