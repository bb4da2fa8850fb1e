// SPDX-License-Identifier: Apache-2.0
/* connect to a port whose listener is gone, once blocking and once not. */
#include "exchange.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_error(int flags, struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0), error = 0;
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	socklen_t length = sizeof(error);

	must(fd >= 0, "socket");
	if (connect(fd, (struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	error = errno;
	if (error == EINPROGRESS) {
		must(poll(&waiting, 1, 10000) == 1, "poll");
		must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0, "getsockopt");
	}
	close(fd);
	return error;
}

int main(void)
{
	int listener = exchange_listen();
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	close(listener);
	must(connect_error(0, &address) == ECONNREFUSED, "refusal");
	must(connect_error(SOCK_NONBLOCK, &address) == ECONNREFUSED, "refusal");
	return 0;
}
