/* SPDX-License-Identifier: Apache-2.0 */
/* Places inside a C function where a probe costs its thread one trap. On an instruction that is no jump, no
 * call and no push the kernel lets the original one run by a second trap; and a probe of a return costs a way
 * through the kernel of its own. A function that keeps a stack protector passes, with its arguments still in
 * their registers, a jump or call near its start, and with its result a jump before each return. */
#ifndef ACCESSLOG_PLACE_H
#define ACCESSLOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_LEAVES_MAX 4

/* Offsets from the start of the function. At all of them the stack pointer is the same, so that a call is
 * known by it. */
struct places {
	uint32_t enter;			   /* the arguments of the C ABI are in their registers */
	uint32_t leaves[PLACE_LEAVES_MAX]; /* the result is in its register; each return passes one, and what
					      passes one returns */
	size_t leave_count;
};

/* @code: of a whole function. False: it has no such places, costs no second trap at its start, or is not
 * understood; then it is to be probed where it starts and returns. */
bool places_find(const uint8_t *code, size_t length, struct places *places);

#endif
