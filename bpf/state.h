/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the kernel side remembers of a connection: the value of the `connections` map, which the helper reads.
 */
#ifndef ACCESSLOG_STATE_H
#define ACCESSLOG_STATE_H

#include "event.h"

/* connection.flags */
#define CONNECTION_CONNECTING 1u  /* SYN sent; no id and no OPEN record yet */
#define CONNECTION_OPENED     2u  /* its OPEN record is in a ring */
#define CONNECTION_CLOSING    4u  /* the last reference is in close() */
#define CONNECTION_CLOSED     8u  /* its CLOSE operation was counted */
#define CONNECTION_FAILED     16u /* its connect failed */
#define CONNECTION_HTTP1      32u /* a call began like an HTTP/1 message: every turn of direction is copied */
#define CONNECTION_MUTED      64u /* nothing is copied any more */
#define CONNECTION_TLS                                                                                       \
	128u /* its bytes are TLS records; what they carry is told as plaintext or not at all */
#define CONNECTION_RECORDS   256u  /* a call began like a TLS record */
#define CONNECTION_PLAINTEXT 512u  /* of the `plaintexts` map: what the TLS records of a connection carry */
#define CONNECTION_HTTP2     1024u /* its frames are walked over */

/* What is known of the current message of a direction: connection.phase, four bits for each. */
#define PHASE_NONE	0u
#define PHASE_HEAD	1u /* it has begun, and its head has not ended */
#define PHASE_BODY_NEXT 2u /* its head ended with a call: the next one is its body, if it has one */
#define PHASE_BODY	3u /* a call in its body was seen */
#define PHASE_CODED	4u /* flag: its head has a field like Transfer-Encoding */

/* Where the walk over a chunked body stands. */
enum walk_state {
	WALK_OFF,
	WALK_DATA,	/* `left` bytes until the next chunk header */
	WALK_SIZE,	/* a chunk size begins */
	WALK_DIGITS,	/* in the digits of a chunk size */
	WALK_EXTENSION, /* after them, before the line feed */
	WALK_END,	/* after the last chunk: an empty line, or a trailer line */
	WALK_TRAILER,	/* in a trailer line */
	WALK_END_LF,	/* in the empty line */
};

/* The same on an HTTP/2 connection, where the walk is over frames. */
enum frames_state {
	FRAMES_LOST = 16, /* where frames begin is not known */
	FRAMES_HEADER,	  /* `size` bytes of a frame header have passed, the first eight of them are `left` */
	FRAMES_KEEP,	  /* `left` bytes of a payload that is copied */
	FRAMES_OMIT,	  /* `left` bytes of one that is not */
	FRAMES_PAD,	  /* before those: the byte that tells the length of the padding */
};

struct walk {
	__u64 left;
	__u32 size;  /* the chunk size so far */
	__u32 state; /* enum walk_state, or enum frames_state */
};

/* Where the last head of a direction ended and its Content-Length began, for servers write the next one
 * alike. `head_bytes` 0: nothing is known. */
struct head_shape {
	__u16 head_bytes;
	__u16 length_at;
};

struct connection {
	__u64 id; /* record.connection; 0 while connecting */
	__u32 tgid;
	__u32 flags;
	struct totals totals[2]; /* by direction */
	__u64 last_record_ns[2]; /* time of the last DATA record, by direction */
	__u32 capture_left[2];	 /* payload bytes that may still be copied of the current message */
	struct walk walk[2];
	struct head_shape shape[2]; /* of heads whose message was whole in one call */
	__u64 start_ns;		    /* entry of connect(), later of the final close() */
	__u64 cgroup_id;
	__u32 fd;
	__u8 role;
	__u8 origin;
	__u8 last_direction;
	__u8 phase; /* of the current messages, PHASE_..., four bits per direction */
	char comm[16];
	__u64 session; /* address of the TLS session it carries, in the process `tgid` of its plaintext; 0:
			  none known */
};

/* Value of the `counters` map. */
struct kernel_counts {
	__u64 values[COUNTER_MAX]; /* by enum kernel_counter */
};

_Static_assert(sizeof(struct connection) == 208, "layout");

#endif
