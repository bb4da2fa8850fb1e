/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every byte that leaves the kernel. Included by the BPF programs and by the helper; the agent's decoder
 * (agent/connections/gen/event.ts) is generated from it. Little-endian, naturally aligned, no packed structs.
 *
 * A record is a fixed struct, DATA followed by its payload, and zero padding up to a multiple of 8. Times are
 * nanoseconds of CLOCK_MONOTONIC. A "connection" is one struct sock from its first sight to its destruction.
 */
#ifndef ACCESSLOG_EVENT_H
#define ACCESSLOG_EVENT_H

/* Changes whenever a byte below changes; the handshake refuses a helper and an agent that disagree. */
#define EVENT_LAYOUT_VERSION 2

enum record_kind {
	RECORD_OPEN = 1,     /* a connection is seen for the first time, or its connect failed */
	RECORD_DATA = 2,     /* one call that moved bytes, with the captured prefix */
	RECORD_CLOSE = 3,    /* no more calls on this connection */
	RECORD_PROCESS = 4,  /* exec, fork or exit of a process */
	RECORD_PROGRESS = 5, /* totals, made by the helper when folded calls stay unreported */
};

enum direction {
	DIRECTION_INGRESS = 0, /* read family */
	DIRECTION_EGRESS = 1,  /* write family */
};

enum connection_role {
	ROLE_UNKNOWN = 0,
	ROLE_CLIENT = 1,
	ROLE_SERVER = 2,
};

/* How a connection came to be known (record_open.origin). */
enum open_origin {
	ORIGIN_CONNECT = 1, /* connect(): start_ns is the syscall entry, end_ns the end of the handshake */
	ORIGIN_ACCEPT = 2,  /* accept(): start_ns is the syscall entry, end_ns its return */
	ORIGIN_IO = 3,	    /* first call on a socket that was already connected; times are that call's */
	ORIGIN_SCAN = 4,    /* found by the iterator at start; both times are 0 */
};

/* What ended a connection (record.flags of RECORD_CLOSE). */
enum close_cause {
	CLOSE_SYSCALL = 0, /* close() of the last reference; times are the syscall's */
	CLOSE_PROCESS = 1, /* exit, exec, dup2 or close_range dropped the last one; both times are equal */
	CLOSE_DESTROY = 2, /* seen only when the kernel destroyed the socket; both times are equal */
};

/* record.flags of RECORD_PROCESS. */
enum process_event {
	PROCESS_EXEC = 1,
	PROCESS_FORK = 2,
	PROCESS_EXIT = 3,
	PROCESS_EXEC_IGNORED = 4, /* an exec in an ignored cgroup: the process is ignored already */
};

/* record.flags of RECORD_DATA, a bit set. */
enum data_flag {
	DATA_UNREADABLE = 1, /* nothing could be read from user memory: captured is 0 and should not be */
	DATA_WALK_ENDED = 2, /* the chunked body ended with the bytes after the captured ones */
	DATA_WALK_LOST = 4,  /* the walk over them was lost */
	DATA_PLAINTEXT = 8,  /* what a TLS library was given or gave; totals are those of the plaintext */
	DATA_TLS = 16,	     /* the connection's bytes are TLS records, from this call on at the latest */
	DATA_FRAMES = 32,    /* HTTP/2: payloads of DATA and of extensions are left out of what is captured */
	DATA_ALIGNED = 64,   /* and a frame begins with the first captured byte */
};

/* record.syscall: the call that made the record. Order is the generated agent table's; append only. */
enum record_syscall {
	SYSCALL_NONE = 0,
	SYSCALL_READ = 1,
	SYSCALL_READV = 2,
	SYSCALL_RECVFROM = 3,
	SYSCALL_RECVMSG = 4,
	SYSCALL_RECVMMSG = 5,
	SYSCALL_WRITE = 6,
	SYSCALL_WRITEV = 7,
	SYSCALL_SENDTO = 8,
	SYSCALL_SENDMSG = 9,
	SYSCALL_SENDMMSG = 10,
	SYSCALL_SENDFILE64 = 11,
	SYSCALL_SPLICE = 12,
	SYSCALL_CONNECT = 13,
	SYSCALL_ACCEPT = 14,
	SYSCALL_CLOSE = 15,
};

/* Head of every record. */
struct record {
	__u32 size;	  /* bytes of the record with its head and payload, before padding */
	__u8 kind;	  /* enum record_kind */
	__u8 flags;	  /* meaning depends on kind */
	__u8 direction;	  /* enum direction; DATA only, else 0 */
	__u8 syscall;	  /* enum record_syscall */
	__u64 connection; /* id, unique while the helper runs, never 0; 0 in PROCESS records */
};

/* Running totals of one direction of a connection. They never go back, so two records of a direction tell
 * what happened between them: bytes and calls that were folded (counted, not sent), records that were lost.
 */
struct totals {
	__u64 bytes;	       /* moved since first sight */
	__u64 last_end_ns;     /* return of the last call that moved bytes; 0 before the first */
	__u64 folded_start_ns; /* entry of the first call folded since the last DATA record; 0: none was */
	__u32 calls;	       /* calls that moved bytes, modulo 2^32 */
	__u32 records;	       /* DATA records produced, lost ones included, modulo 2^32 */
	__u32 framing_bytes;   /* chunk framing (RFC 9112 7.1) among the bytes walked over, modulo 2^32 */
	__u16 chunked_ends;    /* chunked bodies that ended while walked over, modulo 2^16 */
	__u16 walks_lost;      /* times the walk found no chunk where one had to be, modulo 2^16 */
};

