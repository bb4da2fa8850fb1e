/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper itself counts, in the order of the COUNTERS message: X(name, sentence).
 *   records_drained = records_forwarded + records_malformed */
#ifndef ACCESSLOG_COUNTERS_H
#define ACCESSLOG_COUNTERS_H

#define HELPER_COUNTERS(X)                                                                                   \
	X(records_drained, "records taken out of the rings or made by the helper")                           \
	X(records_forwarded, "records written to the agent")                                                 \
	X(records_malformed, "records whose size did not fit their kind; never expected")                    \
	X(batches, "BATCH and PROCESSES messages written")                                                   \
	X(stalls, "times draining paused because the agent did not read")                                    \
	X(progress_records, "PROGRESS records made for folded calls")                                        \
	X(recursion_misses, "program runs the kernel skipped because the program was already running")

enum helper_counter {
#define X(name, sentence) HELPER_COUNTER_##name,
	HELPER_COUNTERS(X)
#undef X
	    HELPER_COUNTER_MAX
};

#endif
