/* SPDX-License-Identifier: Apache-2.0 */
/* stdin and stdout in the loop: frames in, messages out, each at the pace of the other side. Frames are read
 * only while there is room for what they may be answered, so an agent that asks without listening waits, too.
 */
#ifndef ACCESSLOG_CHANNEL_H
#define ACCESSLOG_CHANNEL_H

#include "frame.h"
#include "loop.h"
#include "output.h"

/* Answers that must have room before a frame is handed out: PROBLEM and whatever it asks for. */
#define CHANNEL_ANSWERS_PER_FRAME 2

struct channel;

/* Who is told. All but .gone may queue messages; the channel writes them afterwards. */
struct channel_user {
	void (*frame)(void *arg, const struct frame *frame);
	void (*broken)(void *arg, int error); /* stdin holds what is no frame: -EMSGSIZE, -EBADMSG */
	void (*room)(void *arg);	      /* the other side has read */
	void (*gone)(void *arg);	      /* the other side has closed its end */
	void *arg;
};

/* Makes both descriptors non-blocking and adds them to @loop. @user is copied. 0 or -errno; -EPERM for files.
 */
int channel_new(struct loop *loop, int in, int out, const struct channel_user *user,
		struct channel **channel);
void channel_free(struct channel *channel);

/* Where messages are queued. */
struct output *channel_output(struct channel *channel);

/* Writes what the other side takes now, and the rest when it does. */
void channel_write(struct channel *channel);

#endif
