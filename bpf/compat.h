/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One kernel difference, one function. */
#ifndef ACCESSLOG_COMPAT_H
#define ACCESSLOG_COMPAT_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <stdbool.h>

struct file___counted {
	struct {
		long counter;
	} f_count;
} __attribute__((preserve_access_index));

struct file___referenced {
	struct {
		struct {
			long counter;
		} refcnt;
	} f_ref;
} __attribute__((preserve_access_index));

/* v6.13, 90ee6ed776c0 ("fs: port files to file_ref"): f_count became f_ref, which is 0 for one reference. */
static __always_inline bool file_has_one_reference(struct file *file)
{
	struct file___referenced *referenced = (void *)file;
	struct file___counted *counted = (void *)file;

	if (bpf_core_field_exists(referenced->f_ref))
		return BPF_CORE_READ(referenced, f_ref.refcnt.counter) == 0;
	return BPF_CORE_READ(counted, f_count.counter) == 1;
}

#endif
