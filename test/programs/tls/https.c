// SPDX-License-Identifier: Apache-2.0
/* HTTPS/1.1 server and client on OpenSSL's interface, one connection after the other; built with OpenSSL, linked both
 * ways, and with BoringSSL.
 *   https serve CERTIFICATE KEY   prints "listening PORT", then one JSON row for each exchange
 *   https get AUTHORITY           for each line "PORT PATH ..." of stdin GETs the paths on one connection, prints one
 *                                 JSON row for each answer, then "done" */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES 8192
#define PART_BYTES 16000

static void die(const char *what)
{
	fprintf(stderr, "https: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void show(const char *method, const char *path, int status, long sent)
{
	printf("{\"method\":\"%s\",\"path\":\"%.*s\",\"status\":%d,\"responseBodyBytes\":%ld}\n", method,
	       (int)strcspn(path, "?"), path, status, sent);
	fflush(stdout);
}

/* A head, byte by byte, so that nothing of the body is read. False: the connection ended. */
static bool read_head(SSL *ssl, char head[HEAD_BYTES])
{
	size_t length = 0;

	while (length < HEAD_BYTES - 1 && SSL_read(ssl, head + length, 1) == 1) {
		head[++length] = '\0';
		if (length >= 4 && !memcmp(head + length - 4, "\r\n\r\n", 4))
			return true;
	}
	return false;
}

static void write_all(SSL *ssl, const char *bytes, long length)
{
	while (length > 0) {
		int written = SSL_write(ssl, bytes, length);

		if (written <= 0)
			die("SSL_write");
		bytes += written;
		length -= written;
	}
}

static long length_in(const char *head)
{
	const char *field = strcasestr(head, "content-length:");

	return field ? atol(field + strlen("content-length:")) : 0;
}

static bool answer(SSL *ssl)
{
	char head[HEAD_BYTES], method[16], path[1024], reply[256];
	static const char body[PART_BYTES];
	long length;

	if (!read_head(ssl, head) || sscanf(head, "%15s %1023s", method, path) != 2)
		return false;
	length = strchr(path + 1, '/') ? atol(strchr(path + 1, '/') + 1) : 0;
	snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", length);
	write_all(ssl, reply, strlen(reply));
	for (long left = length; left > 0; left -= PART_BYTES)
		write_all(ssl, body, left < PART_BYTES ? left : PART_BYTES);
	show(method, path, 200, length);
	return true;
}

static void serve(const char *certificate, const char *key)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		die("certificate");
	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("listen");
	printf("listening %d\n", ntohs(address.sin_port));
	fflush(stdout);
	while (true) {
		int fd = accept(listener, NULL, NULL);
		SSL *ssl = SSL_new(context);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			while (answer(ssl))
				;
		SSL_free(ssl);
		close(fd);
	}
}

static void skip(SSL *ssl, long length)
{
	char part[PART_BYTES];

	while (length > 0) {
		int got = SSL_read(ssl, part, length < PART_BYTES ? length : PART_BYTES);

		if (got <= 0)
			die("SSL_read");
		length -= got;
	}
}

static void ask(SSL *ssl, const char *path)
{
	char head[HEAD_BYTES], request[1200];
	int status;
	long length;

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	write_all(ssl, request, strlen(request));
	if (!read_head(ssl, head) || sscanf(head, "HTTP/1.1 %d", &status) != 1)
		die("no answer");
	length = length_in(head);
	skip(ssl, length);
	show("GET", path, status, length);
}

static void get_line(SSL_CTX *context, char *line)
{
	struct sockaddr_in address = loopback(atoi(strtok(line, " \n")));
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(context);
	char *path;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, "localhost");
	if (SSL_connect(ssl) != 1)
		die("SSL_connect");
	while ((path = strtok(NULL, " \n")))
		ask(ssl, path);
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
	puts("done");
	fflush(stdout);
}

static void get(const char *authority)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	char line[HEAD_BYTES];

	if (SSL_CTX_load_verify_locations(context, authority, NULL) != 1)
		die("authority");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	while (fgets(line, sizeof(line), stdin))
		get_line(context, line);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "get"))
		get(argv[2]);
	else
		die("usage: https serve CERTIFICATE KEY | https get AUTHORITY");
	return 0;
}
