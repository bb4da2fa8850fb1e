/**
 * Batches of records in, the life of connections out.
 *
 * Records carry running totals, so nothing that happened can stay unsaid: what the totals have moved on by and no
 * record told was folded in the kernel (bodies, unknown protocols) or lost on the way. Either way its calls and
 * bytes are handed on, as one folded operation and one gap.
 */
import type { Connection, ConnectionFacts, Direction, Role } from './connection.ts'
import { unseenDirection } from './connection.ts'
import {
  RECORD,
  RECORD_BYTES,
  RECORD_CLOSE,
  RECORD_CLOSE_BYTES,
  RECORD_DATA,
  RECORD_DATA_BYTES,
  RECORD_OPEN_BYTES,
  RECORD_PROGRESS,
  RECORD_PROGRESS_BYTES,
  RecordKind,
  TOTALS,
  TOTALS_BYTES,
} from './gen/event.ts'
import { readOpen } from './open.ts'
import { RecordCursor } from './record.ts'

/** Calls that moved bytes: one that had a record, or several that had none. */
export interface Operation {
  /** 0 ingress, 1 egress. */
  direction: number
  /** enum record_syscall; 0 for folded calls. */
  syscall: number
  startNs: number
  endNs: number
  bytes: number
  /** Calls, at least 1. */
  count: number
}

/** The next stage. For one call: `operation` first, then its `bytes`, then the `gap` of what was not captured. */
export interface ConnectionListener<Next> {
  /** Returns what this stage keeps with the connection. Followed by `closed` at once when the connect failed. */
  opened(facts: ConnectionFacts, role: Role): Next
  /** The operation object is reused: copy what is kept. */
  operation(next: Next, operation: Operation): void
  /** Captured bytes `chunk[begin, end)` of the current batch; valid during the call. */
  bytes(next: Next, direction: number, chunk: Uint8Array, begin: number, end: number, call: Operation): void
  /** Bytes that passed without being captured. */
  gap(next: Next, direction: number, lengthBytes: number, startNs: number, endNs: number): void
  /** @param operation the close itself, absent when the connection never was */
  closed(next: Next, operation: { startNs: number; endNs: number; success: boolean } | undefined): void
}

export interface ReaderCounters {
  records: number
  /** Records whose size, kind or connection makes no sense. */
  malformed: number
  /** DATA records that totals prove to be lost. */
  lost: number
  /** Connections known now. */
  connections: number
}

const U32 = 0x1_0000_0000

export class ConnectionReader<Next> {
  readonly counters: ReaderCounters = { records: 0, malformed: 0, lost: 0, connections: 0 }
  readonly #connections = new Map<number, Connection<Next>>()
  readonly #listener: ConnectionListener<Next>
  readonly #operation: Operation = { direction: 0, syscall: 0, startNs: 0, endNs: 0, bytes: 0, count: 1 }

  constructor(listener: ConnectionListener<Next>) {
    this.#listener = listener
  }

  /** Reads a whole batch. Never throws on malformed records: it counts them and, when sizes lie, drops the rest. */
  read(batch: Uint8Array): void {
    const record = new RecordCursor(batch)
    while (record.at + RECORD_BYTES <= batch.length) {
      const size = record.u32(RECORD.size)
      if (size < RECORD_BYTES || record.at + size > batch.length) break
      this.counters.records++
      this.#readOne(record, size)
      record.at += (size + 7) & ~7
    }
    if (record.at < batch.length) this.counters.malformed++
  }

  /** Everything known now; for the end, and for flushes. */
  connections(): IterableIterator<Connection<Next>> {
    return this.#connections.values()
  }

  /** Ids are unique in one life of the helper only: forget all, closing nothing twice. */
  reset(): void {
    for (const connection of this.#connections.values()) this.#listener.closed(connection.next, undefined)
    this.#connections.clear()
    this.counters.connections = 0
  }

  #readOne(record: RecordCursor, size: number): void {
    const kind = record.u8(RECORD.kind)
    if (kind === RecordKind.OPEN && size === RECORD_OPEN_BYTES) return this.#open(record)
    const connection = this.#connections.get(record.u64(RECORD.connection))
    if (connection === undefined) this.counters.malformed++
    else if (kind === RecordKind.DATA && size >= RECORD_DATA_BYTES) this.#data(record, connection, size)
    else if (kind === RecordKind.CLOSE && size === RECORD_CLOSE_BYTES) this.#close(record, connection)
    else if (kind === RecordKind.PROGRESS && size === RECORD_PROGRESS_BYTES)
      this.#catchUpBoth(record, connection, RECORD_PROGRESS.totals, RECORD_PROGRESS.totals + TOTALS_BYTES)
    else this.counters.malformed++
  }

