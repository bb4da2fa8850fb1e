// SPDX-License-Identifier: Apache-2.0
/* HTTP over a UNIX socket is not a connection here: nothing is logged. */
#include "exchange.h"
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int listener = exchange_listen(), pair[2];
	char request[LENGTH(REQUEST)];
	struct exchange e;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	e = (struct exchange){.client = pair[0], .server = pair[1]};
	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	close(listener);
	return 0;
}
