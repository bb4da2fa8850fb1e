// SPDX-License-Identifier: Apache-2.0
/* The frames of test/fixtures/wire: what they mean, and that this side writes them so. */
#include "command.h"
#include "frame.h"
#include "record.h"
#include "test.h"
#include "wire.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TEXT_BYTES 8192

static const char *directory;

static size_t read_text(const char *name, const char *suffix, char text[TEXT_BYTES])
{
	char path[512];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		test_subject = strdup(path);
	CHECK(fd >= 0);
	size = read(fd, text, TEXT_BYTES - 1);
	close(fd);
	CHECK(size >= 0);
	text[size] = '\0';
	return size;
}

/* The message inside the fixture's frame. */
static size_t read_message(const char *name, uint8_t message[TEXT_BYTES])
{
	char hex[TEXT_BYTES];
	uint32_t length;
	size_t size;

	read_text(name, ".hex", hex);
	size = from_hex(hex, message, TEXT_BYTES);
	memcpy(&length, message, sizeof(length));
	CHECK_EQ(be32toh(length), size - FRAME_LENGTH_BYTES);
	memmove(message, message + FRAME_LENGTH_BYTES, size - FRAME_LENGTH_BYTES);
	return size - FRAME_LENGTH_BYTES;
}

/* JSON without the whitespace between its tokens. */
static void squeeze(char *json)
{
	char *to = json;
	int in_string = 0;

	for (const char *from = json; *from; from++) {
		if (*from == '"' && (from == json || from[-1] != '\\'))
			in_string = !in_string;
		if (in_string || !strchr(" \n\t", *from))
			*to++ = *from;
	}
	*to = '\0';
}

static void print_text(FILE *out, const struct token *token)
{
	fputc('"', out);
	for (uint64_t i = 0; i < token->value; i++)
		fprintf(out, token->bytes[i] == '"' ? "\\%c" : "%c", token->bytes[i]);
	fputc('"', out);
}

static void print_item(FILE *out, struct cursor *cursor)
{
	struct token token;

	CHECK_EQ(token_next(cursor, &token), 0);
	if (token.kind == TOKEN_UINT)
		fprintf(out, token.value >> 53 ? "\"%llu\"" : "%llu", (unsigned long long)token.value);
	else if (token.kind == TOKEN_BOOL)
		fputs(token.value ? "true" : "false", out);
	else if (token.kind == TOKEN_TEXT)
		print_text(out, &token);
	else if (token.kind == TOKEN_BYTES) {
		fputc('"', out);
		for (uint64_t i = 0; i < token.value; i++)
			fprintf(out, "%02x", token.bytes[i]);
		fputc('"', out);
	} else {
		CHECK_EQ(token.kind, TOKEN_ARRAY);
		fputc('[', out);
		for (uint64_t i = 0; i < token.value; i++) {
			if (i)
				fputc(',', out);
			print_item(out, cursor);
		}
		fputc(']', out);
	}
}

static const struct {
	int kind;
	const char *name;
} fields[] = {
#define FIELD(kind, name, type, sentence) {WIRE_##kind, #name},
#include "wire.def"
};

static const struct {
	int kind;
	const char *direction;
} directions[] = {
#define MESSAGE(direction, kind, number, sentence) {number, #direction},
#include "wire.def"
};

static void print_fields(FILE *out, int kind, struct cursor *cursor)
{
	int printed = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].kind != kind)
			continue;
		fprintf(out, "%s\"%s\":", printed++ ? "," : "", fields[i].name);
		print_item(out, cursor);
	}
}

static void print_meaning(FILE *out, const uint8_t *message, size_t size)
{
	struct cursor cursor = {.at = message, .end = message + size};
	struct token array, kind;

	CHECK(!token_next(&cursor, &array) && !token_next(&cursor, &kind));
	for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if ((uint64_t)directions[i].kind == kind.value)
			fprintf(out, "{\"direction\":\"%s\",", directions[i].direction);
	fprintf(out, "\"kind\":\"%s\",\"fields\":{", wire_name(kind.value));
	print_fields(out, kind.value, &cursor);
	fputs("}}", out);
}

