// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The calls of TLS libraries in watched processes, seen by uprobes: what a session was given and gave. The
 * helper decides where they hang (native/uprobe.c); one program serves all binaries. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "scratch_of_task.h"
#include "ciphertext.h"
#include "plaintext.h"
#include "session.h"
#include "syscalls.h"
#include "thread.h"
#include "tls_call.h"

/* Of the two licences, the one the kernel asks for. */
char LICENSE[] SEC("license") = "GPL";

/* int SSL_do_handshake(SSL *) */
SEC("uprobe")
int enter_tls_handshake(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_HANDSHAKE};

	return enter_tls(regs, &call);
}

/* int SSL_read(SSL *, void *buffer, int length) */
SEC("uprobe")
int enter_tls_read(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_READ, .buffer = CALL_ARGUMENT_2(regs)};

	return enter_tls(regs, &call);
}

/* int SSL_read_ex(SSL *, void *buffer, size_t length, size_t *read) */
SEC("uprobe")
int enter_tls_read_ex(struct pt_regs *regs)
{
	struct tls_call call = {
	    .kind = TLS_CALL_READ_EX, .buffer = CALL_ARGUMENT_2(regs), .count_at = CALL_ARGUMENT_4(regs)};

	return enter_tls(regs, &call);
}

/* int SSL_write(SSL *, const void *buffer, int length) */
SEC("uprobe")
int enter_tls_write(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_WRITE, .buffer = CALL_ARGUMENT_2(regs)};

	return enter_tls(regs, &call);
}

/* int SSL_write_ex(SSL *, const void *buffer, size_t length, size_t *written) */
SEC("uprobe")
int enter_tls_write_ex(struct pt_regs *regs)
{
	struct tls_call call = {
	    .kind = TLS_CALL_WRITE_EX, .buffer = CALL_ARGUMENT_2(regs), .count_at = CALL_ARGUMENT_4(regs)};

	return enter_tls(regs, &call);
}

/* int SSL_write_ex2(SSL *, const void *buffer, size_t length, uint64_t flags, size_t *written) */
SEC("uprobe")
int enter_tls_write_ex2(struct pt_regs *regs)
{
	struct tls_call call = {
	    .kind = TLS_CALL_WRITE_EX, .buffer = CALL_ARGUMENT_2(regs), .count_at = CALL_ARGUMENT_5(regs)};

	return enter_tls(regs, &call);
}

/* All of the above return here. */
SEC("uprobe")
int return_tls(struct pt_regs *regs)
{
	struct thread *thread = thread_find();
	struct tls_call call;
	struct transfer x = {};

	if (!thread || !leave_tls(thread, regs->sp, &call))
		return 0;
	if (!find_moved(&call, regs->ax, &x))
		return 0;
	if (thread->tls.session == call.session)
		thread->tls.told = 1;
	move_plaintext(thread, call.session, &x);
	return 0;
}

/* int BIO_write(BIO *, const void *data, int length), of which only those inside a call of the library
 * matter. */
SEC("uprobe")
int enter_bio_write(struct pt_regs *regs)
{
	struct thread *thread = thread_find();

	if (thread && session_on_stack(thread, regs->sp))
		expect_ciphertext(thread->tls.session, CALL_ARGUMENT_2(regs), CALL_ARGUMENT_3(regs));
	return 0;
}

/* SSL_free, SSL_clear, and whatever gives a session other sockets: SSL_set_bio, SSL_set_fd. */
SEC("uprobe")
int renew_tls(struct pt_regs *regs)
{
	if (thread_watched())
		forget_session(CALL_ARGUMENT_1(regs));
	return 0;
}
