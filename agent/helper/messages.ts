/** Frames to messages: CBOR arrays `[kind, field, ...]` in the order of native/wire.def, checked field by field. */
import { decode } from 'cbor-x'
import { accessLogError, type AccessLogError } from '../errors.ts'
import { MESSAGE_FIELDS, MessageKind, type FieldType, type ToAgent } from './gen/wire.ts'
import { PayloadCursor } from './payload.ts'

const TO_AGENT: ReadonlySet<number> = new Set<MessageKind>([
  MessageKind.HELLO,
  MessageKind.READY,
  MessageKind.BATCH,
  MessageKind.PROCESSES,
  MessageKind.COUNTERS,
  MessageKind.PROBLEM,
  MessageKind.LIBRARY,
  MessageKind.STOPPED,
])

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(MessageKind).map(([name, kind]) => [kind, name]),
)

/** `BATCH` and so on, for people. */
export function messageName(kind: MessageKind): string {
  return NAMES[kind] ?? String(kind)
}

/**
 * The message of a frame, every field checked against its type. A payload is not copied: it is a view into the
 * frame's ArrayBuffer and goes with it. Throws HELPER_GARBAGE.
 */
export function decodeMessage(frame: Uint8Array): ToAgent {
  const head = new PayloadCursor(frame)
  const count = head.array()
  const kind = head.uint()
  if (!TO_AGENT.has(kind)) throw garbage(`a message of kind ${kind}`)
  const fields = MESSAGE_FIELDS[kind as MessageKind]
  if (count <= fields.length) throw garbage(`${NAMES[kind]} with ${count - 1} of ${fields.length} fields`)
  const hasPayload = fields.at(-1)?.[1] === 'bytes'
  const values = hasPayload ? payloadFields(head, fields, count) : decodeArray(frame)
  return toMessage(kind as MessageKind, values)
}

/** Numbers and a byte string read in place: decoding a batch costs the same whatever its size. */
function payloadFields(
  head: PayloadCursor,
  fields: (typeof MESSAGE_FIELDS)[MessageKind],
  count: number,
): unknown[] {
  const values: unknown[] = [0]
  for (const [, type] of fields) values.push(type === 'bytes' ? head.bytes() : head.uint())
  if (count === fields.length + 1) head.end()
  return values
}

function decodeArray(frame: Uint8Array): unknown[] {
  let decoded: unknown
  try {
    decoded = decode(frame)
  } catch (error) {
    throw accessLogError('HELPER_GARBAGE', { reason: 'a frame that is not CBOR' }, { cause: error })
  }
  if (!Array.isArray(decoded)) throw garbage('a frame that is not an array')
  return decoded
}

/** @param values the kind, then the fields; those beyond the known ones are ignored */
function toMessage(kind: MessageKind, values: readonly unknown[]): ToAgent {
  const message: Record<string, unknown> = { kind }
  MESSAGE_FIELDS[kind].forEach(([name, type], index) => {
    const value = READERS[type](values[index + 1])
    if (value === undefined) throw garbage(`${NAMES[kind]} whose ${name} is not ${type}`)
    message[name] = value
  })
  return message as unknown as ToAgent
}

/** From what cbor-x makes of a field to its type in TypeScript; `undefined` when it is not of that type. */
const READERS: Readonly<Record<FieldType, (value: unknown) => unknown>> = {
  uint: unsigned,
  uint64: (value) => (unsigned(value) === undefined ? undefined : BigInt(value as number | bigint)),
  int: integer,
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  text: (value) => (typeof value === 'string' ? value : undefined),
  bytes: (value) => (value instanceof Uint8Array ? value : undefined),
  array: (value) => (Array.isArray(value) ? value : undefined),
  uint_array: unsignedArray,
}

/** cbor-x gives bigint for whatever was sent in eight bytes; as a number it is exact below 2^53, else the nearest. */
function integer(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  return Number.isInteger(value) ? (value as number) : undefined
}

function unsigned(value: unknown): number | undefined {
  const number = integer(value)
  return number !== undefined && number >= 0 ? number : undefined
}

function unsignedArray(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined
  const numbers = value.map(unsigned)
  return numbers.every((number) => number !== undefined) ? numbers : undefined
}

/** One program of READY. */
export interface ProgramStatus {
  name: string
  status: 'attached' | 'failed' | 'skipped'
  /** Empty when attached. */
  reason: string
}

/** The programs of READY, typed. Throws HELPER_GARBAGE. */
export function programStatuses(programs: readonly unknown[]): ProgramStatus[] {
  return programs.map((program) => {
    const [name, status, reason] = Array.isArray(program) ? (program as unknown[]) : []
    const known = status === 'attached' || status === 'failed' || status === 'skipped'
    if (typeof name === 'string' && known && typeof reason === 'string') return { name, status, reason }
    throw garbage('READY with a program that is not [name, status, reason]')
  })
}

function garbage(reason: string): AccessLogError {
  return accessLogError('HELPER_GARBAGE', { reason })
}
