// SPDX-License-Identifier: Apache-2.0
/* The answer goes through a duplicate after the first descriptor is closed: still one connection, closed
 * once. */
#include "exchange.h"
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)];
	int duplicate;

	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	duplicate = dup(e.server);
	must(duplicate >= 0, "dup");
	must(close(e.server) == 0, "close");
	write_all(duplicate, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	close(duplicate);
	close(e.client);
	return 0;
}
