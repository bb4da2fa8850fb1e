// SPDX-License-Identifier: Apache-2.0
#include "targets.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static int set_one(int fd, uint32_t tgid, uint32_t value, struct problem *problem)
{
	int error;

	if (!bpf_map_update_elem(fd, &tgid, &value, BPF_ANY))
		return 0;
	error = -errno;
	return problem_set(problem, HELPER_TARGETS_FULL, error, "targets", "process %u cannot be %s: %s",
			   tgid, value == TARGET_WATCH ? "watched" : "ignored", strerror(-error));
}

static int set_all(int fd, const struct wire_items *tgids, uint32_t value, struct problem *problem)
{
	struct cursor cursor = command_items(tgids);
	uint32_t self = getpid(), tgid;
	int error = 0;

	while (!error && command_next_tgid(&cursor, &tgid))
		if (tgid != self)
			error = set_one(fd, tgid, value, problem);
	return error;
}

/* That there is nothing to forget is no error: the process may have ended. */
static void forget_all(int fd, const struct wire_items *tgids)
{
	struct cursor cursor = command_items(tgids);
	uint32_t self = getpid(), tgid;

	while (command_next_tgid(&cursor, &tgid))
		if (tgid != self)
			bpf_map_delete_elem(fd, &tgid);
}

int targets_ignore(int targets_fd, const struct wire_items *tgids, struct problem *problem)
{
	int error = set_one(targets_fd, getpid(), TARGET_IGNORE, problem);

	return error ? error : set_all(targets_fd, tgids, TARGET_IGNORE, problem);
}

int targets_apply(int targets_fd, const struct wire_TARGETS *targets, struct problem *problem)
{
	int error = set_all(targets_fd, &targets->watch, TARGET_WATCH, problem);

	if (!error)
		error = set_all(targets_fd, &targets->ignore, TARGET_IGNORE, problem);
	if (!error)
		forget_all(targets_fd, &targets->forget);
	return error;
}

static int ignore_cgroup(int fd, uint64_t id, struct problem *problem)
{
	uint32_t value = TARGET_IGNORE;
	int error;

	if (!bpf_map_update_elem(fd, &id, &value, BPF_ANY))
		return 0;
	error = -errno;
	return problem_set(problem, HELPER_TARGETS_FULL, error, "cgroups",
			   "cgroup %llu cannot be ignored: %s", (unsigned long long)id, strerror(-error));
}

int targets_apply_cgroups(int cgroups_fd, const struct wire_CGROUPS *cgroups, struct problem *problem)
{
	struct cursor ignore = command_items(&cgroups->ignore), forget = command_items(&cgroups->forget);
	uint64_t id;
	int error = 0;

	while (!error && command_next_uint(&ignore, &id))
		error = ignore_cgroup(cgroups_fd, id, problem);
	while (command_next_uint(&forget, &id))
		bpf_map_delete_elem(cgroups_fd, &id);
	return error;
}

void targets_mute(int muted_fd, const struct connection_name *name)
{
	bpf_map_update_elem(muted_fd, &name->sock, &name->connection, BPF_ANY);
}
