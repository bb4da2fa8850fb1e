// SPDX-License-Identifier: Apache-2.0
/* recv and send, which are recvfrom and sendto for the kernel. */
#include "exchange.h"
#include <sys/socket.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[4096];

	exchange_request(&e);
	must(recv(e.server, request, sizeof(request), 0) == LENGTH(REQUEST), "recv");
	must(send(e.server, RESPONSE, LENGTH(RESPONSE), MSG_NOSIGNAL) == LENGTH(RESPONSE), "send");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
