// SPDX-License-Identifier: Apache-2.0
/* close_range ends the connection as close does. */
#define _GNU_SOURCE
#include "exchange.h"
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)];

	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	must(close_range(e.server, e.server, 0) == 0, "close_range");
	close(e.client);
	return 0;
}
