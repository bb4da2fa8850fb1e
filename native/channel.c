// SPDX-License-Identifier: Apache-2.0
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct channel {
	struct loop *loop;
	struct frame_reader *reader;
	struct output *output;
	struct channel_user user;
	struct watch in;
	struct watch out;
	bool in_paused;	  /* answers wait, so frames do */
	bool out_watched; /* messages wait for the other side to read */
};

struct output *channel_output(struct channel *channel)
{
	return channel->output;
}

void channel_write(struct channel *channel)
{
	int error = output_write(channel->output);
	bool waiting = error == -EAGAIN;

	if (error && !waiting)
		return channel->user.gone(channel->user.arg);
	if (waiting == channel->out_watched)
		return;
	channel->out_watched = waiting;
	loop_change(channel->loop, &channel->out, waiting ? EPOLLOUT : 0);
}

static void pause_in(struct channel *channel, bool paused)
{
	if (paused == channel->in_paused)
		return;
	channel->in_paused = paused;
	loop_change(channel->loop, &channel->in, paused ? 0 : EPOLLIN);
}

static void take_frames(struct channel *channel)
{
	struct frame frame;
	int got = 1;

	while (loop_runs(channel->loop) && got > 0) {
		if (output_spare(channel->output, BUFFER_SMALL) < CHANNEL_ANSWERS_PER_FRAME)
			break;
		got = frame_next(channel->reader, &frame);
		if (got > 0)
			channel->user.frame(channel->user.arg, &frame);
	}
	if (got < 0)
		return channel->user.broken(channel->user.arg, got);
	pause_in(channel, got > 0);
}

/* Goes on as long as answers go out, since no event will say that there is room again. */
static void take_all(struct channel *channel)
{
	do {
		take_frames(channel);
		if (loop_runs(channel->loop))
			channel_write(channel);
	} while (loop_runs(channel->loop) && channel->in_paused && !channel->out_watched);
}

/* While paused only a hang-up is reported. */
static void on_in(void *arg, uint32_t events)
{
	struct channel *channel = arg;
	ssize_t got = events & EPOLLIN ? frame_read(channel->reader, channel->in.fd) : 0;

	if (got == -EAGAIN)
		return;
	if (got <= 0)
		return channel->user.gone(channel->user.arg);
	take_all(channel);
}

static void on_out(void *arg, uint32_t events)
{
	struct channel *channel = arg;

	/* Nobody reads any more; the kernel would say so again and again. */
	if (events & (EPOLLERR | EPOLLHUP))
		return channel->user.gone(channel->user.arg);
	channel_write(channel);
	if (loop_runs(channel->loop))
		channel->user.room(channel->user.arg);
	if (loop_runs(channel->loop) && channel->in_paused)
		take_all(channel);
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}

static int open_channel(struct channel *channel, int in, int out)
{
	int error;

	channel->in = (struct watch){.fd = in, .ready = on_in, .arg = channel};
	channel->out = (struct watch){.fd = out, .ready = on_out, .arg = channel};
	channel->reader = frame_reader_new();
	channel->output = output_new(out);
	if (!channel->reader || !channel->output)
		return -ENOMEM;
	error = set_nonblocking(in);
	if (!error)
		error = set_nonblocking(out);
	if (!error)
		error = loop_add(channel->loop, &channel->in, EPOLLIN);
	if (!error)
		error = loop_add(channel->loop, &channel->out, 0);
	return error;
}

int channel_new(struct loop *loop, int in, int out, const struct channel_user *user, struct channel **channel)
{
	struct channel *fresh = calloc(1, sizeof(*fresh));
	int error;

	if (!fresh)
		return -ENOMEM;
	fresh->loop = loop;
	fresh->user = *user;
	error = open_channel(fresh, in, out);
	if (error)
		channel_free(fresh);
	else
		*channel = fresh;
	return error;
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	output_free(channel->output);
	frame_reader_free(channel->reader);
	free(channel);
}
