/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: a 4-byte big-endian length, then that many bytes. In: split a stream, bounded. Out: write a length.
 */
#ifndef ACCESSLOG_FRAME_H
#define ACCESSLOG_FRAME_H

#include "wire.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAME_LENGTH_BYTES 4

/* One message without its length. Points into the reader; valid until the next frame_read. */
struct frame {
	const uint8_t *bytes;
	size_t size;
};

struct frame_reader;

/* NULL without memory. Holds one longest frame; pages are touched only as bytes arrive. */
struct frame_reader *frame_reader_new(void);
void frame_reader_free(struct frame_reader *reader);

/* Reads once from @fd. Returns the bytes read, 0 at the end of the stream, -errno (-EAGAIN: nothing there).
 */
ssize_t frame_read(struct frame_reader *reader, int fd);

/* 1: @frame is the next frame. 0: more bytes are needed. -EMSGSIZE, -EBADMSG: longer than
 * WIRE_MESSAGE_MAX_BYTES, or empty; the stream is lost, every further call says so again. */
int frame_next(struct frame_reader *reader, struct frame *frame);

/* Writes the length prefix of a message of @size bytes. */
void frame_put_length(uint8_t at[FRAME_LENGTH_BYTES], uint32_t size);

#endif
