// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include "symbols.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The functions of the libraries with OpenSSL's interface. Without the first two there is nothing to see. */
#define ESSENTIAL_FUNCTIONS 2
static const struct {
	const char *name;
	const char *enter;
	const char *leave;
} functions[] = {
    {"SSL_read", "enter_tls_read", "return_tls"},
    {"SSL_write", "enter_tls_write", "return_tls"},
    {"SSL_read_ex", "enter_tls_read_ex", "return_tls"},
    {"SSL_write_ex", "enter_tls_write_ex", "return_tls"},
    {"SSL_write_ex2", "enter_tls_write_ex2", "return_tls"},
    {"SSL_do_handshake", "enter_tls_handshake", "return_tls"},
    {"SSL_free", "renew_tls", NULL},
    {"SSL_clear", "renew_tls", NULL},
    {"SSL_set_bio", "renew_tls", NULL},
    {"SSL_set_fd", "renew_tls", NULL},
    {"BIO_write", "enter_bio_write", NULL},
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* The last one, which may be in a file of its own: libcrypto. */
#define BIO_FUNCTION (FUNCTIONS - 1)

/* Only BoringSSL has it. */
#define BORINGSSL_SYMBOL "SSL_CTX_set_custom_verify"

const char *library_kind_name(enum library_kind kind)
{
	static const char *const names[] = {"none", "OpenSSL", "BoringSSL", "libcrypto"};

	return names[kind];
}

const char *library_status_name(enum library_status status)
{
	static const char *const names[] = {"detached", "attached", "failed"};

	return names[status];
}

static bool has_essential(const struct symbol *found)
{
	for (size_t i = 0; i < ESSENTIAL_FUNCTIONS; i++)
		if (!found[i].offset)
			return false;
	return true;
}

static enum library_kind kind_by(const struct symbol *found)
{
	if (has_essential(found))
		return found[FUNCTIONS].offset ? LIBRARY_BORINGSSL : LIBRARY_OPENSSL;
	return found[BIO_FUNCTION].offset ? LIBRARY_CRYPTO : LIBRARY_NONE;
}

/* BoringSSL has one function under several names: it is probed once. */
static bool is_probed(const struct library *library, uint64_t offset)
{
	for (size_t i = 0; i < library->function_count; i++)
		if (library->functions[i].offset == offset)
			return true;
	return false;
}

static void add_function(struct library *library, uint64_t offset, size_t index)
{
	struct library_function *function = &library->functions[library->function_count];

	if (!offset || is_probed(library, offset))
		return;
	function->offset = offset;
	function->enter = functions[index].enter;
	function->leave = functions[index].leave;
	library->function_count++;
}

void library_inspect(struct library *library, int fd, bool is_program)
{
	struct symbol found[FUNCTIONS + 1] = {};

	for (size_t i = 0; i < FUNCTIONS; i++)
		found[i].name = functions[i].name;
	found[FUNCTIONS].name = BORINGSSL_SYMBOL;
	library->kind = LIBRARY_NONE;
	library->function_count = 0;
	if (!symbols_find(fd, found, FUNCTIONS + 1, is_program))
		library->kind = kind_by(found);
	if (library->kind == LIBRARY_CRYPTO)
		add_function(library, found[BIO_FUNCTION].offset, BIO_FUNCTION);
	else if (library->kind != LIBRARY_NONE)
		for (size_t i = 0; i < FUNCTIONS; i++)
			add_function(library, found[i].offset, i);
}

/* All places of one program in one link. */
static int attach_program(struct library *library, int fd, const struct library_programs *programs,
			  const char *name, bool returns)
{
	uint64_t offsets[LIBRARY_FUNCTIONS_MAX];
	struct uprobe_wish wish = {.fd = fd, .returns = returns, .offsets = offsets};

	for (size_t i = 0; i < library->function_count; i++) {
		const struct library_function *function = &library->functions[i];
		const char *program = returns ? function->leave : function->enter;

		if (program && !strcmp(program, name))
			offsets[wish.count++] = function->offset;
	}
	if (!wish.count)
		return 0;
	wish.program = programs->find(programs->arg, name);
	if (!wish.program)
		return -ENOENT;
	return uprobe_attach(&wish, programs->method, &library->links);
}

/* Whether an earlier function has attached the same program. */
static bool is_repeated(const struct library *library, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(library->functions[i].enter, library->functions[index].enter))
			return true;
	return false;
}

/* Returns first: a call that begins before its return is seen would be taken for one that never returned. */
static int attach_all(struct library *library, int fd, const struct library_programs *programs)
{
	int error = attach_program(library, fd, programs, "return_tls", true);

	for (size_t i = 0; i < library->function_count && !error; i++)
		if (!is_repeated(library, i))
			error = attach_program(library, fd, programs, library->functions[i].enter, false);
	return error;
}

int library_attach(struct library *library, int fd, const struct library_programs *programs)
{
	int error = attach_all(library, fd, programs);

	library->told = false;
	library->status = error ? LIBRARY_FAILED : LIBRARY_ATTACHED;
	library->reason[0] = '\0';
	if (!error)
		return 0;
	uprobe_detach(&library->links);
	snprintf(library->reason, sizeof(library->reason), "%s: %s", uprobe_method_name(programs->method),
		 strerror(-error));
	return error;
}

void library_detach(struct library *library)
{
	if (library->status != LIBRARY_ATTACHED)
		return;
	uprobe_detach(&library->links);
	library->status = LIBRARY_DETACHED;
	library->told = false;
}
