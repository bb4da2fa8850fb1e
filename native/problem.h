/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, as it goes to the agent in a PROBLEM message.
 *
 * The convention everywhere in native/: functions return 0 or -errno; those that meet something a user can
 * change also fill a struct problem. Codes are stable, docs list them. */
#ifndef ACCESSLOG_PROBLEM_H
#define ACCESSLOG_PROBLEM_H

#include <stdbool.h>

/* X(code, sentence) */
#define PROBLEMS(X)                                                                                          \
	X(HELPER_BAD_FRAME,                                                                                  \
	  "stdin holds something that is not a frame; fatal, nothing after it can be read")                  \
	X(HELPER_BAD_COMMAND, "a frame is not a command, or a value of it is out of range")                  \
	X(HELPER_PROTOCOL_VERSION, "the agent speaks another version of the protocol; fatal")                \
	X(HELPER_NO_BTF, "the kernel does not describe its types; fatal")                                    \
	X(HELPER_NO_PERMISSION, "the kernel refuses BPF to this process; fatal")                             \
	X(HELPER_NO_MEMORY, "a map, a ring or a buffer could not be had; fatal")                             \
	X(HELPER_LOAD_FAILED, "the kernel rejected an essential program; fatal")                             \
	X(HELPER_ATTACH_FAILED, "an essential program was loaded but could not be attached; fatal")          \
	X(HELPER_SCAN_FAILED, "sockets that were open before are found only by their next call")             \
	X(HELPER_TARGETS_FULL, "the table of watched and ignored processes has no room")                     \
	X(HELPER_AGENT_STUCK, "the agent did not read what it has to before capturing goes on; fatal")

enum problem_code {
#define X(code, sentence) code,
	PROBLEMS(X)
#undef X
};

struct problem {
	enum problem_code code;
	bool fatal;	   /* the helper exits after the message */
	char where[64];	   /* program, map, message or field concerned */
	char message[512]; /* one sentence for a person */
};

/* The code's name, as sent. */
const char *problem_name(enum problem_code code);

/* Fills @problem. Too long a text is cut. Always returns @error, so that callers can return what it returns.
 */
int problem_set(struct problem *problem, enum problem_code code, int error, const char *where,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
