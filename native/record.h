/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's records, outside the kernel: their types, and whether one is what it says it is. */
#ifndef ACCESSLOG_RECORD_H
#define ACCESSLOG_RECORD_H

#include <linux/types.h>

#include "../bpf/state.h"
#include "../bpf/event.h"
#include "../bpf/limits.h"

#include <stdbool.h>
#include <stddef.h>

/* True when .size is right for .kind (and for .captured) and not more than the @available bytes at @record.
 */
bool record_is_valid(const struct record *record, size_t available);

#endif
