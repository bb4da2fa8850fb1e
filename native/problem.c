// SPDX-License-Identifier: Apache-2.0
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

const char *problem_name(enum problem_code code)
{
	static const char *const names[] = {
#define X(code, sentence) #code,
	    PROBLEMS(X)
#undef X
	};

	return names[code];
}

static bool is_fatal(enum problem_code code)
{
	return code != HELPER_BAD_COMMAND && code != HELPER_SCAN_FAILED && code != HELPER_TARGETS_FULL;
}

int problem_set(struct problem *problem, enum problem_code code, int error, const char *where,
		const char *format, ...)
{
	va_list args;

	problem->code = code;
	problem->fatal = is_fatal(code);
	snprintf(problem->where, sizeof(problem->where), "%s", where);
	va_start(args, format);
	vsnprintf(problem->message, sizeof(problem->message), format, args);
	va_end(args);
	return error;
}
