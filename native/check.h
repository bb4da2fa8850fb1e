/* SPDX-License-Identifier: Apache-2.0 */
/* accesslog-helper --check: what this kernel can do, program by program. */
#ifndef ACCESSLOG_CHECK_H
#define ACCESSLOG_CHECK_H

#include <stdio.h>

/* Loads and attaches each program on its own, so that none hides behind another, and prints one JSON object:
 *   {"kernel", "btf", "taskStorage", "usable", "programs": [{"name", "hook", "status", "reason",
 * "essential"}]} status is attached, failed or skipped; reason is empty when attached. Returns 0 when every
 * essential program could be attached, else 1. */
int check_run(FILE *out);

#endif
