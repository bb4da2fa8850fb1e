// SPDX-License-Identifier: Apache-2.0
#include "diagnosis.h"
#include "test.h"

static const struct row {
	const char *sentence;
	const char *messages[4];
	const char *program;
	const char *reason;
} rows[] = {
    {"a missing hook is named",
     {"libbpf: prog 'change_state': failed to find kernel BTF type ID of 'inet_sock_set_state': -3\n",
      "libbpf: prog 'change_state': failed to prepare load attributes: -3\n",
      "libbpf: failed to load object 'accesslog_bpf'\n"},
     "change_state",
     "failed to find kernel BTF type ID of 'inet_sock_set_state': -3"},
    {"of a verifier's log the last line before its statistics counts",
     {"libbpf: prog 'exit_syscall': BPF program load failed: Permission denied\n",
      "libbpf: prog 'exit_syscall': -- BEGIN PROG LOAD LOG --\n0: R1=ctx\n1: (79) r0 = *(u64 *)(r1 +0)\n"
      "R1 invalid mem access 'scalar'\nprocessed 12 insns (limit 1000000)\n-- END PROG LOAD LOG --\n",
      "libbpf: prog 'exit_syscall': failed to load: -13\n"},
     "exit_syscall",
     "R1 invalid mem access 'scalar'"},
    {"an empty log leaves the kernel's answer",
     {"libbpf: prog 'scan_sockets': BPF program load failed: Invalid argument\n",
      "libbpf: prog 'scan_sockets': -- BEGIN PROG LOAD LOG --\n-- END PROG LOAD LOG --\n"},
     "scan_sockets",
     "BPF program load failed: Invalid argument"},
    {"a cut log is read to its end",
     {"libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\nunreachable insn 4"},
     "a",
     "unreachable insn 4"},
    {"what is about no program is a reason too",
     {"libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF "
      "program.\n",
      "libbpf: failed to load object 'accesslog_bpf'\n"},
     "",
     "Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF program."},
    {"a program's reason replaces a general one",
     {"libbpf: something else\n", "libbpf: prog 'b': failed to load: -22\n"},
     "b",
     "failed to load: -22"},
    {"a quote without an end is no program", {"libbpf: prog 'unfinished\n"}, "", "prog 'unfinished"},
    {"nothing said, nothing known", {NULL}, "", ""},
};

static void every_row(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct diagnosis diagnosis;

		test_subject = rows[i].sentence;
		diagnosis_clear(&diagnosis);
		for (int m = 0; m < 4 && rows[i].messages[m]; m++)
			diagnosis_note(&diagnosis, rows[i].messages[m]);
		CHECK_TEXT(diagnosis.program, rows[i].program);
		CHECK_TEXT(diagnosis.reason, rows[i].reason);
	}
}

static void cut_to_size(void)
{
	struct diagnosis diagnosis;
	char message[1000] = "libbpf: prog 'c': ";

	memset(message + strlen(message), 'x', sizeof(message) - strlen(message) - 1);
	message[sizeof(message) - 1] = '\0';
	diagnosis_clear(&diagnosis);
	diagnosis_note(&diagnosis, message);
	CHECK_EQ(strlen(diagnosis.reason), DIAGNOSIS_BYTES - 1);
}

static const struct test tests[] = {
    {"libbpf's messages become a program and a reason", every_row},
    {"a long reason is cut", cut_to_size},
};

int main(void)
{
	return RUN_TESTS("diagnosis", tests);
}
