// SPDX-License-Identifier: Apache-2.0
#include "record.h"

static bool is_valid_data(const struct record_data *data)
{
	return data->captured <= FRAMES_BYTES_MAX && data->head.size == sizeof(*data) + data->captured;
}

bool record_is_valid(const struct record *record, size_t available)
{
	if (available < sizeof(*record) || record->size > available)
		return false;
	switch (record->kind) {
	case RECORD_OPEN:
		return record->size == sizeof(struct record_open);
	case RECORD_DATA:
		return record->size >= sizeof(struct record_data) &&
		       is_valid_data((const struct record_data *)record);
	case RECORD_CLOSE:
		return record->size == sizeof(struct record_close);
	case RECORD_PROCESS:
		return record->size == sizeof(struct record_process);
	case RECORD_PROGRESS:
		return record->size == sizeof(struct record_progress);
	default:
		return false;
	}
}
