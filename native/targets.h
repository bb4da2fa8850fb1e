/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent wants watched, ignored and muted -> the maps that the programs ask. */
#ifndef ACCESSLOG_TARGETS_H
#define ACCESSLOG_TARGETS_H

#include "../bpf/limits.h"
#include "command.h"
#include "problem.h"

/* Ignores the processes and the helper itself. 0, or -errno with @problem filled. */
int targets_ignore(int targets_fd, const struct wire_items *tgids, struct problem *problem);

/* Applies a TARGETS command in its order. The helper itself stays ignored whatever it says. 0, or -errno with
 * @problem filled: what stands before the one without room was applied. */
int targets_apply(int targets_fd, const struct wire_TARGETS *targets, struct problem *problem);

/* Applies a CGROUPS command in its order. 0, or -errno with @problem filled, as for targets_apply(). */
int targets_apply_cgroups(int cgroups_fd, const struct wire_CGROUPS *cgroups, struct problem *problem);

/* Payload of the connection @name is of no use any more. A connection that is gone is none of our business.
 */
void targets_mute(int muted_fd, const struct connection_name *name);

#endif
