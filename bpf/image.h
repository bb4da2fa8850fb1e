/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a watched process did to the code it runs, told to the helper at once: it decides where uprobes hang.
 */
#ifndef ACCESSLOG_IMAGE_H
#define ACCESSLOG_IMAGE_H

#include <linux/types.h>

enum image_change {
	IMAGE_EXEC = 1,
	IMAGE_FORK,   /* a child with the same code */
	IMAGE_EXIT,   /* of the last thread */
	IMAGE_MAPPED, /* a file that may be a TLS library was mapped to be executed */
	IMAGE_TLS,    /* a session begins of which no library told */
	IMAGE_MEMORY, /* a session makes no system calls: its records pass through memory */
};

struct image_event {
	__u32 change; /* enum image_change */
	__u32 tgid;
	__u32 parent; /* tgid of the parent; FORK only, else 0 */
	__u32 pad;
};

#define IMAGE_RING_BYTES (256 * 1024)

#endif
