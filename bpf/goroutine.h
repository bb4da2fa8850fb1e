/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Goroutines, as code compiled by Go 1.17 and later shows them: a register holds the current one, arguments
 * and results pass in registers (ABIInternal), and stacks move. */
#ifndef ACCESSLOG_GOROUTINE_H
#define ACCESSLOG_GOROUTINE_H

#include "target.h"

#if defined(__TARGET_ARCH_x86)
/* src/cmd/compile/abi-internal.md; the kernel leaves it alone during a system call. */
#define GOROUTINE(regs)	    ((regs)->r14)
#define GO_ARGUMENT_1(regs) ((regs)->ax)
#define GO_ARGUMENT_2(regs) ((regs)->bx)
#define GO_RESULT_1(regs)   ((regs)->ax)
#endif

/* The first member of runtime.g since Go 1.4. */
struct go_stack {
	__u64 low;
	__u64 high;
};

static __always_inline struct goroutine_key goroutine_key(__u64 g)
{
	return (struct goroutine_key){.g = g, .tgid = current_tgid()};
}

static __always_inline struct go_stack stack_of(__u64 g)
{
	struct go_stack stack = {};

	bpf_probe_read_user(&stack, sizeof(stack), (void *)g);
	return stack;
}

/* A place on a stack that may be moved in the meantime, as its distance from the end; other places as they
 * are. Distances are negative, which user addresses are not, and grow as the stack is taken down. */
static __always_inline __u64 fixed_place(const struct go_stack *stack, __u64 address)
{
	return address >= stack->low && address < stack->high ? address - stack->high : address;
}

static __always_inline __u64 current_place(const struct go_stack *stack, __u64 place)
{
	return (__s64)place < 0 ? place + stack->high : place;
}

/* The session of the call of crypto/tls on whose stack @address is, 0: there is none. */
static __always_inline __u64 session_of_goroutine(__u64 g, __u64 address)
{
	struct goroutine_key key = goroutine_key(g);
	struct tls_calls *calls = g ? bpf_map_lookup_elem(&goroutines, &key) : NULL;
	struct go_stack stack;

	if (!calls)
		return 0;
	stack = stack_of(g);
	return fixed_place(&stack, address) < calls->now.stack ? calls->now.session : 0;
}

#endif
