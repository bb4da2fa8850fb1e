// SPDX-License-Identifier: Apache-2.0
/* recvmmsg and sendmmsg: head and body are two messages of one call, both of them counted. */
#define _GNU_SOURCE
#include "exchange.h"
#include <sys/socket.h>
#include <sys/uio.h>

#define POST_HEAD "POST /program HTTP/1.1\r\nHost: e2e\r\nContent-Length: 5\r\n\r\n"

static char head[] = HEAD, body[] = BODY;

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(POST_HEAD)], sent[LENGTH(BODY)];
	struct iovec in[] = {{request, sizeof(request)}, {sent, sizeof(sent)}};
	struct iovec out[] = {{head, LENGTH(HEAD)}, {body, LENGTH(BODY)}};
	struct mmsghdr receive[2] = {0}, send[2] = {0};

	for (int i = 0; i < 2; i++) {
		receive[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
		send[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
	}
	write_all(e.client, POST_HEAD BODY, LENGTH(POST_HEAD BODY));
	must(recvmmsg(e.server, receive, 2, MSG_WAITFORONE, NULL) == 2, "recvmmsg");
	must(sendmmsg(e.server, send, 2, 0) == 2, "sendmmsg");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
