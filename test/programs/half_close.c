// SPDX-License-Identifier: Apache-2.0
/* The client says that it is done; the server answers after reading the end of the stream. */
#include "exchange.h"
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[4096];

	exchange_request(&e);
	must(shutdown(e.client, SHUT_WR) == 0, "shutdown");
	must(read(e.server, request, sizeof(request)) == LENGTH(REQUEST), "read");
	must(read(e.server, request, sizeof(request)) == 0, "read");
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
