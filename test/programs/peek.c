// SPDX-License-Identifier: Apache-2.0
/* MSG_PEEK leaves the bytes where they are: only the read that takes them counts. */
#include "exchange.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	struct exchange e = exchange_open();
	char request[4096];
	struct iovec part = {request, sizeof(request)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	exchange_request(&e);
	must(recv(e.server, request, 4, MSG_PEEK) == 4, "recv");
	must(recv(e.server, request, sizeof(request), MSG_PEEK) == LENGTH(REQUEST), "recv");
	must(recvmsg(e.server, &message, MSG_PEEK) == LENGTH(REQUEST), "recvmsg");
	must(read(e.server, request, sizeof(request)) == LENGTH(REQUEST), "read");
	write_all(e.server, RESPONSE, LENGTH(RESPONSE));
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
