/** What passed in one direction between what is known and the totals of a record. */
import type { ChunkWalk } from './walk.ts'
import type { Direction } from './connection.ts'
import { RECORD_DATA, TOTALS } from './gen/event.ts'
import type { RecordCursor } from './record.ts'

export interface Passed {
  bytes: number
  calls: number
  /** DATA records among the calls, which were lost. Negative when one that was under way was counted before. */
  records: number
  startNs: number
  endNs: number
  /** Undefined when no chunk was walked over. */
  walk: ChunkWalk | undefined
}

const U32 = 0x1_0000_0000
const U16 = 0x1_0000

/**
 * Moves `known` on to the totals at `offset` of the record. Undefined when nothing passed.
 * Running totals never go back; those that do are of a record that another one overtook, and are left out.
 * @param own the totals before the record's own call: they tell of the walk over its first bytes too. In other totals
 * a walk without a call is that of a call still under way, and waits for its bytes
 */
export function takePassed(
  known: Direction,
  record: RecordCursor,
  offset: number,
  own: boolean,
): Passed | undefined {
  const calls = (record.u32(offset + TOTALS.calls) - known.calls + U32) % U32
  if (calls === 0 && !(own && (known.walkUnsure || isMoved(known, record, offset)))) return undefined
  const bytes = record.u64(offset + TOTALS.bytes) - known.bytes
  if (bytes < 0) return undefined
  const passed = difference(known, record, offset, bytes, calls)
  moveOn(known, record, offset)
  return passed
}

/** Lost calls tell no start, and a folded one that is still under way tells one that is too late. */
function startOf(startNs: number, endNs: number): number {
  return startNs === 0 || startNs > endNs ? endNs : startNs
}

/** Without a call: by the walk over the bytes of the next one, or by one that was counted while under way. */
function isMoved(known: Direction, record: RecordCursor, offset: number): boolean {
  return (
    record.u32(offset + TOTALS.records) !== known.records ||
    record.u32(offset + TOTALS.framingBytes) !== known.framingBytes ||
    record.u16(offset + TOTALS.chunkedEnds) !== known.chunkedEnds ||
    record.u16(offset + TOTALS.walksLost) !== known.walksLost
  )
}

function difference(
  known: Direction,
  record: RecordCursor,
  offset: number,
  bytes: number,
  calls: number,
): Passed {
  const endNs = record.u64(offset + TOTALS.lastEndNs)
  const records = (record.u32(offset + TOTALS.records) - known.records) | 0
  return {
    bytes,
    calls,
    records,
    startNs: startOf(Math.max(record.u64(offset + TOTALS.foldedStartNs), known.lastEndNs), endNs),
    endNs,
    walk: passedWalk(known, record, offset, records, calls),
  }
}

/**
 * Lost records had bytes that nobody walked over. After a call whose walk was lost, the totals do not tell whether
 * it had ended a body before: they mean nothing to the bytes that follow it, and are taken as they are.
 */
function passedWalk(
  known: Direction,
  record: RecordCursor,
  offset: number,
  records: number,
  calls: number,
): ChunkWalk | undefined {
  if (known.walkUnsure) {
    return calls === 0 && record.u32(RECORD_DATA.skipped) === 0 ? undefined : walkOf(0, false, true)
  }
  const framingBytes = (record.u32(offset + TOTALS.framingBytes) - known.framingBytes + U32) % U32
  const ends = (record.u16(offset + TOTALS.chunkedEnds) - known.chunkedEnds + U16) % U16
  const lost = record.u16(offset + TOTALS.walksLost) !== known.walksLost
  return walkOf(framingBytes, ends > 0, lost || records > 0 || ends > 1)
}

function moveOn(known: Direction, record: RecordCursor, offset: number): void {
  known.bytes = record.u64(offset + TOTALS.bytes)
  known.calls = record.u32(offset + TOTALS.calls)
  known.records = record.u32(offset + TOTALS.records)
  known.framingBytes = record.u32(offset + TOTALS.framingBytes)
  known.chunkedEnds = record.u16(offset + TOTALS.chunkedEnds)
  known.walksLost = record.u16(offset + TOTALS.walksLost)
  known.walkUnsure = false
  known.lastEndNs = Math.max(known.lastEndNs, record.u64(offset + TOTALS.lastEndNs))
}

/** Undefined when there is nothing to tell. */
export function walkOf(framingBytes: number, ended: boolean, lost: boolean): ChunkWalk | undefined {
  return framingBytes > 0 || ended || lost ? { framingBytes, ended, lost } : undefined
}
