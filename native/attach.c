// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include "diagnosis.h"
#include "record.h"
#include "tls_object.h"

#include "../build/accesslog.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attach {
	struct accesslog_bpf *object;
	struct tls_object *tls; /* NULL: no plaintext */
	struct attach_wish wish;
	struct diagnosis diagnosis;
	bool task_storage;
	bool typed_casts;
	enum uprobe_method uprobe_method;
	bool started;
	struct programs programs;
	struct bpf_link *links[PROGRAMS_MAX];
};

int attach_list(struct programs *programs)
{
	struct accesslog_bpf *object = accesslog_bpf__open();

	if (!object)
		return -errno;
	programs->count = 0;
	programs_add(programs, object->obj);
	accesslog_bpf__destroy(object);
	return tls_object_list(programs);
}

static struct bpf_program *program_of(const struct attach *attach, const struct program_state *state)
{
	return program_is_uprobe(state) ? tls_object_program(attach->tls, state->name)
					: bpf_object__find_program_by_name(attach->object->obj, state->name);
}

static bool is_wanted(const struct attach *attach, const struct program_state *state)
{
	return !attach->wish.only || !strcmp(state->name, attach->wish.only);
}

static int skip_what_cannot_be(struct attach *attach, struct problem *problem)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return problem_set(problem, HELPER_NO_BTF, -errno, "/sys/kernel/btf/vmlinux",
				   "the kernel's type information is missing or cannot be read");
	for (size_t i = 0; i < attach->programs.count; i++) {
		struct program_state *state = &attach->programs.states[i];

		if (!is_wanted(attach, state))
			program_set(state, PROGRAM_SKIPPED, "not wanted");
		else if (!program_has_hook(state, btf))
			program_set(state, PROGRAM_SKIPPED, "the kernel has no such hook");
	}
	attach->typed_casts = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	attach->uprobe_method = uprobe_method(btf);
	btf__free(btf);
	return 0;
}

static struct knobs knobs_of(const struct attach *attach)
{
	return (struct knobs){
	    .ring_mask = attach->wish.rings - 1,
	    .capture_bytes = attach->wish.capture_bytes,
	    .wake_bytes = attach->wish.wake_bytes,
	    .watch_unlisted = attach->wish.watch_unlisted,
	    .use_task_storage = attach->task_storage,
	    .use_typed_casts = attach->typed_casts,
	};
}

static void set_sizes(struct attach *attach)
{
	struct accesslog_bpf *object = attach->object;

	bpf_map__set_max_entries(object->maps.rings, attach->wish.rings);
	bpf_map__set_max_entries(object->maps.connections, attach->wish.connections_max);
	bpf_map__set_max_entries(object->maps.sessions, attach->wish.connections_max);
	bpf_map__set_max_entries(object->maps.plaintexts, attach->wish.connections_max);
	bpf_map__set_autocreate(object->maps.threads, attach->task_storage);
	bpf_map__set_autocreate(object->maps.threads_by_id, !attach->task_storage);
}

static void leave_out(struct attach *attach)
{
	for (size_t i = 0; i < attach->programs.count; i++) {
		struct program_state *state = &attach->programs.states[i];

		if (!program_is_uprobe(state) && state->status != PROGRAM_UNTRIED)
			bpf_program__set_autoload(program_of(attach, state), false);
	}
}

/* Nothing of an object that failed to load can be used again; each attempt opens a new one. */
static int try_load(struct attach *attach)
{
	struct knobs knobs = knobs_of(attach);
	int error;

	diagnosis_clear(&attach->diagnosis);
	attach->object = accesslog_bpf__open();
	if (!attach->object)
		return -errno;
	KNOBS_SET(attach->object, &knobs);
	set_sizes(attach);
	leave_out(attach);
	error = accesslog_bpf__load(attach->object);
	if (error) {
		accesslog_bpf__destroy(attach->object);
		attach->object = NULL;
	}
	return error;
}

/* True when another attempt makes sense: without the program that failed, or without task storage, which
 * tracing programs may use since v5.12 only, though the map type is older. */
static bool give_way(struct attach *attach)
{
	struct program_state *culprit = programs_find(&attach->programs, attach->diagnosis.program);

	if (culprit && !culprit->essential && culprit->status == PROGRAM_UNTRIED) {
		program_set(culprit, PROGRAM_FAILED, attach->diagnosis.reason);
		return true;
	}
	if (attach->task_storage) {
		attach->task_storage = false;
		return true;
	}
	return false;
}

static int explain_load(const struct attach *attach, int error, struct problem *problem)
{
	const struct diagnosis *d = &attach->diagnosis;
	const char *where = d->program[0] ? d->program : "BPF object";
	const char *reason = d->reason[0] ? d->reason : strerror(-error);

	if (error == -EPERM)
		return problem_set(problem, HELPER_NO_PERMISSION, error, where,
				   "the kernel does not allow this process to load BPF programs");
	if (error == -ENOMEM)
		return problem_set(problem, HELPER_NO_MEMORY, error, where, "%s", reason);
	return problem_set(problem, HELPER_LOAD_FAILED, error, where, "%s", reason);
}

/* Every attempt but the last leaves something out, so this ends. */
static int load(struct attach *attach, struct problem *problem)
{
	int error;

	attach->task_storage = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) > 0;
	do
		error = try_load(attach);
	while (error && error != -EPERM && give_way(attach));
	return error ? explain_load(attach, error, problem) : 0;
}

