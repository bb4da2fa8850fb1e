/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The call of a TLS library that a thread is in. Sessions run inside sessions (TLS through a TLS proxy), and
 * some calls are made of others, so two are remembered; a third one inside them is not seen. A call that is
 * left by longjmp, or never returns, is found out by the stack. */
#ifndef ACCESSLOG_TLS_CALL_H
#define ACCESSLOG_TLS_CALL_H

#include "syscalls.h"
#include "thread.h"
#include "transfer.h"

/* The return address is gone from the stack when a call has returned. */
#define RETURN_ADDRESS_BYTES 8

static __always_inline int enter_tls(struct pt_regs *regs, struct tls_call *call)
{
	struct thread *thread = thread_watched();

	if (!thread)
		return 0;
	call->session = CALL_ARGUMENT_1(regs);
	call->stack = regs->sp;
	call->start_ns = bpf_ktime_get_ns();
	if (thread->tls.session && thread->tls.stack > call->stack)
		thread->tls_outer = thread->tls;
	else
		thread->tls_outer.session = 0;
	thread->tls = *call;
	return 0;
}

static __always_inline bool is_of(const struct tls_call *call, __u64 stack)
{
	return call->session && call->stack + RETURN_ADDRESS_BYTES == stack;
}

/* Takes the call that returns. False: its entry was not seen, or it was told by a call inside it. */
static __always_inline bool leave_tls(struct thread *thread, __u64 stack, struct tls_call *call)
{
	if (is_of(&thread->tls, stack)) {
		*call = thread->tls;
		thread->tls = thread->tls_outer;
	} else if (is_of(&thread->tls_outer, stack)) {
		*call = thread->tls_outer;
		thread->tls.session = 0;
	} else {
		return false;
	}
	thread->tls_outer.session = 0;
	return !call->told;
}

/* The count that an _ex call stored. */
static __always_inline __u32 stored_count(const struct tls_call *call)
{
	__u64 count = 0;

	if (bpf_probe_read_user(&count, sizeof(count), (void *)call->count_at))
		return 0;
	return count > 0x7fffffff ? 0x7fffffff : count;
}

/* What the call moved, when it did. */
static __always_inline bool find_moved(const struct tls_call *call, __s32 result, struct transfer *x)
{
	if (call->kind == TLS_CALL_HANDSHAKE || result <= 0)
		return false;
	x->bytes = call->count_at ? stored_count(call) : result;
	x->copyable = x->bytes;
	x->buffers.base = call->buffer;
	x->start_ns = call->start_ns;
	x->end_ns = bpf_ktime_get_ns();
	x->direction = call->kind >= TLS_CALL_WRITE ? DIRECTION_EGRESS : DIRECTION_INGRESS;
	return x->bytes != 0;
}

#endif
