// SPDX-License-Identifier: Apache-2.0
#include "record.h"
#include "test.h"

static const struct row {
	const char *sentence;
	uint32_t size;
	uint8_t kind;
	uint32_t captured;
	size_t available;
	bool valid;
} rows[] = {
    {"an OPEN of its size", sizeof(struct record_open), RECORD_OPEN, 0, sizeof(struct record_open), true},
    {"an OPEN in a larger reservation", sizeof(struct record_open), RECORD_OPEN, 0, 4096, true},
    {"an OPEN with a byte too few", sizeof(struct record_open) - 1, RECORD_OPEN, 0, 4096, false},
    {"an OPEN that goes beyond what is there", sizeof(struct record_open), RECORD_OPEN, 0, 64, false},
    {"a DATA without payload", sizeof(struct record_data), RECORD_DATA, 0, 4096, true},
    {"a DATA with payload", sizeof(struct record_data) + 5, RECORD_DATA, 5, 4096, true},
    {"a DATA that says less than it has", sizeof(struct record_data) + 5, RECORD_DATA, 4, 4096, false},
    {"a DATA that says more than it has", sizeof(struct record_data) + 5, RECORD_DATA, 6, 4096, false},
    {"a DATA without its own fields", sizeof(struct record), RECORD_DATA, 0, 4096, false},
    {"a DATA with as much as can be captured", sizeof(struct record_data) + FRAMES_BYTES_MAX, RECORD_DATA,
     FRAMES_BYTES_MAX, 32768, true},
    {"a DATA with more than can be captured", sizeof(struct record_data) + FRAMES_BYTES_MAX + 1, RECORD_DATA,
     FRAMES_BYTES_MAX + 1, 32768, false},
    {"a DATA whose sum wraps", sizeof(struct record_data) - 1, RECORD_DATA, UINT32_MAX, 4096, false},
    {"a CLOSE of its size", sizeof(struct record_close), RECORD_CLOSE, 0, 4096, true},
    {"a PROCESS of its size", sizeof(struct record_process), RECORD_PROCESS, 0, 4096, true},
    {"a PROGRESS of its size", sizeof(struct record_progress), RECORD_PROGRESS, 0, 4096, true},
    {"a kind that is none", 64, 9, 0, 4096, false},
    {"kind 0", 64, 0, 0, 4096, false},
    {"less than a head", 8, RECORD_OPEN, 0, 8, false},
};

static void every_row(void)
{
	static uint8_t bytes[32768] __attribute__((aligned(8)));
	struct record_data *data = (struct record_data *)bytes;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_subject = rows[i].sentence;
		data->head.size = rows[i].size;
		data->head.kind = rows[i].kind;
		data->captured = rows[i].captured;
		CHECK_EQ(record_is_valid(&data->head, rows[i].available), rows[i].valid);
	}
}

static const struct test tests[] = {
    {"a record is what it says it is, or it is malformed", every_row},
};

int main(void)
{
	return RUN_TESTS("record", tests);
}
