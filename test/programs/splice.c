// SPDX-License-Identifier: Apache-2.0
/* The request spliced out of the socket, the answer spliced into it, both through a pipe. */
#define _GNU_SOURCE
#include "exchange.h"
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)];
	int pipes[2];

	must(pipe(pipes) == 0, "pipe");
	exchange_request(&e);
	must(splice(e.server, NULL, pipes[1], NULL, LENGTH(REQUEST), 0) == LENGTH(REQUEST), "splice");
	read_all(pipes[0], request, sizeof(request));
	write_all(pipes[1], RESPONSE, LENGTH(RESPONSE));
	must(splice(pipes[0], NULL, e.server, NULL, LENGTH(RESPONSE), 0) == LENGTH(RESPONSE), "splice");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
