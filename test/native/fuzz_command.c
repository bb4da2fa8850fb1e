// SPDX-License-Identifier: Apache-2.0
/* libFuzzer: whatever bytes a frame holds, the decoder says yes or no, and what it accepts can be walked. */
#include "command.h"

static void walk_tgids(const struct wire_items *items)
{
	struct cursor cursor = command_items(items);
	uint64_t count = 0;
	uint32_t tgid;

	while (command_next_tgid(&cursor, &tgid))
		count++;
	if (count != items->count || cursor.at != cursor.end)
		__builtin_trap();
}

static void walk_connections(const struct wire_items *items)
{
	struct cursor cursor = command_items(items);
	struct connection_name name;
	uint64_t count = 0;

	while (command_next_connection(&cursor, &name))
		count++;
	if (count != items->count || cursor.at != cursor.end)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct frame frame = {.bytes = bytes, .size = size};
	struct wire_message command;
	struct problem problem = {};

	if (command_decode(&frame, &command, &problem)) {
		if (!problem.message[0] || !problem.where[0])
			__builtin_trap();
		return 0;
	}
	if (command.kind == WIRE_CONFIGURE)
		walk_tgids(&command.CONFIGURE.ignorePids);
	if (command.kind == WIRE_TARGETS) {
		walk_tgids(&command.TARGETS.watch);
		walk_tgids(&command.TARGETS.ignore);
		walk_tgids(&command.TARGETS.forget);
	}
	if (command.kind == WIRE_MUTE)
		walk_connections(&command.MUTE.connections);
	return 0;
}
