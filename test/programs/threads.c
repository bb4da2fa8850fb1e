// SPDX-License-Identifier: Apache-2.0
/* Eight threads, each with a connection of its own, 50 exchanges on each. */
#include "exchange.h"
#include <pthread.h>
#include <unistd.h>

#define THREADS	  8
#define EXCHANGES 50

static void *serve(void *argument)
{
	struct exchange *e = argument;
	char request[LENGTH(REQUEST)];

	for (int i = 0; i < EXCHANGES; i++) {
		exchange_request(e);
		read_all(e->server, request, sizeof(request));
		write_all(e->server, RESPONSE, LENGTH(RESPONSE));
		exchange_expect(e, LENGTH(RESPONSE));
	}
	exchange_close(e);
	return NULL;
}

int main(void)
{
	int listener = exchange_listen();
	struct exchange exchanges[THREADS];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		exchanges[i] = exchange_connect(listener);
		must(pthread_create(&threads[i], NULL, serve, &exchanges[i]) == 0, "pthread_create");
	}
	for (int i = 0; i < THREADS; i++)
		must(pthread_join(threads[i], NULL) == 0, "pthread_join");
	close(listener);
	return 0;
}
