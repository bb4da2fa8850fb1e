// SPDX-License-Identifier: Apache-2.0
#include "rings.h"
#include "test.h"

static const struct row {
	const char *sentence;
	uint32_t cpus;
	uint32_t shards;
	size_t per_cpu_bytes;
	uint32_t rings;
	size_t bytes;
} rows[] = {
    {"one CPU, one shard, one page", 1, 1, 4096, 1, 4096},
    {"as many rings as CPUs", 4, 1, 8192, 4, 8192},
    {"as many rings as shards when those are more", 2, 8, 8192, 8, 8192},
    {"a power of two of rings", 6, 1, 4096, 8, 4096},
    {"a power of two of bytes", 2, 1, 400 * 1024, 2, 512 * 1024},
    {"a byte more than a page is two pages", 1, 1, 4097, 1, 8192},
    {"no more than 64 rings; each is then the buffer of several CPUs", 128, 1, 65536, 64, 131072},
    {"64 MiB per CPU on 256 CPUs", 256, 2, 64 << 20, 64, 256 << 20},
};

static void every_row(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t rings = rings_count(rows[i].cpus, rows[i].shards);

		test_subject = rows[i].sentence;
		CHECK_EQ(rings, rows[i].rings);
		CHECK_EQ(rings_bytes(rows[i].per_cpu_bytes, rows[i].cpus, rings), rows[i].bytes);
		CHECK((uint64_t)rings * rows[i].bytes >= (uint64_t)rows[i].cpus * rows[i].per_cpu_bytes);
	}
}

static const struct test tests[] = {
    {"rings have room for what was asked per CPU", every_row},
};

int main(void)
{
	return RUN_TESTS("rings", tests);
}
