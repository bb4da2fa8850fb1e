/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Ceilings shared by the programs, the helper and the documentation. */
#ifndef ACCESSLOG_LIMITS_H
#define ACCESSLOG_LIMITS_H

/* Payload bytes of one record, and at most of one message. A power of two: lengths are clamped, then masked.
 */
#define CAPTURE_BYTES_MAX 8192

/* Bytes of one record of a call on an HTTP/2 connection, whose frames are many: a power of two, and how much
 * of them is copied in one step. */
#define FRAMES_BYTES_MAX 16384
#define KEEP_BYTES	 4096

/* Records that a call on an HTTP/2 connection is told by at most, and how large it may be to be told by
 * several. */
#define FRAMES_PARTS_MAX 8
#define PARTED_BYTES_MAX (1u << 29)

/* Entries of an iovec array that are looked at; the bytes of later ones are counted, not copied. */
#define IOV_MAX_COPIED 16

/* Messages of one sendmmsg or recvmmsg whose lengths are summed. The kernel allows 1024 (UIO_MAXIOV). */
#define MMSG_MAX_SUMMED 64

/* The first bytes of a call that are looked at. A power of two; most heads are shorter. */
#define PEEK_BYTES 1024

/* Steps of the search for the end of a head, each to the end of a line, or over so many words without one. A
 * head of CAPTURE_BYTES_MAX bytes in lines of at least four is searched whole. */
#define HEAD_SEARCH_WORDS 4
#define HEAD_SEARCH_STEPS 2048

/* Steps of the walk over the chunks of one call: a chunk's data, its header, or a segment of the call's
 * buffers each. The second limit is for kernels without bpf_loop, where the verifier walks every step. */
#define WALK_STEPS_MAX	    4096
#define WALK_STEPS_UNROLLED 128

/* A direction that moves bytes without a record for this long gets one, so that a paused transfer that goes
 * on is seen. The helper looks at folded totals a little later than this. */
#define FOLD_NS 50000000ULL

/* The low bits of a connection id are the ring of its records. */
#define RING_BITS 6
#define RINGS_MAX (1 << RING_BITS)

/* Records after which the muted table is looked at: muting late costs copies, not truth. */
#define MUTE_CHECK_RECORDS 16

/* Records of a direction after which the fill of its ring is looked at; the first one looks too. */
#define WAKE_CHECK_RECORDS 8

/* Cgroups that are looked at for one that is ignored, from a process's own upwards: a pod's is the next above
 * its containers', and those may have cgroups below. */
#define CGROUP_LEVELS_MAX 12

/* Values of the `targets` map. */
#define TARGET_WATCH  1
#define TARGET_IGNORE 2

#endif
