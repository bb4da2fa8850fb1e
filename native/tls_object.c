// SPDX-License-Identifier: Apache-2.0
#include "tls_object.h"

#include "record.h"

#include "../build/tls.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tls_object {
	struct tls_bpf *skeleton;
};

int tls_object_list(struct programs *programs)
{
	struct tls_bpf *skeleton = tls_bpf__open();

	if (!skeleton)
		return -errno;
	programs_add(programs, skeleton->obj);
	tls_bpf__destroy(skeleton);
	return 0;
}

/* A map of the same name there is the same map here; one that was not created there is not here either. */
static int share_maps(struct tls_bpf *skeleton, const struct bpf_object *base)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		struct bpf_map *shared = bpf_object__find_map_by_name(base, bpf_map__name(map));
		int error = 0;

		if (!shared || bpf_map__is_internal(map))
			continue;
		if (bpf_map__fd(shared) < 0)
			bpf_map__set_autocreate(map, false);
		else
			error = bpf_map__reuse_fd(map, bpf_map__fd(shared));
		if (error)
			return error;
	}
	return 0;
}

static void prepare_programs(struct tls_bpf *skeleton, enum uprobe_method method,
			     const struct programs *programs)
{
	for (size_t i = 0; i < programs->count; i++) {
		const struct program_state *state = &programs->states[i];
		struct bpf_program *program = bpf_object__find_program_by_name(skeleton->obj, state->name);

		if (!program)
			continue;
		uprobe_prepare(program, method);
		if (state->status != PROGRAM_UNTRIED)
			bpf_program__set_autoload(program, false);
	}
}

/* Nothing of an object that failed to load can be used again; each attempt opens a new one. */
static struct tls_bpf *try_load(const struct knobs *knobs, enum uprobe_method method,
				const struct bpf_object *base, const struct programs *programs)
{
	struct tls_bpf *skeleton = tls_bpf__open();

	if (!skeleton)
		return NULL;
	KNOBS_SET(skeleton, knobs);
	bpf_map__set_autocreate(skeleton->maps.task_scratches, knobs->use_task_storage);
	bpf_map__set_autocreate(skeleton->maps.cpu_scratches, !knobs->use_task_storage);
	prepare_programs(skeleton, method, programs);
	if (!share_maps(skeleton, base) && !tls_bpf__load(skeleton))
		return skeleton;
	tls_bpf__destroy(skeleton);
	return NULL;
}

static size_t count_untried(const struct programs *programs)
{
	size_t count = 0;

	for (size_t i = 0; i < programs->count; i++)
		count +=
		    program_is_uprobe(&programs->states[i]) && programs->states[i].status == PROGRAM_UNTRIED;
	return count;
}

/* Without the program that failed the next attempt may succeed; when none is to blame, all are. */
static void blame(struct programs *programs, const struct diagnosis *diagnosis)
{
	struct program_state *culprit = programs_find(programs, diagnosis->program);
	const char *reason = diagnosis->reason[0] ? diagnosis->reason : "its object could not be loaded";

	if (culprit && program_is_uprobe(culprit) && culprit->status == PROGRAM_UNTRIED) {
		program_set(culprit, PROGRAM_FAILED, reason);
		return;
	}
	for (size_t i = 0; i < programs->count; i++)
		if (program_is_uprobe(&programs->states[i]) && programs->states[i].status == PROGRAM_UNTRIED)
			program_set(&programs->states[i], PROGRAM_FAILED, reason);
}

struct tls_object *tls_object_load(const struct knobs *knobs, enum uprobe_method method,
				   const struct bpf_object *base, struct diagnosis *diagnosis,
				   struct programs *programs)
{
	struct tls_object *object = calloc(1, sizeof(*object));

	while (object && count_untried(programs)) {
		diagnosis_clear(diagnosis);
		object->skeleton = try_load(knobs, method, base, programs);
		if (object->skeleton)
			return object;
		blame(programs, diagnosis);
	}
	free(object);
	return NULL;
}

void tls_object_free(struct tls_object *object)
{
	if (!object)
		return;
	tls_bpf__destroy(object->skeleton);
	free(object);
}

struct bpf_program *tls_object_program(const struct tls_object *object, const char *name)
{
	return object ? bpf_object__find_program_by_name(object->skeleton->obj, name) : NULL;
}

void tls_object_targets_changed(struct tls_object *object)
{
	if (object)
		__atomic_add_fetch(&object->skeleton->data->targets_generation, 1, __ATOMIC_RELEASE);
}

void tls_object_reader_waits(struct tls_object *object, bool waits)
{
	if (object)
		__atomic_store_n(&object->skeleton->data->reader_waits, waits, __ATOMIC_SEQ_CST);
}
