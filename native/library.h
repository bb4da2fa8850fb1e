/* SPDX-License-Identifier: Apache-2.0 */
/* One file of code: does it hold a TLS library that can be looked into, and the probes in it. A file is its
 * inode, however many processes of whatever mount namespace run it, and is looked at once. */
#ifndef ACCESSLOG_LIBRARY_H
#define ACCESSLOG_LIBRARY_H

#include "uprobe.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum library_kind {
	LIBRARY_NONE, /* no TLS library */
	LIBRARY_OPENSSL,
	LIBRARY_BORINGSSL,
	LIBRARY_NODE, /* OpenSSL inside Node.js */
	LIBRARY_GO,
	LIBRARY_JAVA, /* this one and the next are not supported, and known by the name of the file */
	LIBRARY_GNUTLS,
	LIBRARY_NSS,
	LIBRARY_CRYPTO, /* of OpenSSL, the part where records pass through memory */
};

enum library_status {
	LIBRARY_DETACHED, /* nobody uses it, or it was not tried yet */
	LIBRARY_ATTACHED,
	LIBRARY_FAILED,
};

#define LIBRARY_FUNCTIONS_MAX 64

/* A function that is probed: where it begins, and the programs that see it begin and return. */
struct library_function {
	uint64_t offset;
	const char *enter; /* name of a program */
	const char *leave; /* the same, on return; NULL: it is of no interest */
};

struct library {
	uint64_t device;
	uint64_t inode;
	int64_t changed_ns; /* st_ctim: another one is another file */
	char path[256];	    /* as the first process sees it, its end when it is longer */
	enum library_kind kind;
	enum library_status status;
	bool told;	  /* the agent knows the status */
	char reason[128]; /* of a failure, else empty */
	uint32_t users;	  /* processes that run it */
	uint32_t first_tgid;
	uint64_t idle_ns; /* since when it has no users, CLOCK_MONOTONIC */
	size_t function_count;
	struct library_function functions[LIBRARY_FUNCTIONS_MAX];
	struct uprobe_links links;
	struct library *next; /* of the same bucket */
};

/* What finds a program by name, and how programs are attached. */
struct library_programs {
	struct bpf_program *(*find)(void *arg, const char *name);
	void *arg;
	enum uprobe_method method;
};

/* Looks from now on only into those of this list, as policies name them: OpenSSL, BoringSSL, GoTLS, NodeTLS,
 * with commas between them; none when it is empty. 0, or -EINVAL: it holds another word. To be called before
 * anything else. */
int library_want(const char *list);
bool library_is_wanted(const struct library *library);

/* "OpenSSL", "BoringSSL". */
const char *library_kind_name(enum library_kind kind);

/* "attached", "failed", "detached". */
const char *library_status_name(enum library_status status);

/* Fills kind and functions by the symbols of the file. @is_program: an executable, whose debugging symbols
 * count, too.
 */
void library_inspect(struct library *library, int fd, bool is_program);

/* What the library calls itself, as in "OpenSSL 3.0.22" or "go1.26.8"; empty when it does not say. */
void library_version(int fd, enum library_kind kind, char *version, size_t size);

/* All or none: a function that is not seen would make the others tell half of the truth. 0 or -errno, with
 * status and reason set. @fd is of the file and not needed afterwards. */
int library_attach(struct library *library, int fd, const struct library_programs *programs);
void library_detach(struct library *library);

#endif
