/* SPDX-License-Identifier: Apache-2.0 */
/* Which TLS libraries processes run, and whether they can be looked into: of one process that is found out by
 * doing it, for a moment. */
#ifndef ACCESSLOG_INSPECT_H
#define ACCESSLOG_INSPECT_H

#include <stdint.h>
#include <stdio.h>

/* Writes JSON: {"method": how uprobes are attached, "processes": [{pid, name, libraries: [{path, library,
 * version, status, reason, probes}]}]}. @tgid: 0 for all processes; those without a TLS library are then left
 * out. Returns the exit code of the program: 0, or 1 when nothing can be loaded. */
int inspect_run(FILE *out, uint32_t tgid);

#endif
