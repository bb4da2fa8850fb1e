// SPDX-License-Identifier: Apache-2.0
/* accept4 asks 1000 times in vain before there is a connection: one accept is all that happened. */
#define _GNU_SOURCE
#include "exchange.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int listener = exchange_listen();
	char request[LENGTH(REQUEST)];
	struct exchange e;

	must(fcntl(listener, F_SETFL, O_NONBLOCK) == 0, "fcntl");
	for (int i = 0; i < 1000; i++)
		must(accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN, "accept4");
	e = exchange_connect(listener);
	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	close(listener);
	return 0;
}
