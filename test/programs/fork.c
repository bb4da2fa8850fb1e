// SPDX-License-Identifier: Apache-2.0
/* A forking server: the parent accepts and lets go, the child serves and exits. */
#include "exchange.h"
#include <sys/wait.h>
#include <unistd.h>

static void serve(int server)
{
	char request[LENGTH(REQUEST)];

	read_all(server, request, sizeof(request));
	write_all(server, RESPONSE, LENGTH(RESPONSE));
	_exit(0);
}

int main(void)
{
	struct exchange e = exchange_open();
	pid_t child = fork();

	must(child >= 0, "fork");
	if (child == 0) {
		close(e.client);
		serve(e.server);
	}
	close(e.server);
	exchange_request(&e);
	exchange_expect(&e, LENGTH(RESPONSE));
	must(waitpid(child, NULL, 0) == child, "waitpid");
	close(e.client);
	return 0;
}
