// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <Zydis/Zydis.h>

/* Functions that hand a call on are short. */
#define INSTRUCTIONS_MAX 256

/* @target: of a jump or call to a fixed place, as an offset from the start of the function; else 0 */
struct step {
	uint32_t at;
	uint32_t next;
	int64_t target;
	int32_t stack; /* what it adds to the stack pointer */
	bool is_return;
	bool is_call;
	bool is_jump;	 /* of any kind */
	bool is_certain; /* a jump without a condition */
	bool is_cheap;	 /* the kernel steps over it without a trap: arch/x86/kernel/uprobes.c, branch_* and
			    push_* */
	bool is_strange; /* moves the stack pointer by what is not known here, or jumps by a register */
	bool writes_argument;
	bool writes_result;
};

struct function {
	size_t count;
	size_t length;
	struct step steps[INSTRUCTIONS_MAX];
};

static ZydisRegister whole(ZydisRegister part)
{
	return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part);
}

static bool is_argument(ZydisRegister written)
{
	return written == ZYDIS_REGISTER_RDI || written == ZYDIS_REGISTER_RSI ||
	       written == ZYDIS_REGISTER_RDX || written == ZYDIS_REGISTER_RCX || written == ZYDIS_REGISTER_R8;
}

static void note_stack(struct step *step, const ZydisDecodedInstruction *instruction,
		       const ZydisDecodedOperand *operands)
{
	bool is_fixed = operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;

	if (instruction->mnemonic == ZYDIS_MNEMONIC_PUSH)
		step->stack = -8;
	else if (instruction->mnemonic == ZYDIS_MNEMONIC_POP)
		step->stack = 8;
	else if (instruction->mnemonic == ZYDIS_MNEMONIC_SUB && is_fixed)
		step->stack = -(int32_t)operands[1].imm.value.s;
	else if (instruction->mnemonic == ZYDIS_MNEMONIC_ADD && is_fixed)
		step->stack = (int32_t)operands[1].imm.value.s;
	else if (!step->is_call && !step->is_return)
		step->is_strange = true;
}

static void note_writes(struct step *step, const ZydisDecodedInstruction *instruction,
			const ZydisDecodedOperand *operands)
{
	for (size_t i = 0; i < instruction->operand_count; i++) {
		ZydisRegister written = operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER
					    ? whole(operands[i].reg.value)
					    : ZYDIS_REGISTER_NONE;

		if (!(operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		step->writes_argument |= is_argument(written);
		step->writes_result |= written == ZYDIS_REGISTER_RAX;
		if (written == ZYDIS_REGISTER_RSP)
			note_stack(step, instruction, operands);
	}
}

/* One byte of operation, or 0f and 80 to 8f; a prefix is left to the kernel's slow way. */
static bool is_emulated(const ZydisDecodedInstruction *instruction)
{
	ZyanU8 code = instruction->opcode;

	if (instruction->raw.prefix_count)
		return false;
	if (instruction->opcode_map == ZYDIS_OPCODE_MAP_0F)
		return (code & 0xf0) == 0x80;
	return instruction->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       ((code & 0xf0) == 0x70 || code == 0xe8 || code == 0xe9 || code == 0xeb);
}

static bool is_push(const ZydisDecodedInstruction *instruction)
{
	return instruction->mnemonic == ZYDIS_MNEMONIC_PUSH;
}

static struct step step_of(uint32_t at, const ZydisDecodedInstruction *instruction,
			   const ZydisDecodedOperand *operands)
{
	ZydisInstructionCategory category = instruction->meta.category;
	struct step step = {.at = at, .next = at + instruction->length};

	step.is_return = category == ZYDIS_CATEGORY_RET;
	step.is_call = category == ZYDIS_CATEGORY_CALL;
	step.is_certain = category == ZYDIS_CATEGORY_UNCOND_BR;
	step.is_jump = step.is_certain || category == ZYDIS_CATEGORY_COND_BR;
	step.is_cheap = is_emulated(instruction) || is_push(instruction);
	if ((step.is_jump || step.is_call) && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		step.target = step.next + operands[0].imm.value.s;
	step.is_strange = step.is_jump && !step.target;
	note_writes(&step, instruction, operands);
	return step;
}

static bool decode(const uint8_t *code, size_t length, struct function *function)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction instruction;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	*function = (struct function){.length = length};
	for (size_t at = 0; at < length; at += instruction.length) {
		if (function->count == INSTRUCTIONS_MAX ||
		    !ZYAN_SUCCESS(
			ZydisDecoderDecodeFull(&decoder, code + at, length - at, &instruction, operands)))
			return false;
		function->steps[function->count++] = step_of(at, &instruction, operands);
	}
	return function->count > 0;
}

/* A jump from anywhere behind @from, up to @to: what stands there may be come to on another way. */
static bool is_jumped_into(const struct function *function, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct step *step = &function->steps[i];

		if (step->is_jump && step->target > from && step->target <= to)
			return true;
	}
	return false;
}

/* Every way out is a return: a jump to elsewhere, or by a register, is not seen. */
static bool only_returns(const struct function *function)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct step *step = &function->steps[i];

		if (step->is_jump &&
		    (step->is_strange || step->target < 0 || step->target >= (int64_t)function->length))
			return false;
	}
	return true;
}

/* The first jump or call, when the arguments get there untouched and on one way. @stack: what was added to
 * the stack pointer by then */
static const struct step *find_enter(const struct function *function, int32_t *stack)
{
	*stack = 0;
	for (size_t i = 0; i < function->count; i++) {
		const struct step *step = &function->steps[i];

		if (step->is_jump || step->is_call)
			return step->is_cheap && !is_jumped_into(function, 0, step->at) ? step : NULL;
		if (step->is_return || step->is_strange || step->writes_argument)
			return NULL;
		*stack += step->stack;
	}
	return NULL;
}

/* A call at the very end of the function, behind which there is nothing to return to. */
static bool never_returns(const struct function *function, int64_t target)
{
	const struct step *last = &function->steps[function->count - 1];

	return last->is_call && last->at == target;
}

/* The jump before the return at @index, when the result is there by then, and only the end of the program is
 * where else it leads. @stack: of the function at its start, less that at the jump */
static const struct step *find_leave(const struct function *function, size_t index, int32_t stack)
{
	const struct step *step = &function->steps[index];

	for (size_t i = index; i-- > 0;) {
		step = &function->steps[i];
		if (step->is_jump || step->is_call || step->is_return)
			break;
		if (step->is_strange || step->writes_result)
			return NULL;
		stack += step->stack;
	}
	if (!step->is_jump || step->is_certain || !step->is_cheap || stack ||
	    !never_returns(function, step->target))
		return NULL;
	return is_jumped_into(function, step->at, function->steps[index].at) ? NULL : step;
}

bool places_find(const uint8_t *code, size_t length, struct places *places)
{
	const struct step *enter, *leave;
	struct function function;
	int32_t stack;

	if (!decode(code, length, &function) || function.steps[0].is_cheap || !only_returns(&function))
		return false;
	enter = find_enter(&function, &stack);
	if (!enter)
		return false;
	*places = (struct places){.enter = enter->at};
	for (size_t i = 0; i < function.count; i++) {
		if (!function.steps[i].is_return)
			continue;
		leave = find_leave(&function, i, stack);
		if (!leave || places->leave_count == PLACE_LEAVES_MAX)
			return false;
		places->leaves[places->leave_count++] = leave->at;
	}
	return places->leave_count > 0;
}
