// SPDX-License-Identifier: Apache-2.0
/* 8 MB through a non-blocking socket: what counts is what each call returned, not what it was given. */
#include "exchange.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define BODY_BYTES 8000000
#define LARGE_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n"

static void *expect(void *argument)
{
	exchange_expect(argument, LENGTH(LARGE_HEAD) + BODY_BYTES);
	return NULL;
}

static void send_body(int fd, char *body)
{
	size_t sent = 0;

	while (sent < BODY_BYTES) {
		size_t left = BODY_BYTES - sent;
		struct iovec parts[] = {{body + sent, left / 2}, {body + sent + left / 2, left - left / 2}};
		ssize_t written = writev(fd, parts, 2);

		must(written > 0 || errno == EAGAIN, "writev");
		sent += written > 0 ? written : 0;
	}
}

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)], *body = calloc(1, BODY_BYTES);
	pthread_t client;

	must(body != NULL, "calloc");
	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	must(fcntl(e.server, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	must(pthread_create(&client, NULL, expect, &e) == 0, "pthread_create");
	write_all(e.server, LARGE_HEAD, LENGTH(LARGE_HEAD));
	send_body(e.server, body);
	must(pthread_join(client, NULL) == 0, "pthread_join");
	exchange_close(&e);
	free(body);
	return 0;
}
