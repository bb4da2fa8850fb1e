// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct frame_reader {
	size_t start; /* first byte not handed out */
	size_t end;   /* one past the last byte read */
	uint8_t bytes[FRAME_LENGTH_BYTES + WIRE_MESSAGE_MAX_BYTES];
};

struct frame_reader *frame_reader_new(void)
{
	struct frame_reader *reader = malloc(sizeof(*reader));

	if (reader)
		reader->start = reader->end = 0;
	return reader;
}

void frame_reader_free(struct frame_reader *reader)
{
	free(reader);
}

/* A longest frame always fits once what was handed out has made room. */
static void make_room(struct frame_reader *reader)
{
	size_t held = reader->end - reader->start;

	if (!reader->start)
		return;
	memmove(reader->bytes, reader->bytes + reader->start, held);
	reader->start = 0;
	reader->end = held;
}

ssize_t frame_read(struct frame_reader *reader, int fd)
{
	ssize_t got;

	make_room(reader);
	do
		got = read(fd, reader->bytes + reader->end, sizeof(reader->bytes) - reader->end);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->end += got;
	return got;
}

int frame_next(struct frame_reader *reader, struct frame *frame)
{
	const uint8_t *at = reader->bytes + reader->start;
	size_t held = reader->end - reader->start;
	uint32_t size;

	if (held < FRAME_LENGTH_BYTES)
		return 0;
	memcpy(&size, at, sizeof(size));
	size = be32toh(size);
	if (size > WIRE_MESSAGE_MAX_BYTES)
		return -EMSGSIZE;
	if (!size)
		return -EBADMSG;
	if (held - FRAME_LENGTH_BYTES < size)
		return 0;
	*frame = (struct frame){.bytes = at + FRAME_LENGTH_BYTES, .size = size};
	reader->start += FRAME_LENGTH_BYTES + size;
	return 1;
}

void frame_put_length(uint8_t at[FRAME_LENGTH_BYTES], uint32_t size)
{
	uint32_t big_endian = htobe32(size);

	memcpy(at, &big_endian, sizeof(big_endian));
}
