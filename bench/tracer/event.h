/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the minimal tracer passes on for each call: enough to be a fair copy of a real one's work, nothing
 * more. */
#ifndef TRACER_EVENT_H
#define TRACER_EVENT_H

#define PREFIX_BYTES 256

struct event {
	__u64 start_ns;
	__u64 end_ns;
	__u64 bytes;
	__u32 tgid;
	__u32 fd;
	__u32 syscall;
	__u32 captured;
	char prefix[PREFIX_BYTES];
};

#endif
