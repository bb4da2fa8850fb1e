/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent may ask for: a frame becomes a command whose values are in range, or a problem. */
#ifndef ACCESSLOG_COMMAND_H
#define ACCESSLOG_COMMAND_H

#include "frame.h"
#include "problem.h"
#include "wire.h"

#include <stdint.h>

#define SHARDS_MAX	   64
#define PER_CPU_BUFFER_MIN 4096
#define PER_CPU_BUFFER_MAX (64 * 1024 * 1024)
#define CONNECTIONS_MIN	   16
#define CONNECTIONS_MAX	   (1 << 20)
#define PIDS_MAX	   (1 << 22) /* PID_MAX_LIMIT of 64-bit kernels */

/* A connection as MUTE names it. */
struct connection_name {
	uint64_t sock;
	uint64_t connection;
};

/* Decodes @frame into @command, whose arrays point into the frame. 0, or -errno with @problem filled: fatal
 * when the frame is malformed or asks for what cannot be started, else the command is to be ignored. */
int command_decode(const struct frame *frame, struct wire_message *command, struct problem *problem);

/* The next of an array of numbers. False at its end. */
bool command_next_uint(struct cursor *cursor, uint64_t *value);

/* The next of an array of tgids that command_decode accepted. False at its end. */
bool command_next_tgid(struct cursor *cursor, uint32_t *tgid);

/* The next of MUTE's pairs. False at their end. */
bool command_next_connection(struct cursor *cursor, struct connection_name *name);

/* The items of an array, for the two above. */
struct cursor command_items(const struct wire_items *items);

#endif
