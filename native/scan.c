// SPDX-License-Identifier: Apache-2.0
#include "scan.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the kernel gathers before it lets a reader have it. */
#define READ_BYTES (32 * 1024)

/* Hands out the whole records among @held bytes and moves the rest to the front. Returns bytes left, or
 * -errno. */
static ssize_t hand_out(uint8_t *bytes, size_t held, scan_sink sink, void *arg)
{
	size_t at = 0;

	while (held - at >= sizeof(struct record_open)) {
		int error = sink(arg, (const struct record_open *)(bytes + at));

		if (error)
			return error;
		at += sizeof(struct record_open);
	}
	memmove(bytes, bytes + at, held - at);
	return held - at;
}

/* A read may end in the middle of a record. */
static int read_records(int fd, scan_sink sink, void *arg)
{
	uint8_t bytes[READ_BYTES] __attribute__((aligned(8)));
	ssize_t held = 0, got;

	while ((got = read(fd, bytes + held, sizeof(bytes) - held)) != 0) {
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got < 0)
			continue;
		held = hand_out(bytes, held + got, sink, arg);
		if (held < 0)
			return held;
	}
	return 0;
}

static int read_iterator(struct bpf_link *link, scan_sink sink, void *arg)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	int error;

	if (fd < 0)
		return -errno;
	error = read_records(fd, sink, arg);
	close(fd);
	return error;
}

int scan_sockets(const struct bpf_program *program, uint32_t tgid, scan_sink sink, void *arg)
{
	union bpf_iter_link_info info = {.task.pid = tgid};
	LIBBPF_OPTS(bpf_iter_attach_opts, options);
	struct bpf_link *link;
	int error;

	if (tgid) {
		options.link_info = &info;
		options.link_info_len = sizeof(info);
	}
	link = bpf_program__attach_iter(program, &options);
	if (!link)
		return -errno;
	error = read_iterator(link, sink, arg);
	bpf_link__destroy(link);
	return error;
}
