/** What passed in one direction between what is known and the totals of a record. */
import type { ChunkWalk } from './walk.ts'
import type { Direction } from './connection.ts'
import { TOTALS } from './gen/event.ts'
import type { RecordCursor } from './record.ts'

export interface Passed {
  bytes: number
  calls: number
  /** DATA records among the calls, which were lost. */
  records: number
  startNs: number
  endNs: number
  /** Undefined when no chunk was walked over. */
  walk: ChunkWalk | undefined
}

const U32 = 0x1_0000_0000
const U16 = 0x1_0000

/**
 * Moves `known` on to the totals at `offset` of the record. Undefined when neither calls nor chunks passed.
 * Running totals never go back; those that do are of a record that another one overtook, and are left out.
 */
export function takePassed(known: Direction, record: RecordCursor, offset: number): Passed | undefined {
  const calls = record.u32(offset + TOTALS.calls)
  const framingBytes = record.u32(offset + TOTALS.framingBytes)
  if (calls === known.calls && framingBytes === known.framingBytes) return undefined
  const bytes = record.u64(offset + TOTALS.bytes)
  if (bytes < known.bytes) return undefined
  const passed = difference(known, record, offset, bytes, calls, framingBytes)
  known.bytes = bytes
  known.calls = calls
  known.framingBytes = framingBytes
  known.records = record.u32(offset + TOTALS.records)
  known.chunkedEnds = record.u16(offset + TOTALS.chunkedEnds)
  known.walksLost = record.u16(offset + TOTALS.walksLost)
  if (passed.calls > 0) known.lastEndNs = passed.endNs
  return passed
}

function difference(
  known: Direction,
  record: RecordCursor,
  offset: number,
  bytes: number,
  calls: number,
  framingBytes: number,
): Passed {
  return {
    bytes: bytes - known.bytes,
    calls: (calls - known.calls + U32) % U32,
    records: (record.u32(offset + TOTALS.records) - known.records + U32) % U32,
    startNs: Math.max(record.u64(offset + TOTALS.foldedStartNs), known.lastEndNs),
    endNs: record.u64(offset + TOTALS.lastEndNs),
    walk: walkOf(
      (framingBytes - known.framingBytes + U32) % U32,
      (record.u16(offset + TOTALS.chunkedEnds) - known.chunkedEnds + U16) % U16 > 0,
      (record.u16(offset + TOTALS.walksLost) - known.walksLost + U16) % U16 > 0,
    ),
  }
}

/** Undefined when there is nothing to tell. */
export function walkOf(framingBytes: number, ended: boolean, lost: boolean): ChunkWalk | undefined {
  return framingBytes > 0 || ended || lost ? { framingBytes, ended, lost } : undefined
}
