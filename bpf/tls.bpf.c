// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The calls of TLS libraries in watched processes, seen by uprobes: what a session was given and gave. The
 * helper decides where they hang (native/uprobe.c); one program serves all binaries. An object of its own,
 * which shares the maps of the other one: scratch_of_task.h says why, native/tls_object.c how. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "scratch_of_task.h"
#include "ciphertext.h"
#include "goroutine.h"
#include "plaintext.h"
#include "session.h"
#include "syscalls.h"
#include "thread.h"
#include "tls_call.h"

/* The return address is gone from the stack when a call has returned. */
#define RETURN_ADDRESS_BYTES 8

/* @call: with its kind and its arguments */
static __always_inline int enter_tls(struct pt_regs *regs, struct tls_call *call)
{
	struct thread *thread = thread_watched();

	if (!thread)
		return 0;
	call->session = CALL_ARGUMENT_1(regs);
	call->stack = regs->sp;
	call->start_ns = bpf_ktime_get_ns();
	begin_call(&thread->tls, call);
	return 0;
}

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

	if (!thread || !end_call(&thread->tls, regs->sp - RETURN_ADDRESS_BYTES, &call) ||
	    !find_moved(&call, (__s32)regs->ax, &x))
		return 0;
	told_call(&thread->tls, &call);
	if (!move_plaintext(call.session, &x))
		ask_for_memory(thread);
	return 0;
}

/* int BIO_write(BIO *, const void *data, int length), of which only those inside a call of the library
 * matter. */
SEC("uprobe")
int enter_bio_write(struct pt_regs *regs)
{
	struct thread *thread = thread_find();

	if (thread && session_on_stack(thread, regs->sp))
		expect_ciphertext(thread->tls.now.session, CALL_ARGUMENT_2(regs), CALL_ARGUMENT_3(regs));
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

static __always_inline int enter_go(struct pt_regs *regs, struct tls_call *call)
{
	struct goroutine_key key = goroutine_key(GOROUTINE(regs));
	struct go_stack stack = stack_of(key.g);
	struct tls_calls fresh = {}, *calls;

	if (!thread_watched())
		return 0;
	calls = bpf_map_lookup_elem(&goroutines, &key);
	call->session = GO_ARGUMENT_1(regs);
	call->stack = fixed_place(&stack, regs->sp);
	call->start_ns = bpf_ktime_get_ns();
	if (call->kind == TLS_CALL_HANDSHAKE)
		forget_session(call->session);
	else
		call->buffer = fixed_place(&stack, GO_ARGUMENT_2(regs));
	begin_call(calls ? calls : &fresh, call);
	if (!calls)
		bpf_map_update_elem(&goroutines, &key, &fresh, BPF_ANY);
	return 0;
}

/* func (c *Conn) clientHandshake(ctx context.Context) error, and serverHandshake: the first thing that
 * happens to a Conn, once. */
SEC("uprobe")
int enter_go_handshake(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_HANDSHAKE};

	return enter_go(regs, &call);
}

/* func (c *Conn) Read(b []byte) (int, error) */
SEC("uprobe")
int enter_go_read(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_READ};

	return enter_go(regs, &call);
}

/* func (c *Conn) Write(b []byte) (int, error) */
SEC("uprobe")
int enter_go_write(struct pt_regs *regs)
{
	struct tls_call call = {.kind = TLS_CALL_WRITE};

	return enter_go(regs, &call);
}

/* At each return instruction of the above: a return probe changes the return address, which Go's runtime does
 * not survive. */
SEC("uprobe")
int return_go(struct pt_regs *regs)
{
	struct goroutine_key key = goroutine_key(GOROUTINE(regs));
	struct tls_calls *calls = bpf_map_lookup_elem(&goroutines, &key);
	struct go_stack stack = stack_of(key.g);
	struct transfer x = {};
	struct tls_call call;
	bool told;

	if (!calls)
		return 0;
	told = !end_call(calls, fixed_place(&stack, regs->sp), &call);
	if (!calls->now.session)
		bpf_map_delete_elem(&goroutines, &key);
	if (told)
		return 0;
	call.buffer = current_place(&stack, call.buffer);
	if (find_moved(&call, GO_RESULT_1(regs), &x))
		move_plaintext(call.session, &x);
	return 0;
}
