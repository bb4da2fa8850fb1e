// SPDX-License-Identifier: Apache-2.0
#include "diagnosis.h"

#include "log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct diagnosis *listener;

void diagnosis_clear(struct diagnosis *diagnosis)
{
	diagnosis->program[0] = '\0';
	diagnosis->reason[0] = '\0';
}

static void copy(char *into, size_t size, const char *from, size_t length)
{
	if (length >= size)
		length = size - 1;
	memcpy(into, from, length);
	into[length] = '\0';
}

/* "libbpf: prog 'NAME': ..." -> NAME and what follows it; NULL when the message is not about a program. */
static const char *take_program(const char *message, const char **name, size_t *length)
{
	const char *at = strstr(message, "prog '"), *end;

	if (!at)
		return NULL;
	*name = at + strlen("prog '");
	end = strchr(*name, '\'');
	if (!end)
		return NULL;
	*length = end - *name;
	return end[1] == ':' ? end + 2 : end + 1;
}

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

/* The verifier's verdict stands last, before its statistics. */
static void take_last_log_line(struct diagnosis *diagnosis, const char *log)
{
	for (const char *line = log; *line; line += line_length(line) + (line[line_length(line)] == '\n')) {
		if (!strncmp(line, "processed ", 10) || !strncmp(line, "-- END", 6))
			return;
		if (line_length(line))
			copy(diagnosis->reason, sizeof(diagnosis->reason), line, line_length(line));
	}
}

static void note_program(struct diagnosis *diagnosis, const char *text)
{
	const char *log = strstr(text, "-- BEGIN");

	if (log) {
		log += line_length(log);
		take_last_log_line(diagnosis, *log ? log + 1 : log);
		return;
	}
	text += strspn(text, " ");
	if (!diagnosis->reason[0])
		copy(diagnosis->reason, sizeof(diagnosis->reason), text, line_length(text));
}

void diagnosis_note(struct diagnosis *diagnosis, const char *message)
{
	const char *name, *text;
	size_t length;

	text = take_program(message, &name, &length);
	if (text) {
		if (!diagnosis->program[0])
			diagnosis->reason[0] = '\0';
		copy(diagnosis->program, sizeof(diagnosis->program), name, length);
		note_program(diagnosis, text);
	} else if (!diagnosis->reason[0]) {
		text = strncmp(message, "libbpf: ", 8) ? message : message + 8;
		copy(diagnosis->reason, sizeof(diagnosis->reason), text, line_length(text));
	}
}

/* A verifier's log can have megabytes, and its end is what counts: it is printed whole. */
static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *message;
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	length = vasprintf(&message, format, args);
	if (length < 0)
		return length;
	log_write(LOG_DEBUG, "%s", message);
	if (level == LIBBPF_WARN && listener)
		diagnosis_note(listener, message);
	free(message);
	return length;
}

void diagnosis_listen(struct diagnosis *diagnosis)
{
	listener = diagnosis;
	libbpf_set_print(print);
}
