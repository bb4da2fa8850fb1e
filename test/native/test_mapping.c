// SPDX-License-Identifier: Apache-2.0
#include "mapping.h"
#include "test.h"

#include <unistd.h>

static const struct {
	const char *sentence;
	const char *line;
	const char *path; /* NULL: not taken */
	unsigned long long inode;
} lines[] = {
    {"a library's code is taken",
     "7f1a2b3c4000-7f1a2b3d5000 r-xp 00026000 fe:00 131077                     /usr/lib/libssl.so.3\n",
     "/usr/lib/libssl.so.3", 131077},
    {"a path with spaces is taken whole",
     "7f1a2b3c4000-7f1a2b3d5000 r-xp 00026000 fe:00 42                         /opt/my app/lib ssl.so\n",
     "/opt/my app/lib ssl.so", 42},
    {"a file that was deleted says so",
     "7f1a2b3c4000-7f1a2b3d5000 r-xp 00026000 fe:00 7                          /usr/lib/libssl.so.3 "
     "(deleted)\n",
     "/usr/lib/libssl.so.3 (deleted)", 7},
    {"data is not taken",
     "7f1a2b3c4000-7f1a2b3d5000 rw-p 00026000 fe:00 131077                     /usr/lib/libssl.so.3\n", NULL,
     0},
    {"memory without a file is not taken", "7f1a2b3c4000-7f1a2b3d5000 r-xp 00000000 00:00 0 \n", NULL, 0},
    {"the kernel's own is not taken", "7ffd0d1f9000-7ffd0d1fb000 r-xp 00000000 00:00 0   [vdso]\n", NULL, 0},
    {"memory of no file system is not taken", "7f00-7f01 r-xp 00000000 00:01 9   anon_inode:[x]\n", NULL, 0},
    {"a line that is none is not taken", "nonsense\n", NULL, 0},
    {"an empty line is not taken", "", NULL, 0},
};

static void parses_lines(void)
{
	struct mapping mapping;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		test_subject = lines[i].sentence;
		CHECK_EQ(mapping_parse(lines[i].line, &mapping), lines[i].path != NULL);
		if (!lines[i].path)
			continue;
		CHECK_TEXT(mapping.path, lines[i].path);
		CHECK_EQ(mapping.inode, lines[i].inode);
	}
}

static int count_self(void *arg, const struct mapping *mapping)
{
	*(int *)arg += strstr(mapping->path, "test_mapping") != NULL;
	return 0;
}

static void finds_itself(void)
{
	int found = 0;

	CHECK_EQ(mapping_each(getpid(), count_self, &found), 0);
	CHECK_EQ(found, 1);
}

static void nobody(void)
{
	int found = 0;

	CHECK(mapping_each(0x7fffffff, count_self, &found) < 0);
}

static const struct test tests[] = {
    {"lines of /proc/PID/maps", parses_lines},
    {"the program finds its own file, once", finds_itself},
    {"a process that is not there is an error", nobody},
};

int main(void)
{
	return RUN_TESTS("mapping", tests);
}
