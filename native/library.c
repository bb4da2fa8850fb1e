// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include "elf_file.h"
#include "golang.h"
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
    {"SSL_read_early_data", "enter_tls_read_ex", "return_tls"},
    {"SSL_write_early_data", "enter_tls_write_ex", "return_tls"},
    {"BIO_write", "enter_bio_write", NULL},
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* The last one, which may be in a file of its own: libcrypto. */
#define BIO_FUNCTION (FUNCTIONS - 1)

/* What tells the relatives apart: only BoringSSL, and only Node.js has it. */
#define BORINGSSL_SYMBOL "SSL_CTX_set_custom_verify"
#define NODE_SYMBOL	 "node_module_register"
#define SYMBOLS		 (FUNCTIONS + 2)

/* Those that are looked into, a bit per kind. */
static uint32_t wanted_kinds = ~0u;

static const struct {
	const char *name;
	enum library_kind kind;
} policy_names[] = {
    {"OpenSSL", LIBRARY_OPENSSL},
    {"BoringSSL", LIBRARY_BORINGSSL},
    {"GoTLS", LIBRARY_GO},
    {"NodeTLS", LIBRARY_NODE},
};

/* The bit of the name at the beginning of @list; 0: it is none. */
static uint32_t bit_of(const char *list, size_t length)
{
	for (size_t i = 0; i < sizeof(policy_names) / sizeof(policy_names[0]); i++)
		if (strlen(policy_names[i].name) == length && !strncmp(policy_names[i].name, list, length))
			return 1u << policy_names[i].kind;
	return 0;
}

int library_want(const char *list)
{
	uint32_t bits = 0;

	while (*list) {
		size_t length = strcspn(list, ",");
		uint32_t bit = bit_of(list, length);

		if (!bit)
			return -EINVAL;
		bits |= bit;
		list += length + (list[length] == ',');
	}
	wanted_kinds = bits;
	return 0;
}

/* The other half of OpenSSL is of use only where the library itself is looked into. */
bool library_is_wanted(const struct library *library)
{
	uint32_t kind = library->kind == LIBRARY_CRYPTO ? LIBRARY_OPENSSL : library->kind;

	return wanted_kinds >> kind & 1;
}