struct record_open {
	struct record head;
	__u64 start_ns;
	__u64 end_ns;
	__u64 sock;	 /* opaque token to name the connection in commands together with its id */
	__u64 cgroup_id; /* cgroup v2 id of the task at first sight */
	__u32 tgid;	 /* process of first sight, in the initial pid namespace */
	__u32 fd;	 /* its file descriptor, ~0 when unknown; an attribute, not an identity */
	__u8 role;	 /* enum connection_role */
	__u8 family;	 /* 4 or 6; IPv4-mapped addresses are given as 4 */
	__u8 origin;	 /* enum open_origin */
	__u8 success;	 /* 0: the connect failed and no other record follows but CLOSE */
	__u16 local_port;
	__u16 remote_port;
	__u8 local_address[16]; /* network order; IPv4 in the first four bytes */
	__u8 remote_address[16];
	char comm[16]; /* name of the task at first sight */
	__u32 netns;   /* inode number of the socket's network namespace */
	__u32 error;   /* errno of a failed connect, 0 when unknown or successful */
};

struct record_data {
	struct record head;
	__u64 start_ns;	      /* entry of the call */
	__u64 end_ns;	      /* its return */
	__u32 bytes;	      /* moved by this call, at most 2^31 */
	__u32 captured;	      /* bytes of payload that follow */
	__u32 skipped;	      /* the call's bytes before them, walked over */
	__u32 walked_framing; /* framing_bytes of the walk over the call's bytes after them */
	struct totals before; /* this direction, before this call; the walk over `skipped` included */
	struct totals peer;   /* the other direction, now */
};

struct record_close {
	struct record head;
	__u64 start_ns;
	__u64 end_ns;
	__s32 result; /* 0, or -errno of close() */
	__u32 pad;
	struct totals totals[2]; /* by direction */
};

struct record_progress {
	struct record head;
	struct totals totals[2]; /* by direction */
};

struct record_process {
	struct record head;
	__u64 time_ns;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 parent; /* tgid of the parent; FORK only, else 0 */
	char comm[16];
};

_Static_assert(sizeof(struct record) == 16, "layout");
_Static_assert(sizeof(struct totals) == 40, "layout");
_Static_assert(sizeof(struct record_open) == 120, "layout");
_Static_assert(sizeof(struct record_data) == 128, "layout");
_Static_assert(sizeof(struct record_close) == 120, "layout");
_Static_assert(sizeof(struct record_progress) == 96, "layout");
_Static_assert(sizeof(struct record_process) == 56, "layout");

/* The counters of each CPU: X(name, sentence). The helper sums the CPUs and ships them in this
 * order; names are the agent's counter names. Conservation in the kernel:
 *   operations = records (open, data, close) + folded + dropped_ring_full + dropped_... */
#define KERNEL_COUNTERS(X)                                                                                   \
	X(operations_connect, "connect calls of watched processes that reached an outcome")                  \
	X(operations_accept, "connections accepted by watched processes")                                    \
	X(operations_close, "connections closed")                                                            \
	X(operations_read, "read-family calls that moved bytes on watched connections")                      \
	X(operations_write, "write-family calls that moved bytes on watched connections")                    \
	X(bytes_read, "bytes those read-family calls moved")                                                 \
	X(bytes_write, "bytes those write-family calls moved")                                               \
	X(records_open, "OPEN records handed to a ring")                                                     \
	X(records_data, "DATA records handed to a ring")                                                     \
	X(records_close, "CLOSE records handed to a ring")                                                   \
	X(records_process, "PROCESS records handed to a ring")                                               \
	X(folded, "read and write calls counted in totals without a record of their own")                    \
	X(dropped_ring_full_open, "OPEN records that found their ring full")                                 \
	X(dropped_ring_full_data, "DATA records that found their ring full")                                 \
	X(dropped_ring_full_close, "CLOSE records that found their ring full")                               \
	X(dropped_ring_full_process, "PROCESS records that found their ring full")                           \
	X(dropped_connection_table_full, "sockets not followed because the connection table was full")       \
	X(dropped_thread_table_full, "calls not followed because no storage for the thread could be had")    \
	X(unreadable, "prefixes that could not be read from user memory; the call is still counted")         \
	X(captured_bytes, "payload bytes copied")                                                            \
	X(adopted, "connections first seen in the middle of their life, by a call on them")                  \
	X(plaintext_read, "calls of TLS libraries that gave plaintext of a known connection")                \
	X(plaintext_write, "calls of TLS libraries that took plaintext of a known connection")               \
	X(plaintext_unattributed, "calls of TLS libraries whose connection could not be verified")           \
	X(plaintext_muted, "calls of TLS libraries whose plaintext nobody wants any more")                   \
	X(plaintext_lost, "calls of TLS libraries whose plaintext found no memory to be looked at")          \
	X(records_plaintext, "DATA records of plaintext handed to a ring")                                   \
	X(dropped_ring_full_plaintext, "DATA records of plaintext that found their ring full")               \
	X(dropped_ring_full_image, "news of the code of a process that found their ring full")               \
	X(sessions, "TLS sessions whose connection was found")                                               \
	X(dropped_session_table_full, "TLS sessions not followed because their table was full")

enum kernel_counter {
#define X(name, sentence) COUNTER_##name,
	KERNEL_COUNTERS(X)
#undef X
	    COUNTER_MAX
};

#endif
