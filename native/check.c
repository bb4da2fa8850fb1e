// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "attach.h"
#include "json.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <sys/utsname.h>

static void print_program(FILE *out, const struct program_state *state, bool first)
{
	fputs(first ? "{" : ",{", out);
	json_member(out, "name", state->name);
	json_member(out, "hook", state->hook);
	json_member(out, "status", program_status_name(state->status));
	json_member(out, "reason", state->reason);
	fprintf(out, "\"essential\":%s}", state->essential ? "true" : "false");
}

/* Small sizes: only the verdict counts. Nothing is watched in the moment that the program is attached. */
static void try_program(struct program_state *state)
{
	struct attach_wish wish = {
	    .rings = 1, .capture_bytes = 8192, .connections_max = 16, .only = state->name};
	struct problem problem;
	struct attach *attach;
	struct programs tried;

	if (attach_new(&wish, &attach, &problem)) {
		program_set(state, PROGRAM_FAILED, problem.message);
		return;
	}
	attach_start(attach, &problem);
	tried = *attach_programs(attach);
	*state = *programs_find(&tried, state->name);
	attach_free(attach);
}

static bool is_usable(const struct programs *programs)
{
	for (size_t i = 0; i < programs->count; i++)
		if (programs->states[i].essential && programs->states[i].status != PROGRAM_ATTACHED)
			return false;
	return programs->count > 0;
}

static bool has_btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	btf__free(btf);
	return btf;
}

int check_run(FILE *out)
{
	struct programs programs = {};
	struct utsname kernel;

	uname(&kernel);
	attach_list(&programs);
	for (size_t i = 0; i < programs.count; i++)
		try_program(&programs.states[i]);
	fputc('{', out);
	json_member(out, "kernel", kernel.release);
	fprintf(out, "\"btf\":%s,", json_bool(has_btf()));
	fprintf(out, "\"taskStorage\":%s,",
		json_bool(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) > 0));
	fprintf(out, "\"usable\":%s,\"programs\":[", json_bool(is_usable(&programs)));
	for (size_t i = 0; i < programs.count; i++)
		print_program(out, &programs.states[i], i == 0);
	fputs("]}\n", out);
	return is_usable(&programs) ? 0 : 1;
}