/* What hangs on uprobes may fail as a whole: each of its programs says why, and no more is lost. */
static void load_tls(struct attach *attach)
{
	struct knobs knobs = knobs_of(attach);

	attach->tls = tls_object_load(&knobs, attach->uprobe_method, attach->object->obj, &attach->diagnosis,
				      &attach->programs);
}

static int check_layout(const struct attach *attach, struct problem *problem)
{
	if (bpf_map__value_size(attach->object->maps.connections) == sizeof(struct connection))
		return 0;
	return problem_set(problem, HELPER_LOAD_FAILED, -EPROTO, "connections",
			   "programs and helper were built from different sources");
}

static int prepare(struct attach *attach, struct problem *problem)
{
	int error = attach_list(&attach->programs);

	if (error)
		return explain_load(attach, error, problem);
	error = skip_what_cannot_be(attach, problem);
	if (!error)
		error = load(attach, problem);
	if (!error)
		error = check_layout(attach, problem);
	if (!error)
		load_tls(attach);
	return error;
}

int attach_new(const struct attach_wish *wish, struct attach **attach, struct problem *problem)
{
	struct attach *fresh = calloc(1, sizeof(*fresh));
	int error;

	if (!fresh)
		return problem_set(problem, HELPER_NO_MEMORY, -ENOMEM, "BPF object", "no memory");
	fresh->wish = *wish;
	diagnosis_listen(&fresh->diagnosis);
	error = prepare(fresh, problem);
	if (error)
		attach_free(fresh);
	else
		*attach = fresh;
	return error;
}

void attach_free(struct attach *attach)
{
	if (!attach)
		return;
	attach_stop(attach);
	tls_object_free(attach->tls);
	accesslog_bpf__destroy(attach->object);
	diagnosis_listen(NULL);
	free(attach);
}

static int attach_one(struct attach *attach, size_t index)
{
	struct program_state *state = &attach->programs.states[index];
	const char *reason = attach->diagnosis.reason;
	int error = 0;

	diagnosis_clear(&attach->diagnosis);
	if (!program_is_iterator(state) && !program_is_uprobe(state)) {
		attach->links[index] = bpf_program__attach(program_of(attach, state));
		error = attach->links[index] ? 0 : -errno;
	}
	if (error)
		program_set(state, PROGRAM_FAILED, reason[0] ? reason : strerror(-error));
	else
		program_set(state, PROGRAM_ATTACHED, "");
	return error;
}

int attach_start(struct attach *attach, struct problem *problem)
{
	attach->started = true;
	for (size_t i = 0; i < attach->programs.count; i++) {
		struct program_state *state = &attach->programs.states[i];
		int error = state->status == PROGRAM_UNTRIED ? attach_one(attach, i) : -ENOENT;

		if (error && state->essential && is_wanted(attach, state))
			return problem_set(problem, HELPER_ATTACH_FAILED, error, state->name, "%s",
					   state->reason);
	}
	return 0;
}

void attach_stop(struct attach *attach)
{
	if (!attach->started)
		return;
	attach->started = false;
	for (size_t i = 0; i < attach->programs.count; i++) {
		bpf_link__destroy(attach->links[i]);
		attach->links[i] = NULL;
	}
	/* A program may have been at work when its link went; it ends within an RCU grace period. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void attach_targets_changed(struct attach *attach)
{
	__atomic_add_fetch(&attach->object->data->targets_generation, 1, __ATOMIC_RELEASE);
	tls_object_targets_changed(attach->tls);
}

void attach_reader_waits(struct attach *attach, bool waits)
{
	__atomic_store_n(&attach->object->data->reader_waits, waits, __ATOMIC_SEQ_CST);
	tls_object_reader_waits(attach->tls, waits);
}

struct attach_maps attach_maps(const struct attach *attach)
{
	return (struct attach_maps){
	    .rings = bpf_map__fd(attach->object->maps.rings),
	    .connections = bpf_map__fd(attach->object->maps.connections),
	    .targets = bpf_map__fd(attach->object->maps.targets),
	    .cgroups = bpf_map__fd(attach->object->maps.cgroups),
	    .muted = bpf_map__fd(attach->object->maps.muted),
	    .counters = bpf_map__fd(attach->object->maps.counters),
	    .image_events = bpf_map__fd(attach->object->maps.image_events),
	};
}

const struct programs *attach_programs(const struct attach *attach)
{
	return &attach->programs;
}

bool attach_uses_task_storage(const struct attach *attach)
{
	return attach->task_storage;
}

struct bpf_program *attach_uprobe_program(const struct attach *attach, const char *name)
{
	struct bpf_program *program = tls_object_program(attach->tls, name);

	return program && bpf_program__fd(program) >= 0 ? program : NULL;
}

enum uprobe_method attach_uprobe_method(const struct attach *attach)
{
	return attach->uprobe_method;
}

struct bpf_program *attach_scan_program(const struct attach *attach)
{
	struct bpf_program *program = attach->object->progs.scan_sockets;

	return bpf_program__fd(program) >= 0 ? program : NULL;
}

uint64_t attach_recursion_misses(const struct attach *attach)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < attach->programs.count; i++) {
		const struct bpf_program *program = program_of(attach, &attach->programs.states[i]);
		int fd = program ? bpf_program__fd(program) : -1;
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		/* Kernels before v5.12 leave the field zero. */
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}
