/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every map, with its life story. */
#ifndef ACCESSLOG_MAPS_H
#define ACCESSLOG_MAPS_H

#include "image.h"
#include "state.h"
#include "kernel.h"
#include "limits.h"
#include <bpf/bpf_helpers.h>

enum tls_call_kind {
	TLS_CALL_NONE,
	TLS_CALL_HANDSHAKE, /* moves no plaintext */
	TLS_CALL_READ,	    /* returns the count */
	TLS_CALL_READ_EX,   /* returns success, and the count through a pointer */
	TLS_CALL_WRITE,
	TLS_CALL_WRITE_EX,
};

/* A call of a TLS library. */
struct tls_call {
	__u64 session;	/* address of the library's object; 0: none */
	__u64 stack;	/* stack pointer at entry, where the return address is */
	__u64 start_ns; /* entry */
	__u64 buffer;	/* user address of the plaintext */
	__u64 count_at; /* user address of the count that _ex calls store */
	__u32 kind;	/* enum tls_call_kind */
	__u32 told;	/* a call inside it moved its plaintext */
};

/* Sessions run inside sessions, and some calls are made of others. */
struct tls_calls {
	struct tls_call now;   /* the innermost call that is under way */
	struct tls_call outer; /* the one that made it */
};

/* The call a thread is in. */
struct thread {
	__u64 start_ns;	      /* entry of the call */
	__u64 sock;	      /* CLOSE: the socket whose last reference is being closed, else 0 */
	__u64 connection;     /* CLOSE: its connection id */
	__u32 fd;	      /* first argument of the call */
	__u32 syscall;	      /* enum record_syscall, or SYSCALL_SHUTDOWN; 0 when the call is over */
	__u32 generation;     /* of the targets that its process was found in; another one: ask again */
	__u32 asked;	      /* the helper was told that sessions of this thread use memory BIOs */
	struct tls_calls tls; /* of C functions; those of goroutines are kept with these */
};

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* Ring buffers, indexed by the low bits of the connection id: order per connection comes for free.
 * Written by: every program that emits.  Read by: the helper.  Full: the record is counted as dropped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps") __weak;

/* struct image_event.  Written by: exec_process, fork_process, exit_process, exit_syscall.  Read by: the
 * helper, at once.  Full: counted; the process is looked at with its next event. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, IMAGE_RING_BYTES);
} image_events SEC(".maps") __weak;

/* struct sock * -> the connection on it.
 * Written by: connect, accept, the first call on an unknown socket, the scan.  Removed by: destroy_socket,
 * which every TCP socket passes.  Read by: every program, and the helper for folded totals.
 * Full: the socket is not followed and counted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps") __weak;

/* A TLS session: the library's object in a process. */
struct session_key {
	__u64 session;
	__u64 tgid;
};

struct session {
	__u64 sock;
	__u64 connection; /* its id: another one on that socket is not the session's */
};

/* The connection that carries a TLS session, once that is certain.
 * Written by: bind_session.  Removed by: forget_session, destroy_socket.  Full: counted; the plaintext is not
 * attributed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct session_key);
	__type(value, struct session);
} sessions SEC(".maps") __weak;

struct goroutine_key {
	__u64 g; /* address of the runtime's object */
	__u64 tgid;
};

/* Goroutine -> its calls of crypto/tls: it may begin a call on one thread and end it on another.
 * Written by: enter_go.  Removed by: return_go, else by age.  Full: the oldest goes, and the plaintext of its
 * call is not attributed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct goroutine_key);
	__type(value, struct tls_calls);
} goroutines SEC(".maps") __weak;

/* The beginning of a record that a session wrote to a memory BIO, in a process. */
#define CIPHERTEXT_BYTES 24
struct ciphertext_key {
	__u8 bytes[CIPHERTEXT_BYTES] __attribute__((aligned(8)));
	__u64 tgid;
};

/* A record that is to appear in a system call -> the session that wrote it.
 * Written by: enter_bio_write, for sessions that are not bound.  Removed by: the call in which it appears,
 * else by age.  Full: the oldest goes, and its session is bound by a later record. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ciphertext_key);
	__type(value, __u64);
} ciphertexts SEC(".maps") __weak;

/* struct sock * -> what is remembered of the plaintext of its connection, as of a connection of its own.
 * Written by: bind_session.  Removed by: destroy_socket.  Full: as `sessions`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct connection);
} plaintexts SEC(".maps") __weak;

/* tgid -> TARGET_WATCH or TARGET_IGNORE.
 * Written by: the helper, fork_process for children.  Removed by: the helper, exit_process.
 * Full: the helper reports it; a child that finds no room is handled as unlisted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} targets SEC(".maps") __weak;

/* cgroup v2 id -> TARGET_IGNORE: processes that execute a program in it or below it are ignored.
 * Written and removed by: the helper.  Read by: exec_process.  Full: the helper reports it; its processes are
 * captured until the agent decides. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps") __weak;

/* struct sock * -> connection id of connections whose payload is of no use any more.
 * Written by: the helper.  Removed by: the program that takes note, else by age.  Full: the oldest goes,
 * and that connection is copied on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} muted SEC(".maps") __weak;

/* Thread -> the call it is in.
 * Written by: enter_syscall.  Removed by: the kernel with the task.  Full: cannot be; no memory is counted.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps") __weak;

/* The same for kernels without task storage (< 5.11), by pid_tgid.
 * Written by: enter_syscall.  Removed by: exit_process for each thread.  Full: counted, the call is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct thread);
} threads_by_id SEC(".maps") __weak;

/* All counters of a CPU.  Written by: every program.  Read by: the helper.  Never removed. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kernel_counts);
} counters SEC(".maps") __weak;

/* One counter per CPU from which connection ids are made. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} connection_ids SEC(".maps") __weak;

/* A position in the buffers of a call. It lives in a map, as the walk itself does, because what the verifier
 * cannot know it does not multiply by the steps of the loop. */
#define HEADER_BYTES 8
struct walker {
	__u64 base;	/* user address of the current segment */
	__u64 segments; /* user address of the next iovec entry, 0 for a plain buffer */
	__u32 at;	/* offset in the call */
	__u32 end;	/* of the current segment, as an offset in the call */
	__u32 start;	/* of the current segment */
	__u32 bytes;	/* of the call */
	__u8 header[2 * HEADER_BYTES];
};

/* A DATA record under construction; only exit_syscall uses it, and that never nests on a CPU.
 * Three times the limit: what the verifier believes a masked copy at a masked offset needs. */
struct data_scratch {
	struct record_data head;
	__u8 payload[3 * CAPTURE_BYTES_MAX];
	__u32 found; /* HEAD_..., of the last head searched */
	__u32 body_bytes;
	__u32 length_at;
	/* Of the last walk over frames. */
	__u32 skipped;	/* bytes of the call before the first that was copied */
	__u32 captured; /* bytes copied */
	__u32 aligned;	/* a frame begins with the first of them */
	__u32 full;	/* there was no room for more */
	__u32 walked;	/* offset in the call that was come to */
};
#ifndef SCRATCH_OF_TASK
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct data_scratch);
} scratch SEC(".maps") __weak;

static __always_inline struct data_scratch *scratch_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}
#endif

#endif
