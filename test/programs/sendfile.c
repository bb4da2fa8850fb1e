// SPDX-License-Identifier: Apache-2.0
/* A head by write, a body of 100,000 bytes by sendfile64. */
#define _GNU_SOURCE
#include "exchange.h"
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define FILE_BYTES 100000
#define FILE_HEAD  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"

int main(void)
{
	struct exchange e = exchange_open();
	int file = memfd_create("body", 0);
	char request[LENGTH(REQUEST)];
	off_t offset = 0;

	must(ftruncate(file, FILE_BYTES) == 0, "ftruncate");
	exchange_request(&e);
	read_all(e.server, request, sizeof(request));
	write_all(e.server, FILE_HEAD, LENGTH(FILE_HEAD));
	while (offset < FILE_BYTES)
		must(sendfile(e.server, file, &offset, FILE_BYTES - offset) > 0, "sendfile");
	exchange_expect(&e, LENGTH(FILE_HEAD) + FILE_BYTES);
	exchange_close(&e);
	return 0;
}
