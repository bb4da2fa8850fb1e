// SPDX-License-Identifier: Apache-2.0
#include "place.h"
#include "test.h"

/* What GCC makes of `int f(a, b, int c) { size_t n; int r = g(a, b, c, &n); return r > 0 ? n : r; }`, as
 * libssl's SSL_read of Debian 12 is, with the parts that matter by name. */
#define SUB	"\x48\x83\xec\x18"
#define PROTECT "\x64\x48\x8b\x04\x25\x28\0\0\0\x48\x89\x44\x24\x08\x31\xc0"
#define TEST	"\x85\xd2"
#define JS	"\x78\x12" /* to GUARD */
#define PASS	"\x48\x89\xe1\x48\x63\xd2"
#define CALL	"\xe8\0\0\0\0"
#define TEST_AX "\x85\xc0"
#define JLE	"\x7e\x03" /* to GUARD */
#define LOAD	"\x8b\x04\x24"
#define GUARD	"\x48\x8b\x54\x24\x08\x64\x48\x2b\x14\x25\x28\0\0\0"
#define JNE	"\x75\x06" /* to ABORT */
#define ADD	"\x48\x83\xc4\x18"
#define RET	"\xc3"
#define NOTHING "\x90"
#define ABORT	"\xe8\0\0\0\0"
#define MIDDLE	PROTECT TEST JS PASS CALL TEST_AX JLE LOAD GUARD

struct row {
	const char *sentence;
	const char *code;
	size_t length;
	bool has;
	uint32_t enter;
	uint32_t leave;
};

#define ROW(sentence, code, has, enter, leave)                                                               \
	{                                                                                                    \
		sentence, code, sizeof(code) - 1, has, enter, leave                                          \
	}

static const struct row rows[] = {
    ROW("a stack protector: in at the first jump, out at the last", SUB MIDDLE JNE ADD RET NOTHING ABORT,
	true, 22, 56),
    ROW("a call is as good a way in as a jump", SUB PROTECT CALL GUARD JNE ADD RET NOTHING ABORT, true, 20,
	39),
    ROW("a function that begins with a push costs no second trap: nothing is to be won",
	"\x53" SUB MIDDLE JNE ADD "\x5b" RET NOTHING ABORT, false, 0, 0),
    ROW("an argument that is changed before the way in", SUB "\x48\x89\xc7" MIDDLE JNE ADD RET NOTHING ABORT,
	false, 0, 0),
    ROW("a result that is changed after the way out",
	SUB MIDDLE "\x75\x07"
		   "\x31\xc0" ADD RET ABORT,
	false, 0, 0),
    ROW("a way out that may lead on", SUB MIDDLE JNE ADD RET NOTHING ABORT NOTHING, false, 0, 0),
    ROW("another stack at the way out", SUB MIDDLE JNE "\x48\x83\xc4\x08" RET NOTHING ABORT, false, 0, 0),
    ROW("no jump before the return", SUB PROTECT CALL ADD RET, false, 0, 0),
    ROW("a jump behind the way out", SUB PROTECT TEST "\x78\x15" CALL GUARD JNE ADD RET NOTHING ABORT, false,
	0, 0),
    ROW("a jump out of the function", SUB PROTECT TEST "\x78\x7f" CALL GUARD JNE ADD RET NOTHING ABORT, false,
	0, 0),
    ROW("a jump by a register", SUB MIDDLE "\x75\x07" ADD RET "\xff\xe0" ABORT, false, 0, 0),
    ROW("a second return without a way out", SUB MIDDLE JNE ADD RET RET ABORT, false, 0, 0),
    ROW("code that ends in the middle of an instruction", SUB MIDDLE JNE ADD RET NOTHING "\xe8\0", false, 0,
	0),
    ROW("no code at all", "", false, 0, 0),
};

static void finds_places(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct places places = {};

		test_subject = rows[i].sentence;
		CHECK_EQ(places_find((const uint8_t *)rows[i].code, rows[i].length, &places), rows[i].has);
		if (!rows[i].has)
			continue;
		CHECK_EQ(places.enter, rows[i].enter);
		CHECK_EQ(places.leave_count, 1);
		CHECK_EQ(places.leaves[0], rows[i].leave);
	}
}

static void survives_any_code(void)
{
	static const char whole[] = SUB MIDDLE JNE ADD RET NOTHING ABORT;
	struct places places;
	uint8_t code[sizeof(whole)];

	for (size_t at = 0; at < sizeof(whole) - 1; at++) {
		places_find((const uint8_t *)whole, at, &places);
		for (unsigned int byte = 0; byte < 256; byte++) {
			memcpy(code, whole, sizeof(whole));
			code[at] = byte;
			if (places_find(code, sizeof(whole) - 1, &places))
				CHECK(places.enter < sizeof(whole) && places.leaves[0] < sizeof(whole));
		}
	}
}

static const struct test tests[] = {
    {"places are found where a probe costs one trap, and nowhere else", finds_places},
    {"any code is survived: each byte of a function by any other, and cut anywhere", survives_any_code},
};

int main(void)
{
	return RUN_TESTS("place", tests);
}
