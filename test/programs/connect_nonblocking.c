// SPDX-License-Identifier: Apache-2.0
/* connect returns EINPROGRESS and succeeds later. The exchange then runs as on any connection. */
#include "exchange.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int listener = exchange_listen();
	struct exchange e = {.client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	struct pollfd waiting = {.fd = e.client, .events = POLLOUT};
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	char request[LENGTH(REQUEST)];

	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	must(connect(e.client, (struct sockaddr *)&address, length) < 0 && errno == EINPROGRESS, "connect");
	must(poll(&waiting, 1, 10000) == 1, "poll");
	must(fcntl(e.client, F_SETFL, 0) == 0, "fcntl");
	e.server = accept(listener, NULL, NULL);
	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	close(listener);
	return 0;
}
