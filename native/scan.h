/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that were connected before anyone looked, found through the open files of all processes or of one.
 */
#ifndef ACCESSLOG_SCAN_H
#define ACCESSLOG_SCAN_H

#include "record.h"

#include <stdint.h>

struct bpf_program;

/* Takes one OPEN record; an error ends the scan and is returned by it. */
typedef int (*scan_sink)(void *arg, const struct record_open *open);

/* Runs the iterator over the process @tgid, or over all with 0. The kernel side decides which are watched,
 * and remembers what it found, so that no socket is found twice. 0 or -errno; kernels before v6.1 cannot be
 * asked for one process: -EINVAL or -E2BIG. */
int scan_sockets(const struct bpf_program *program, uint32_t tgid, scan_sink sink, void *arg);

#endif
