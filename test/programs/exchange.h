/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1 exchange over loopback inside one process, so that a program is only about the server's calls it
 * is named after. Every function ends the process with a message when a call fails. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stddef.h>

#define REQUEST	     "GET /program?secret HTTP/1.1\r\nHost: e2e\r\n\r\n"
#define HEAD	     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
#define BODY	     "hello"
#define RESPONSE     HEAD BODY
#define LENGTH(text) (sizeof(text) - 1)

struct exchange {
	int client;
	int server; /* accepted */
};

/* Prints "port N" of a new listener and waits for a line on stdin: from then on the process is watched. */
int exchange_listen(void);

/* Connects to the listener and accepts. */
struct exchange exchange_connect(int listener);

/* exchange_listen and exchange_connect; the listener is closed. */
struct exchange exchange_open(void);

/* The client writes REQUEST in one call. */
void exchange_request(const struct exchange *e);

/* The client reads until it has `bytes`. */
void exchange_expect(const struct exchange *e, size_t bytes);

/* Closes the server's end, then the client's. */
void exchange_close(const struct exchange *e);

/* Writes all of it to a file, pipe or socket, with as many write calls as it takes. */
void write_all(int fd, const char *bytes, size_t length);

/* Reads exactly this many bytes, with as many read calls as it takes. */
void read_all(int fd, char *bytes, size_t length);

/* Ends the process with the name of the call and errno unless the condition holds. */
void must(int condition, const char *call);

#endif
