// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

const char *program_status_name(enum program_status status)
{
	static const char *const names[] = {"untried", "attached", "failed", "skipped"};

	return names[status];
}

/* Without any of these there is no access log worth the name. */
static bool is_essential(const char *name)
{
	static const char *const essential[] = {"enter_syscall", "exit_syscall", "change_state",
						"destroy_socket"};

	for (size_t i = 0; i < sizeof(essential) / sizeof(essential[0]); i++)
		if (!strcmp(name, essential[i]))
			return true;
	return false;
}

void programs_add(struct programs *programs, const struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct program_state *state = &programs->states[programs->count];

		if (programs->count == PROGRAMS_MAX)
			break;
		memset(state, 0, sizeof(*state));
		snprintf(state->name, sizeof(state->name), "%s", bpf_program__name(program));
		snprintf(state->hook, sizeof(state->hook), "%s", bpf_program__section_name(program));
		state->essential = is_essential(state->name);
		programs->count++;
	}
}

struct program_state *programs_find(struct programs *programs, const char *name)
{
	for (size_t i = 0; i < programs->count; i++)
		if (!strcmp(programs->states[i].name, name))
			return &programs->states[i];
	return NULL;
}

void program_set(struct program_state *state, enum program_status status, const char *reason)
{
	state->status = status;
	snprintf(state->reason, sizeof(state->reason), "%s", reason);
}

bool program_is_iterator(const struct program_state *state)
{
	return !strncmp(state->hook, "iter/", strlen("iter/"));
}

bool program_is_uprobe(const struct program_state *state)
{
	return !strcmp(state->hook, "uprobe");
}

/* A tracepoint is known by the typedef of its probe, an iterator by its function. */
bool program_has_hook(const struct program_state *state, const struct btf *btf)
{
	const char *target = strchr(state->hook, '/');
	char name[128];

	if (!target)
		return true;
	if (program_is_iterator(state)) {
		snprintf(name, sizeof(name), "bpf_iter_%s", target + 1);
		return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
	}
	if (!strncmp(state->hook, "tp_btf/", strlen("tp_btf/"))) {
		snprintf(name, sizeof(name), "btf_trace_%s", target + 1);
		return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
	}
	return true;
}
