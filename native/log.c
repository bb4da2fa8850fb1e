// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES 1024

static enum log_level highest = LOG_WARN;

void log_set_level(enum log_level level)
{
	highest = level;
}

static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ')
			*text = ' ';
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char line[LINE_BYTES];
	va_list args;
	int start, length;

	if (level > highest)
		return;
	start = snprintf(line, sizeof(line), "accesslog-helper: %s: ", names[level]);
	va_start(args, format);
	length = vsnprintf(line + start, sizeof(line) - start, format, args);
	va_end(args);
	if (length < 0)
		return;
	make_one_line(line);
	if (length > LINE_BYTES - start - 2)
		length = LINE_BYTES - start - 2;
	line[start + length] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody to tell when it fails. */
	if (write(STDERR_FILENO, line, start + length + 1) < 0)
		return;
}
