// SPDX-License-Identifier: Apache-2.0
/* The helper from outside, as far as it goes without loading anything. */
#include "child.h"
#include "command.h"

#include <signal.h>

/* The first "version" of package.json. */
static void read_package_version(char version[32])
{
	FILE *package = fopen("../package.json", "r");
	char line[256];

	CHECK(package);
	while (fgets(line, sizeof(line), package))
		if (sscanf(line, " \"version\": \"%31[^\"]\"", version) == 1)
			break;
	fclose(package);
}

static void hello(void)
{
	struct child child = child_session();
	struct message message = child_expect(&child, WIRE_HELLO);
	char version[32] = "";

	read_package_version(version);
	CHECK_EQ(take(&message.fields).value, WIRE_PROTOCOL_VERSION);
	CHECK(take(&message.fields).value > 0);
	check_token_text(take(&message.fields), version);
	CHECK_EQ(take(&message.fields).value, child.pid);
	CHECK_EQ(take(&message.fields).kind, TOKEN_TEXT);
	CHECK_EQ(child_end(&child), 0);
}

static const struct row {
	const char *sentence;
	const char *hex; /* the whole of what is sent */
	const char *code;
	const char *where;
	bool fatal;
} rows[] = {
    {"text instead of a frame ends the session", "68656c6c6f 0a", "HELPER_BAD_FRAME", "stdin", true},
    {"a frame that is too long ends the session", "00101001", "HELPER_BAD_FRAME", "stdin", true},
    {"an empty frame ends the session", "00000000", "HELPER_BAD_FRAME", "stdin", true},
    {"a frame that is not CBOR ends the session", "00000001 ff", "HELPER_BAD_COMMAND", "stdin", true},
    {"a command of another type ends the session", "00000004 82 1823 1c", "HELPER_BAD_COMMAND", "STATS",
     true},
    {"an unknown command is reported and survived", "00000003 81 1863", "HELPER_BAD_COMMAND", "99", false},
    {"targets before the configuration are reported and survived", "00000006 84 1821 80 80 80",
     "HELPER_BAD_COMMAND", "TARGETS", false},
    {"mute before the configuration is reported and survived", "00000004 82 1822 80", "HELPER_BAD_COMMAND",
     "MUTE", false},
    {"a value out of range in the configuration ends the session",
     "0000000c 88 1820 01 00 191000 00 10 f4 80", "HELPER_BAD_COMMAND", "CONFIGURE.shards", true},
    {"another protocol version ends the session", "0000000c 88 1820 09 01 191000 00 10 f4 80",
     "HELPER_PROTOCOL_VERSION", "CONFIGURE.protocolVersion", true},
};

static void check_row(const struct row *row)
{
	struct child child = child_session();
	struct message problem;
	uint8_t bytes[64];
	size_t size = from_hex(row->hex, bytes, sizeof(bytes));

	child_expect(&child, WIRE_HELLO);
	CHECK_EQ(write(child.in, bytes, size), size);
	problem = child_expect(&child, WIRE_PROBLEM);
	check_token_text(take(&problem.fields), row->code);
	CHECK_EQ(take(&problem.fields).value, row->fatal);
	check_token_text(take(&problem.fields), row->where);
	CHECK(take(&problem.fields).value > 0);
	if (row->fatal)
		CHECK(!child_receive(&child, &problem));
	CHECK_EQ(child_end(&child), row->fatal ? 1 : 0);
}

static void every_row(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_subject = rows[i].sentence;
		check_row(&rows[i]);
	}
}

static void stops(struct child *child)
{
	struct message message;

	child_expect(child, WIRE_COUNTERS);
	child_expect(child, WIRE_STOPPED);
	CHECK(!child_receive(child, &message));
	CHECK_EQ(child_end(child), 0);
}

static void shutdown_first(void)
{
	struct child child = child_session();

	child_expect(&child, WIRE_HELLO);
	child_send(&child, WIRE_SHUTDOWN, NULL);
	stops(&child);
}

static void terminated(void)
{
	struct child child = child_session();

	child_expect(&child, WIRE_HELLO);
	kill(child.pid, SIGTERM);
	stops(&child);
}

static void many_questions(void)
{
	struct child child = child_session();

	child_expect(&child, WIRE_HELLO);
	for (int i = 0; i < 5000; i++)
		child_send(&child, WIRE_STATS, NULL);
	for (int i = 0; i < 5000; i++)
		child_expect(&child, WIRE_COUNTERS);
	CHECK_EQ(child_end(&child), 0);
}

/* Nothing is written meanwhile: the end must be seen without that. stdin stays open until it was. */
static void reader_gone(void)
{
	struct child child = child_session();
	int status;

	child_expect(&child, WIRE_HELLO);
	close(child.out);
	CHECK_EQ(waitpid(child.pid, &status, 0), child.pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	close(child.in);
	frame_reader_free(child.reader);
}

static int run_with(char *argument)
{
	struct child child = child_start((char *[]){HELPER_PATH, argument, NULL});

	return child_end(&child);
}

static void command_line(void)
{
	CHECK_EQ(run_with("--version"), 0);
	CHECK_EQ(run_with("--help"), 0);
	CHECK_EQ(run_with("--nonsense"), 2);
	CHECK_EQ(run_with("nonsense"), 2);
}

static const struct test tests[] = {
    {"HELLO comes first, with the version of the package, and the end of stdin is the end", hello},
    {"what is wrong on stdin is reported with code, place and consequence", every_row},
    {"SHUTDOWN is answered with COUNTERS and STOPPED, also first of all", shutdown_first},
    {"SIGTERM is a SHUTDOWN", terminated},
    {"thousands of questions are answered, however late the answers are read", many_questions},
    {"an agent that does not listen any more is the end, and no error", reader_gone},
    {"--version, --help and wrong usage have their exit codes", command_line},
};

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	return RUN_TESTS("protocol", tests);
}