static void check_meaning(const char *name)
{
	uint8_t message[TEXT_BYTES];
	char wanted[TEXT_BYTES], *meaning;
	size_t size = read_message(name, message), meaning_size;
	FILE *out = open_memstream(&meaning, &meaning_size);

	test_subject = name;
	print_meaning(out, message, size);
	fclose(out);
	read_text(name, ".json", wanted);
	squeeze(wanted);
	squeeze(meaning);
	CHECK_TEXT(meaning, wanted);
	free(meaning);
}

static void every_fixture(void)
{
	DIR *files = opendir(directory);
	struct dirent *file;
	int count = 0;

	CHECK(files);
	while ((file = readdir(files))) {
		char *suffix = strstr(file->d_name, ".hex");

		if (!suffix)
			continue;
		*suffix = '\0';
		check_meaning(file->d_name);
		count++;
	}
	closedir(files);
	CHECK(count >= 12);
}

static void check_encoding(const char *name, enum wire_kind kind, const void *message)
{
	uint8_t wanted[TEXT_BYTES], bytes[TEXT_BYTES];
	size_t size = read_message(name, wanted);

	test_subject = name;
	CHECK_EQ(wire_encode(kind, message, bytes, sizeof(bytes)), size);
	CHECK(!memcmp(bytes, wanted, size));
	for (size_t room = 0; room < size; room++)
		CHECK_EQ(wire_encode(kind, message, bytes, room), -ENOBUFS);
}

static struct wire_items numbers(const uint64_t *values, size_t count, uint8_t *bytes)
{
	struct wire_writer writer = {.at = bytes, .end = bytes + 9 * count};

	for (size_t i = 0; i < count; i++)
		wire_put_uint(&writer, values[i]);
	return (struct wire_items){.bytes = bytes, .size = writer.at - bytes, .count = count};
}

static void writes_hello_and_problem(void)
{
	struct wire_HELLO hello = {1, 1, "0.1.0", 4242, "6.1.0-49-cloud-amd64"};
	struct wire_PROBLEM problem = {"HELPER_BAD_COMMAND", false, "CONFIGURE.shards",
				       "0 is not in the range 1 to 64"};

	check_encoding("hello", WIRE_HELLO, &hello);
	check_encoding("problem", WIRE_PROBLEM, &problem);
	check_encoding("stopped", WIRE_STOPPED, NULL);
}

static void writes_counters(void)
{
	static const uint64_t kernel[] = {0,
					  23,
					  24,
					  255,
					  256,
					  65535,
					  65536,
					  4294967295,
					  4294967296,
					  9007199254740991,
					  18446744073709551615u};
	static const uint64_t helper[] = {1, 2, 3};
	uint8_t a[sizeof(kernel) * 2], b[sizeof(helper) * 2];
	struct wire_COUNTERS counters = {numbers(kernel, 11, a), numbers(helper, 3, b)};

	check_encoding("counters", WIRE_COUNTERS, &counters);
}

/* The encoder stops where the payload begins. */
static void writes_the_head_of_a_batch(void)
{
	uint8_t wanted[TEXT_BYTES], head[WIRE_HEAD_MAX_BYTES];
	size_t size = read_message("batch", wanted);
	size_t payload = 2 * sizeof(struct record_open);
	struct wire_BATCH batch = {.shard = 3, .records = 2, .payload = {.size = payload}};
	int written;

	written = wire_encode(WIRE_BATCH, &batch, head, sizeof(head));
	CHECK_EQ(written + payload, size);
	CHECK(!memcmp(head, wanted, written));
}

static void batch_fixture_holds_records(void)
{
	uint8_t message[TEXT_BYTES];
	size_t size = read_message("batch", message);
	struct record_open records[2];
	struct cursor cursor = {.at = message, .end = message + size};
	struct token token;

	while (cursor.at != cursor.end)
		CHECK_EQ(token_next(&cursor, &token), 0);
	CHECK_EQ(token.value, sizeof(records));
	memcpy(records, token.bytes, sizeof(records));
	for (int i = 0; i < 2; i++) {
		CHECK(record_is_valid(&records[i].head, sizeof(records[i])));
		CHECK_EQ(records[i].head.kind, RECORD_OPEN);
	}
}

