// SPDX-License-Identifier: Apache-2.0
/* readv and writev with the bytes split over iovecs, an empty one among them. */
#include "exchange.h"
#include <sys/uio.h>

static char head[] = HEAD, body[] = BODY;

int main(void)
{
	struct exchange e = exchange_open();
	char a[1], b[10], rest[4096];
	struct iovec in[] = {{a, sizeof(a)}, {b, sizeof(b)}, {rest, sizeof(rest)}};
	struct iovec out[] = {{head, 3}, {NULL, 0}, {head + 3, LENGTH(HEAD) - 3}, {body, LENGTH(BODY)}};

	exchange_request(&e);
	must(readv(e.server, in, 3) == LENGTH(REQUEST), "readv");
	must(writev(e.server, out, 4) == LENGTH(RESPONSE), "writev");
	exchange_expect(&e, LENGTH(RESPONSE));
	exchange_close(&e);
	return 0;
}
