// SPDX-License-Identifier: Apache-2.0
/* recvmsg and sendmsg with 15 iovecs of three bytes each, the last one shorter. */
#include "exchange.h"
#include <assert.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PARTS	   15
#define PART_BYTES 3

static_assert(LENGTH(REQUEST) > (PARTS - 1) * PART_BYTES && LENGTH(REQUEST) <= PARTS * PART_BYTES, "parts");
static_assert(LENGTH(RESPONSE) > (PARTS - 1) * PART_BYTES && LENGTH(RESPONSE) <= PARTS * PART_BYTES, "parts");

static void split(struct iovec *parts, char *bytes, size_t count)
{
	for (size_t i = 0; i < PARTS; i++) {
		size_t left = count - i * PART_BYTES;

		parts[i] = (struct iovec){bytes + i * PART_BYTES, left < PART_BYTES ? left : PART_BYTES};
	}
}

int main(void)
{
	struct exchange e = exchange_open();
	char request[LENGTH(REQUEST)], response[] = RESPONSE;
	struct iovec in[PARTS], out[PARTS];
	struct msghdr receive = {.msg_iov = in, .msg_iovlen = PARTS};
	struct msghdr send = {.msg_iov = out, .msg_iovlen = PARTS};

	split(in, request, LENGTH(REQUEST));
	split(out, response, LENGTH(RESPONSE));
	exchange_request(&e);
	must(recvmsg(e.server, &receive, 0) == LENGTH(REQUEST), "recvmsg");
	must(sendmsg(e.server, &send, 0) == LENGTH(RESPONSE), "sendmsg");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