  #open(record: RecordCursor): void {
    const facts = readOpen(record)
    const next = this.#listener.opened(facts, facts.role)
    if (!facts.success) return this.#listener.closed(next, undefined)
    const directions = [unseenDirection(), unseenDirection()] as const
    this.#connections.set(facts.id, { facts, directions, next })
    this.counters.connections = this.#connections.size
  }

  #data(record: RecordCursor, connection: Connection<Next>, size: number): void {
    const ingress = record.u8(RECORD.direction) === 0
    const own = ingress ? RECORD_DATA.before : RECORD_DATA.peer
    this.#catchUpBoth(record, connection, own, ingress ? RECORD_DATA.peer : RECORD_DATA.before)
    const operation = this.#operation
    operation.direction = ingress ? 0 : 1
    operation.syscall = record.u8(RECORD.syscall)
    operation.startNs = record.u64(RECORD_DATA.startNs)
    operation.endNs = record.u64(RECORD_DATA.endNs)
    operation.bytes = record.u32(RECORD_DATA.bytes)
    operation.count = 1
    const captured = Math.min(record.u32(RECORD_DATA.captured), size - RECORD_DATA_BYTES)
    if (this.#account(record, connection.directions[operation.direction as 0 | 1], operation))
      this.#hand(record, connection.next, operation, captured)
  }

  /** False when the totals of an overtaking record told of this call already. */
  #account(record: RecordCursor, direction: Direction, operation: Operation): boolean {
    if (record.u64(RECORD_DATA.before + TOTALS.bytes) < direction.bytes) {
      this.counters.lost--
      return false
    }
    direction.bytes += operation.bytes
    direction.calls = (direction.calls + 1) % U32
    direction.records = (direction.records + 1) % U32
    direction.lastEndNs = operation.endNs
    return true
  }

  #hand(record: RecordCursor, next: Next, operation: Operation, captured: number): void {
    const { direction, startNs, endNs, bytes } = operation
    this.#listener.operation(next, operation)
    if (captured > 0) {
      const begin = record.at + RECORD_DATA_BYTES
      this.#listener.bytes(next, direction, record.bytes, begin, begin + captured, operation)
    }
    if (bytes > captured) this.#listener.gap(next, direction, bytes - captured, startNs, endNs)
  }

  #close(record: RecordCursor, connection: Connection<Next>): void {
    this.#catchUpBoth(record, connection, RECORD_CLOSE.totals, RECORD_CLOSE.totals + TOTALS_BYTES)
    this.#connections.delete(connection.facts.id)
    this.counters.connections = this.#connections.size
    this.#listener.closed(connection.next, {
      startNs: record.u64(RECORD_CLOSE.startNs),
      endNs: record.u64(RECORD_CLOSE.endNs),
      success: record.i32(RECORD_CLOSE.result) === 0,
    })
  }

  /** What passed unseen, in the order in which it ended. */
  #catchUpBoth(record: RecordCursor, connection: Connection<Next>, ingress: number, egress: number): void {
    if (record.u64(ingress + TOTALS.lastEndNs) <= record.u64(egress + TOTALS.lastEndNs)) {
      this.#catchUp(record, connection, 0, ingress)
      this.#catchUp(record, connection, 1, egress)
    } else {
      this.#catchUp(record, connection, 1, egress)
      this.#catchUp(record, connection, 0, ingress)
    }
  }

  #catchUp(record: RecordCursor, connection: Connection<Next>, direction: 0 | 1, totals: number): void {
    const known = connection.directions[direction]
    const bytes = record.u64(totals + TOTALS.bytes)
    if (bytes <= known.bytes) return
    const calls = record.u32(totals + TOTALS.calls)
    const records = record.u32(totals + TOTALS.records)
    const endNs = record.u64(totals + TOTALS.lastEndNs)
    const startNs = Math.max(record.u64(totals + TOTALS.foldedStartNs), known.lastEndNs)
    const folded = bytes - known.bytes
    this.counters.lost += (records - known.records + U32) % U32
    const count = (calls - known.calls + U32) % U32
    Object.assign(known, { bytes, calls, records, lastEndNs: endNs })
    this.#handFolded(connection.next, { direction, syscall: 0, startNs, endNs, bytes: folded, count })
  }

  #handFolded(next: Next, operation: Operation): void {
    this.#listener.operation(next, operation)
    this.#listener.gap(next, operation.direction, operation.bytes, operation.startNs, operation.endNs)
  }
}
