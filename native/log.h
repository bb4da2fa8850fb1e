/* SPDX-License-Identifier: Apache-2.0 */
/* The helper's own words: one line each, on stderr. Data never goes there, words never go to stdout. */
#ifndef ACCESSLOG_LOG_H
#define ACCESSLOG_LOG_H

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/* Lines of a higher level than this are dropped. LOG_WARN until set. */
void log_set_level(enum log_level level);

/* Writes one line; what is longer than 1000 bytes is cut, control characters become spaces. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
