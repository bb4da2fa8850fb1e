/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* System call numbers and arguments, per architecture. Arguments survive until the exit tracepoint, so only
 * the entry time has to be kept; on arm64 the first argument does not, so it is kept too. */
#ifndef ACCESSLOG_SYSCALLS_H
#define ACCESSLOG_SYSCALLS_H

#include "event.h"
#include "kernel.h"
#include <stdbool.h>

/* Followed only to tell shutdown() from the last close; never leaves the kernel. */
#define SYSCALL_SHUTDOWN 31
/* Followed only to learn of TLS libraries as they are loaded; never leaves the kernel. */
#define SYSCALL_MMAP 30

#if defined(__TARGET_ARCH_x86)
/* Numbers: arch/x86/entry/syscalls/syscall_64.tbl. pread and pwrite fail on sockets; the *v2 forms do not. */
#define SYSCALL_NUMBERS 512
static const __u8 syscall_kinds[SYSCALL_NUMBERS] = {
    [0] = SYSCALL_READ,	      [1] = SYSCALL_WRITE,	[3] = SYSCALL_CLOSE,	   [9] = SYSCALL_MMAP,
    [19] = SYSCALL_READV,     [20] = SYSCALL_WRITEV,	[40] = SYSCALL_SENDFILE64, [42] = SYSCALL_CONNECT,
    [43] = SYSCALL_ACCEPT,    [44] = SYSCALL_SENDTO,	[45] = SYSCALL_RECVFROM,   [46] = SYSCALL_SENDMSG,
    [47] = SYSCALL_RECVMSG,   [48] = SYSCALL_SHUTDOWN,	[275] = SYSCALL_SPLICE,	   [288] = SYSCALL_ACCEPT,
    [299] = SYSCALL_RECVMMSG, [307] = SYSCALL_SENDMMSG, [327] = SYSCALL_READV,	   [328] = SYSCALL_WRITEV,
};
#define ARGUMENT_1(regs)  ((regs)->di)
#define ARGUMENT_2(regs)  ((regs)->si)
#define ARGUMENT_3(regs)  ((regs)->dx)
#define ARGUMENT_4(regs)  ((regs)->r10)
#define ARGUMENT_5(regs)  ((regs)->r8)
#define CALL_NUMBER(regs) ((regs)->orig_ax)
/* Of a function of the C ABI. */
#define CALL_ARGUMENT_1(regs) ((regs)->di)
#define CALL_ARGUMENT_2(regs) ((regs)->si)
#define CALL_ARGUMENT_3(regs) ((regs)->dx)
#define CALL_ARGUMENT_4(regs) ((regs)->cx)
#define CALL_ARGUMENT_5(regs) ((regs)->r8)
#else
#error "no system call table for this architecture"
#endif

/* enum record_syscall of a call number, or 0: not followed. */
static __always_inline __u32 syscall_kind(__u64 number)
{
	return number < SYSCALL_NUMBERS ? syscall_kinds[number] : 0;
}

static __always_inline bool syscall_moves_bytes(__u32 kind)
{
	return kind < SYSCALL_CONNECT;
}

#endif
