// SPDX-License-Identifier: Apache-2.0
/* The plainest server: one read, one write. */
#include "exchange.h"
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)];

	exchange_request(&e);
	must(read(e.server, request, sizeof(request)) == LENGTH(REQUEST), "read");
	must(write(e.server, RESPONSE, LENGTH(RESPONSE)) == LENGTH(RESPONSE), "write");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
