// SPDX-License-Identifier: Apache-2.0
#include "frame.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int ends[2];

static struct frame_reader *open_reader(void)
{
	CHECK(!pipe2(ends, O_NONBLOCK));
	CHECK(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 0);
	return frame_reader_new();
}

static void close_reader(struct frame_reader *reader)
{
	frame_reader_free(reader);
	close(ends[0]);
	close(ends[1]);
}

static void feed(struct frame_reader *reader, const void *bytes, size_t size)
{
	if (!size)
		return;
	CHECK_EQ(write(ends[1], bytes, size), size);
	CHECK_EQ(frame_read(reader, ends[0]), size);
}

static void expect(struct frame_reader *reader, const char *text)
{
	struct frame frame;

	CHECK_EQ(frame_next(reader, &frame), 1);
	CHECK_EQ(frame.size, strlen(text));
	CHECK(!memcmp(frame.bytes, text, frame.size));
}

static void expect_nothing(struct frame_reader *reader)
{
	struct frame frame;

	CHECK_EQ(frame_next(reader, &frame), 0);
}

static const char two[] = "\0\0\0\3abc\0\0\0\5defgh";

static void cut_anywhere(void)
{
	for (size_t cut = 0; cut < sizeof(two); cut++) {
		struct frame_reader *reader = open_reader();

		feed(reader, two, cut);
		if (cut >= 7)
			expect(reader, "abc");
		if (cut < sizeof(two) - 1)
			expect_nothing(reader);
		feed(reader, two + cut, sizeof(two) - 1 - cut);
		if (cut < 7)
			expect(reader, "abc");
		expect(reader, "defgh");
		expect_nothing(reader);
		close_reader(reader);
	}
}

static void byte_by_byte(void)
{
	struct frame_reader *reader = open_reader();
	struct frame frame;
	int frames = 0;

	for (size_t i = 0; i < sizeof(two) - 1; i++) {
		feed(reader, two + i, 1);
		frames += frame_next(reader, &frame);
	}
	CHECK_EQ(frames, 2);
	close_reader(reader);
}

static void longest(void)
{
	static uint8_t bytes[FRAME_LENGTH_BYTES + WIRE_MESSAGE_MAX_BYTES];
	struct frame_reader *reader = open_reader();
	struct frame frame;
	size_t half = sizeof(bytes) / 2;

	/* A little before it, so that it only fits once that was handed out. */
	feed(reader, "\0\0\0\1x", 5);
	frame_put_length(bytes, WIRE_MESSAGE_MAX_BYTES);
	bytes[sizeof(bytes) - 1] = 'z';
	feed(reader, bytes, half);
	expect(reader, "x");
	expect_nothing(reader);
	feed(reader, bytes + half, sizeof(bytes) - half);
	CHECK_EQ(frame_next(reader, &frame), 1);
	CHECK_EQ(frame.size, WIRE_MESSAGE_MAX_BYTES);
	CHECK_EQ(frame.bytes[frame.size - 1], 'z');
	close_reader(reader);
}

static void too_long(void)
{
	struct frame_reader *reader = open_reader();
	uint8_t length[FRAME_LENGTH_BYTES];
	struct frame frame;

	frame_put_length(length, WIRE_MESSAGE_MAX_BYTES + 1);
	feed(reader, length, sizeof(length));
	CHECK_EQ(frame_next(reader, &frame), -EMSGSIZE);
	CHECK_EQ(frame_next(reader, &frame), -EMSGSIZE);
	close_reader(reader);
}

static void empty(void)
{
	struct frame_reader *reader = open_reader();
	struct frame frame;

	feed(reader, "\0\0\0\0", 4);
	CHECK_EQ(frame_next(reader, &frame), -EBADMSG);
	close_reader(reader);
}

static void end_and_pause(void)
{
	struct frame_reader *reader = open_reader();

	CHECK_EQ(frame_read(reader, ends[0]), -EAGAIN);
	close(ends[1]);
	CHECK_EQ(frame_read(reader, ends[0]), 0);
	ends[1] = dup(ends[0]);
	close_reader(reader);
}

static const struct test tests[] = {
    {"two frames are the same two wherever the stream is cut", cut_anywhere},
    {"two frames that come byte by byte are two frames", byte_by_byte},
    {"the longest frame fits behind another", longest},
    {"a frame that is too long is refused at its length, and stays refused", too_long},
    {"an empty frame is refused", empty},
    {"the end of the stream and a pause in it are told apart", end_and_pause},
};

int main(void)
{
	return RUN_TESTS("frame", tests);
}
