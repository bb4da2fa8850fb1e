/* SPDX-License-Identifier: Apache-2.0 */
/* The assertions of the C tests: a test is a sentence and a function; the first thing that does not hold ends
 * the program and says where. */
#ifndef ACCESSLOG_TEST_H
#define ACCESSLOG_TEST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *sentence;
	void (*run)(void);
};

/* What the running test is about: its sentence, or the row of its table. */
static const char *test_subject;

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			test_fail(__FILE__, __LINE__, #condition);                                           \
	} while (0)

#define CHECK_EQ(is, should)                                                                                 \
	do {                                                                                                 \
		long long is_ = (long long)(is), should_ = (long long)(should);                              \
		if (is_ != should_)                                                                          \
			test_fail_numbers(__FILE__, __LINE__, #is, is_, should_);                            \
	} while (0)

#define CHECK_TEXT(is, should)                                                                               \
	do {                                                                                                 \
		const char *is_ = (is), *should_ = (should);                                                 \
		if (strcmp(is_, should_))                                                                    \
			test_fail_texts(__FILE__, __LINE__, is_, should_);                                   \
	} while (0)

static inline void test_fail(const char *file, int line, const char *what)
{
	printf("not ok - %s\n  %s:%d: %s\n", test_subject, file, line, what);
	exit(1);
}

static inline void test_fail_numbers(const char *file, int line, const char *what, long long is,
				     long long should)
{
	printf("not ok - %s\n  %s:%d: %s is %lld, not %lld\n", test_subject, file, line, what, is, should);
	exit(1);
}

static inline void test_fail_texts(const char *file, int line, const char *is, const char *should)
{
	printf("not ok - %s\n  %s:%d:\n  is:     %s\n  should: %s\n", test_subject, file, line, is, should);
	exit(1);
}

static inline int run_tests(const char *name, const struct test *tests, size_t count)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++) {
		test_subject = tests[i].sentence;
		tests[i].run();
		printf("ok - %s: %s\n", name, tests[i].sentence);
	}
	printf("%s: %zu passed, 0 failed\n", name, count);
	return 0;
}

#define RUN_TESTS(name, tests) run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]))

/* A sequence that is the same in every run (xorshift64*). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* "01 0a ff" -> bytes; returns how many. */
static inline size_t from_hex(const char *hex, uint8_t *bytes, size_t size)
{
	size_t count = 0;
	unsigned int byte;
	int used;

	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		CHECK(count < size);
		bytes[count++] = byte;
		hex += used;
	}
	return count;
}

#endif