const char *library_kind_name(enum library_kind kind)
{
	static const char *const names[] = {"none", "OpenSSL", "BoringSSL", "Node.js",	"Go crypto/tls",
					    "Java", "GnuTLS",  "NSS",	    "libcrypto"};

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

static void fail(struct library *library, const char *reason)
{
	library->status = LIBRARY_FAILED;
	library->told = false;
	snprintf(library->reason, sizeof(library->reason), "%s", reason);
}

static enum library_kind kind_by(const struct symbol *found)
{
	if (has_essential(found) && found[FUNCTIONS].offset)
		return LIBRARY_BORINGSSL;
	if (has_essential(found))
		return found[FUNCTIONS + 1].offset ? LIBRARY_NODE : LIBRARY_OPENSSL;
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

static void add_function(struct library *library, uint64_t offset, const char *enter, const char *leave)
{
	struct library_function *function = &library->functions[library->function_count];

	if (!offset || is_probed(library, offset))
		return;
	if (library->function_count == LIBRARY_FUNCTIONS_MAX) {
		fail(library, "it has too many places to probe");
		return;
	}
	*function = (struct library_function){.offset = offset, .enter = enter, .leave = leave};
	library->function_count++;
}

static void add_named(struct library *library, const struct symbol *found, size_t index)
{
	add_function(library, found[index].offset, functions[index].enter, functions[index].leave);
}

/* Go's functions are seen returning at each of their return instructions. */
static const struct {
	const char *name;
	const char *enter;
} go_functions[] = {
    {"crypto/tls.(*Conn).Read", "enter_go_read"},
    {"crypto/tls.(*Conn).Write", "enter_go_write"},
    {"crypto/tls.(*Conn).clientHandshake", "enter_go_handshake"},
    {"crypto/tls.(*Conn).serverHandshake", "enter_go_handshake"},
};
#define GO_FUNCTIONS (sizeof(go_functions) / sizeof(go_functions[0]))

static void add_go(struct library *library, const struct golang_function *found)
{
	for (size_t i = 0; i < GO_FUNCTIONS; i++) {
		add_function(library, found[i].offset, go_functions[i].enter, NULL);
		for (size_t j = 0; j < found[i].return_count; j++)
			add_function(library, found[i].returns[j], "return_go", NULL);
	}
}

/* A program without crypto/tls has none of the functions, one that only asks has no serverHandshake. */
static void inspect_go(struct library *library, int fd)
{
	struct golang_function found[GO_FUNCTIONS] = {};
	int error;

	for (size_t i = 0; i < GO_FUNCTIONS; i++)
		found[i].name = go_functions[i].name;
	error = golang_find(fd, found, GO_FUNCTIONS);
	if (error == -ENOENT || error == -ENOEXEC || (!error && (!found[0].offset || !found[1].offset)))
		return;
	library->kind = LIBRARY_GO;
	if (error == -ENOTSUP)
		fail(library, "it was compiled by Go before 1.17, or by one that is not known yet");
	else if (error)
		fail(library, "its code is not understood");
	else
		add_go(library, found);
}

/* What cannot be looked into is told by name, so that nobody has to wonder. */
static const struct {
	const char *prefix;
	enum library_kind kind;
} unsupported[] = {
    {"libjvm.so", LIBRARY_JAVA},
    {"libgnutls.so", LIBRARY_GNUTLS},
    {"libssl3.so", LIBRARY_NSS},
};

static void inspect_name(struct library *library)
{
	const char *name = strrchr(library->path, '/');

	for (size_t i = 0; name && i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
		if (strncmp(name + 1, unsupported[i].prefix, strlen(unsupported[i].prefix)))
			continue;
		library->kind = unsupported[i].kind;
		fail(library, "not supported");
	}
}

static void look_for_symbols(struct library *library, int fd, bool is_program)
{
	struct symbol found[SYMBOLS] = {};

	for (size_t i = 0; i < FUNCTIONS; i++)
		found[i].name = functions[i].name;
	found[FUNCTIONS].name = BORINGSSL_SYMBOL;
	found[FUNCTIONS + 1].name = NODE_SYMBOL;
	if (symbols_find(fd, found, SYMBOLS, is_program))
		return;
	library->kind = kind_by(found);
	if (library->kind == LIBRARY_CRYPTO)
		add_named(library, found, BIO_FUNCTION);
	else if (library->kind != LIBRARY_NONE)
		for (size_t i = 0; i < FUNCTIONS; i++)
			add_named(library, found, i);
}

void library_inspect(struct library *library, int fd, bool is_program)
{
	library->kind = LIBRARY_NONE;
	library->function_count = 0;
	look_for_symbols(library, fd, is_program);
	if (library->kind == LIBRARY_NONE && is_program)
		inspect_go(library, fd);
	if (library->kind == LIBRARY_NONE)
		inspect_name(library);
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

#define NUMBER "0123456789."

/* "OpenSSL 3.0.22", "OpenSSL 1.1.1w", "go1.26": the word, a number with a point, perhaps a letter. */
static size_t version_length(const char *at, size_t available, const char *word)
{
	size_t length = strlen(word), number;

	if (length >= available)
		return 0;
	number = strspn(at + length, NUMBER);
	if (number < 3 || !memchr(at + length, '.', number))
		return 0;
	length += number;
	return at[length] >= 'a' && at[length] <= 'z' ? length + 1 : length;
}

/* The longest: a prefix of it may stand elsewhere. */
static bool find_version(const struct elf_file *file, const char *section, const char *word, char *version,
			 size_t size)
{
	struct elf_part part;
	const uint8_t *at, *end;
	size_t longest = 0;

	if (elf_file_section(file, section, &part))
		return false;
	end = part.bytes + part.size;
	for (at = part.bytes; (at = memmem(at, end - at, word, strlen(word))); at++) {
		size_t length = version_length((const char *)at, end - at, word);

		if (length <= longest || length >= size)
			continue;
		longest = length;
		snprintf(version, size, "%.*s", (int)length, at);
	}
	return longest > 0;
}

void library_version(int fd, enum library_kind kind, char *version, size_t size)
{
	struct elf_file file;

	version[0] = '\0';
	if (elf_file_open(&file, fd))
		return;
	if (kind == LIBRARY_OPENSSL || kind == LIBRARY_NODE || kind == LIBRARY_CRYPTO)
		find_version(&file, ".rodata", "OpenSSL ", version, size);
	else if (kind == LIBRARY_GO && !find_version(&file, ".go.buildinfo", "go", version, size))
		find_version(&file, ".rodata", "go", version, size);
	elf_file_close(&file);
}
