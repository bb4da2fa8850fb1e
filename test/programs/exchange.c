// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void must(int condition, const char *call)
{
	if (condition)
		return;
	perror(call);
	exit(1);
}

int exchange_listen(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char line[16];

	must(listener >= 0, "socket");
	must(bind(listener, (struct sockaddr *)&address, length) == 0, "bind");
	must(listen(listener, 128) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	must(fgets(line, sizeof(line), stdin) != NULL, "a line on stdin");
	return listener;
}

struct exchange exchange_connect(int listener)
{
	struct exchange e = {.client = socket(AF_INET, SOCK_STREAM, 0)};
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int on = 1;

	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	must(connect(e.client, (struct sockaddr *)&address, length) == 0, "connect");
	e.server = accept(listener, NULL, NULL);
	must(e.server >= 0, "accept");
	must(setsockopt(e.server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "setsockopt");
	return e;
}

struct exchange exchange_open(void)
{
	int listener = exchange_listen();
	struct exchange e = exchange_connect(listener);

	close(listener);
	return e;
}

void exchange_request(const struct exchange *e)
{
	write_all(e->client, REQUEST, LENGTH(REQUEST));
}

void exchange_expect(const struct exchange *e, size_t bytes)
{
	char *buffer = malloc(bytes);

	must(buffer != NULL, "malloc");
	read_all(e->client, buffer, bytes);
	free(buffer);
}

void exchange_close(const struct exchange *e)
{
	close(e->server);
	close(e->client);
}

void write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		must(written > 0, "write");
		bytes += written;
		length -= written;
	}
}

void read_all(int fd, char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = read(fd, bytes, length);

		must(got > 0, "read");
		bytes += got;
		length -= got;
	}
}
