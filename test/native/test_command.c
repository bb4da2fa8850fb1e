// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "test.h"

static const struct row {
	const char *sentence;
	const char *hex;
	bool accepted;
	enum problem_code code;
	bool fatal;
	const char *where;
} rows[] = {
    /* [32, version, shards, perCpuBufferBytes, captureBytes, connectionsMax, watchUnlisted, ignorePids] */
    {"the smallest values are accepted", "88 1820 01 01 191000 00 10 f4 80", true, 0, false, ""},
    {"the largest values are accepted", "88 1820 01 1840 1a04000000 192000 1a00100000 f5 81 1a00400000", true,
     0, false, ""},
    {"another version is refused", "88 1820 02 01 191000 00 10 f4 80", false, HELPER_PROTOCOL_VERSION, true,
     "CONFIGURE.protocolVersion"},
    {"no shards are refused", "88 1820 01 00 191000 00 10 f4 80", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.shards"},
    {"65 shards are refused", "88 1820 01 1841 191000 00 10 f4 80", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.shards"},
    {"a ring below a page is refused", "88 1820 01 01 190fff 00 10 f4 80", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.perCpuBufferBytes"},
    {"a ring above 64 MiB is refused", "88 1820 01 01 1a04000001 00 10 f4 80", false, HELPER_BAD_COMMAND,
     true, "CONFIGURE.perCpuBufferBytes"},
    {"a capture above the limit is refused", "88 1820 01 01 191000 192001 10 f4 80", false,
     HELPER_BAD_COMMAND, true, "CONFIGURE.captureBytes"},
    {"too few connections are refused", "88 1820 01 01 191000 00 0f f4 80", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.connectionsMax"},
    {"too many connections are refused", "88 1820 01 01 191000 00 1a00100001 f4 80", false,
     HELPER_BAD_COMMAND, true, "CONFIGURE.connectionsMax"},
    {"pid 0 is refused", "88 1820 01 01 191000 00 10 f4 81 00", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.ignorePids"},
    {"a pid that no kernel gives is refused", "88 1820 01 01 191000 00 10 f4 81 1a00400001", false,
     HELPER_BAD_COMMAND, true, "CONFIGURE.ignorePids"},
    {"a number where a bool belongs is refused", "88 1820 01 01 191000 00 10 01 80", false,
     HELPER_BAD_COMMAND, true, "CONFIGURE.watchUnlisted"},
    {"a text where a number belongs is refused", "88 1820 01 61 32 191000 00 10 f4 80", false,
     HELPER_BAD_COMMAND, true, "CONFIGURE.shards"},
    {"a negative number is refused", "88 1820 01 20 191000 00 10 f4 80", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.shards"},
    {"a text among the pids is refused", "88 1820 01 01 191000 00 10 f4 81 61 31", false, HELPER_BAD_COMMAND,
     true, "CONFIGURE.ignorePids"},
    {"a missing field is refused", "87 1820 01 01 191000 00 10 f4", false, HELPER_BAD_COMMAND, true,
     "CONFIGURE.ignorePids"},
    {"fields of a later version are ignored",
     "8a 1820 01 01 191000 00 10 f4 80 f6 a1 01 82 fb 3ff8000000000000 40", true, 0, false, ""},

    {"targets may be empty", "84 1821 80 80 80", true, 0, false, ""},
    {"a target out of range costs that command only", "84 1821 81 00 80 80", false, HELPER_BAD_COMMAND, false,
     "TARGETS.watch"},
    {"the second list is checked too", "84 1821 80 81 00 80", false, HELPER_BAD_COMMAND, false,
     "TARGETS.ignore"},
    {"the third list is checked too", "84 1821 80 80 81 00", false, HELPER_BAD_COMMAND, false,
     "TARGETS.forget"},

    {"cgroups take ids of 64 bits", "83 1828 82 1bffffffffffffffff 01 81 02", true, 0, false, ""},
    {"cgroups refuse what is no number", "83 1828 80 81 6131", false, HELPER_BAD_COMMAND, true,
     "CGROUPS.forget"},

    {"mute takes pairs", "82 1822 81 82 01 02", true, 0, false, ""},
    {"mute refuses what is no pair", "82 1822 81 83 01 02 03", false, HELPER_BAD_COMMAND, false,
     "MUTE.connections"},
    {"mute refuses a pair of texts", "82 1822 81 82 6131 6132", false, HELPER_BAD_COMMAND, false,
     "MUTE.connections"},
    {"mute refuses a plain number", "82 1822 81 01", false, HELPER_BAD_COMMAND, false, "MUTE.connections"},

    {"stats has no fields", "81 1823", true, 0, false, ""},
    {"shutdown has no fields", "81 1824", true, 0, false, ""},
    {"an unknown command is ignored", "81 1863", false, HELPER_BAD_COMMAND, false, "99"},
    {"a message to the agent is no command", "81 07", false, HELPER_BAD_COMMAND, false, "7"},
    {"a map is no command", "a1 1823 00", false, HELPER_BAD_COMMAND, true, "stdin"},
    {"an empty array is no command", "80", false, HELPER_BAD_COMMAND, true, "stdin"},
    {"a kind that is a text is no command", "81 61 61", false, HELPER_BAD_COMMAND, true, "stdin"},
    {"an array of indefinite length is no command", "9f 1823 ff", false, HELPER_BAD_COMMAND, true, "stdin"},
    {"one byte too many is no command", "81 1823 00", false, HELPER_BAD_COMMAND, true, "STATS"},
    {"two commands in a frame are none", "81 1823 81 1823", false, HELPER_BAD_COMMAND, true, "STATS"},
    {"an array that claims more than is there is no command", "9b ffffffffffffffff 1823", false,
     HELPER_BAD_COMMAND, true, "STATS"},
};

static void check_row(const struct row *row)
{
	uint8_t bytes[64];
	struct frame frame = {.bytes = bytes, .size = from_hex(row->hex, bytes, sizeof(bytes))};
	struct problem problem = {};
	struct wire_message command;
	int error = command_decode(&frame, &command, &problem);

	CHECK_EQ(!error, row->accepted);
	if (row->accepted)
		return;
	CHECK_TEXT(problem_name(problem.code), problem_name(row->code));
	CHECK_EQ(problem.fatal, row->fatal);
	CHECK(problem.message[0]);
	CHECK_TEXT(problem.where, row->where);
}

static void every_row(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_subject = rows[i].sentence;
		check_row(&rows[i]);
	}
}

static const struct test tests[] = {
    {"commands are taken or refused with code, place and consequence", every_row},
};

int main(void)
{
	return RUN_TESTS("command", tests);
}