static struct frame frame_of(const char *name, uint8_t message[TEXT_BYTES])
{
	return (struct frame){.bytes = message, .size = read_message(name, message)};
}

static void reads_configure(void)
{
	uint8_t message[TEXT_BYTES];
	struct frame frame = frame_of("configure", message);
	struct wire_message command;
	struct problem problem;
	struct cursor pids;
	uint32_t pid;

	CHECK_EQ(command_decode(&frame, &command, &problem), 0);
	CHECK_EQ(command.kind, WIRE_CONFIGURE);
	CHECK_EQ(command.CONFIGURE.protocolVersion, 1);
	CHECK_EQ(command.CONFIGURE.shards, 2);
	CHECK_EQ(command.CONFIGURE.perCpuBufferBytes, 524288);
	CHECK_EQ(command.CONFIGURE.captureBytes, 8192);
	CHECK_EQ(command.CONFIGURE.connectionsMax, 65536);
	CHECK_EQ(command.CONFIGURE.watchUnlisted, true);
	CHECK_EQ(command.CONFIGURE.ignorePids.count, 2);
	pids = command_items(&command.CONFIGURE.ignorePids);
	CHECK(command_next_tgid(&pids, &pid) && pid == 4241);
	CHECK(command_next_tgid(&pids, &pid) && pid == 4242);
	CHECK(!command_next_tgid(&pids, &pid));
}

static void reads_mute(void)
{
	static const uint64_t ids[] = {65537 + (1ULL << 32), (1ULL << 53) - 1};
	uint8_t message[TEXT_BYTES];
	struct frame frame = frame_of("mute_doubles", message);
	struct wire_message command;
	struct problem problem;
	struct connection_name name;
	struct cursor pairs;

	CHECK_EQ(command_decode(&frame, &command, &problem), 0);
	pairs = command_items(&command.MUTE.connections);
	for (int i = 0; i < 2; i++) {
		CHECK(command_next_connection(&pairs, &name));
		CHECK_EQ(name.sock, i ? 0xffff888104c8e980 : 0xffff888104c8e240);
		CHECK_EQ(name.connection, ids[i]);
	}
	CHECK(!command_next_connection(&pairs, &name));
}

/* A copy of exact size, so that reading past the end is seen by the sanitizer. */
static int decode_copy(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct frame frame = {.bytes = memcpy(copy, bytes, size), .size = size};
	struct wire_message command;
	struct problem problem;
	int error = command_decode(&frame, &command, &problem);

	free(copy);
	return error;
}

static void refuses_every_beginning(void)
{
	static const char *const commands[] = {"configure", "targets", "mute", "stats", "shutdown"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		uint8_t message[TEXT_BYTES];
		size_t size = read_message(commands[i], message);

		test_subject = commands[i];
		for (size_t cut = 0; cut < size; cut++)
			CHECK(decode_copy(message, cut) < 0);
		CHECK_EQ(decode_copy(message, size), 0);
		message[size] = 0;
		CHECK(decode_copy(message, size + 1) < 0);
	}
}

static const struct test tests[] = {
    {"every fixture means what its JSON says", every_fixture},
    {"HELLO, PROBLEM and STOPPED are written as in the fixtures", writes_hello_and_problem},
    {"COUNTERS is written as in the fixture, with numbers of every width", writes_counters},
    {"the head of a BATCH is written as in the fixture", writes_the_head_of_a_batch},
    {"the BATCH fixture holds records of this layout", batch_fixture_holds_records},
    {"CONFIGURE is read field by field", reads_configure},
    {"MUTE is read also when its ids come as doubles", reads_mute},
    {"no beginning of a command passes for one, nor one with a byte too many", refuses_every_beginning},
};

int main(int argc, char **argv)
{
	directory = argc > 1 ? argv[1] : "../test/fixtures/wire";
	return RUN_TESTS("wire", tests);
}
