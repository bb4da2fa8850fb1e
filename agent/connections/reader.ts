/**
 * Batches of records in, the life of connections out.
 *
 * Records carry running totals, so nothing that happened can stay unsaid: what the totals have moved on by and no
 * record told was folded in the kernel (bodies, unknown protocols) or lost on the way. Either way its calls and
 * bytes are handed on, as one folded operation and one gap.
 */
import type { Connection, ConnectionFacts, Direction, Role } from './connection.ts'
import { followed } from './connection.ts'
import {
  DataFlag,
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
import { type Passed, takePassed, walkOf } from './passed.ts'
import { RecordCursor } from './record.ts'
import type { ChunkWalk } from './walk.ts'

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

/** A call on a connection that speaks HTTP/2, of which payloads are left out. The object is reused, as Operation. */
export interface FramedCall extends Operation {
  /** Bytes left out after the first captured one. */
  omittedBytes: number
  /** A frame begins with the first captured byte. */
  isAligned: boolean
}

/**
 * The next stage. Bytes and gaps are those of the plaintext once the connection is `secured`, and without plaintext there
 * are none. For one call: `operation` first, then its `bytes`, then the `gap` of what was not captured.
 */
export interface ConnectionListener<Next> {
  /** Returns what this stage keeps with the connection. Followed by `closed` at once when the connect failed. */
  opened(facts: ConnectionFacts, role: Role): Next
  /** From here on its bytes are TLS records. Before that it may have spoken something else. */
  secured(next: Next): void
  /** The operation object is reused: copy what is kept. */
  operation(next: Next, operation: Operation): void
  /** Captured bytes `chunk[begin, end)` of the current batch; valid during the call. */
  bytes(next: Next, direction: number, chunk: Uint8Array, begin: number, end: number, call: Operation): void
  /** The same of a call without the payloads of its DATA frames; instead of `bytes` and of the `gap` after it. */
  framed(next: Next, direction: number, chunk: Uint8Array, begin: number, end: number, call: FramedCall): void
  /** Bytes that passed without being captured. */
  gap(
    next: Next,
    direction: number,
    lengthBytes: number,
    startNs: number,
    endNs: number,
    walk: ChunkWalk | undefined,
  ): void
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
const U16 = 0x1_0000

export class ConnectionReader<Next> {
  readonly counters: ReaderCounters = { records: 0, malformed: 0, lost: 0, connections: 0 }
  readonly #connections = new Map<number, Connection<Next>>()
  readonly #listener: ConnectionListener<Next>
  readonly #operation: FramedCall = {
    direction: 0,
    syscall: 0,
    startNs: 0,
    endNs: 0,
    bytes: 0,
    count: 1,
    omittedBytes: 0,
    isAligned: false,
  }

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
    else if (kind === RecordKind.DATA && isWholeData(record, size)) this.#dataOf(record, connection)
    else if (kind === RecordKind.CLOSE && size === RECORD_CLOSE_BYTES) this.#close(record, connection)
    else if (kind === RecordKind.PROGRESS && size === RECORD_PROGRESS_BYTES)
      this.#catchUpBoth(record, connection, RECORD_PROGRESS.totals, RECORD_PROGRESS.totals + TOTALS_BYTES)
    else this.counters.malformed++
  }

  #open(record: RecordCursor): void {
    const facts = readOpen(record)
    const next = this.#listener.opened(facts, facts.role)
    if (!facts.success) return this.#listener.closed(next, undefined)
    this.#connections.set(facts.id, followed(facts, next, false))
    this.counters.connections = this.#connections.size
  }

  #dataOf(record: RecordCursor, connection: Connection<Next>): void {
    const flags = record.u8(RECORD.flags)
    if (flags & DataFlag.TLS && !connection.isSecured) this.#secure(connection)
    if (!(flags & DataFlag.PLAINTEXT)) return this.#data(record, connection)
    connection.plaintext ??= followed(connection.facts, connection.next, true)
    this.#data(record, connection.plaintext)
  }

  #secure(connection: Connection<Next>): void {
    connection.isSecured = true
    this.#listener.secured(connection.next)
  }

  #data(record: RecordCursor, connection: Connection<Next>): void {
    const operation = this.#readOperation(record)
    const direction = operation.direction as 0 | 1
    const own = RECORD_DATA.before
    if (record.u64(own + TOTALS.bytes) < connection.directions[direction].bytes) {
      this.counters.lost-- // an overtaking record told of this call already
      return
    }
    const peerFirst = record.u64(RECORD_DATA.peer + TOTALS.lastEndNs) <= record.u64(own + TOTALS.lastEndNs)
    if (peerFirst) this.#catchUp(record, connection, (1 - direction) as 0 | 1, RECORD_DATA.peer)
    const isWalkLost = this.#catchUpOwn(record, connection, operation)
    if (!peerFirst) this.#catchUp(record, connection, (1 - direction) as 0 | 1, RECORD_DATA.peer)
    const skipped = record.u32(RECORD_DATA.skipped)
    if (skipped === 0) this.#tell(connection, operation)
    this.#account(record, connection.directions[direction], operation)
    if (!connection.isSecured) this.#handOver(record, connection.next, operation, skipped, isWalkLost)
  }

  /** The calls of a TLS library are no calls of the connection. */
  #tell({ isPlaintext, next }: Connection<Next>, operation: Operation): void {
    if (!isPlaintext) this.#listener.operation(next, operation)
  }

  #readOperation(record: RecordCursor): FramedCall {
    const operation = this.#operation
    operation.direction = record.u8(RECORD.direction) === 0 ? 0 : 1
    operation.syscall = record.u8(RECORD.syscall)
    operation.startNs = record.u64(RECORD_DATA.startNs)
    operation.endNs = record.u64(RECORD_DATA.endNs)
    operation.bytes = record.u32(RECORD_DATA.bytes)
    return operation
  }

  #account(record: RecordCursor, direction: Direction, { bytes, endNs }: Operation): void {
    direction.bytes += bytes
    direction.calls = (direction.calls + 1) % U32
    direction.records = (direction.records + 1) % U32
    direction.lastEndNs = endNs
    const flags = record.u8(RECORD.flags)
    const walkedFraming = record.u32(RECORD_DATA.walkedFraming)
    if (walkedFraming > 0) direction.framingBytes = (direction.framingBytes + walkedFraming) % U32
    if (flags & DataFlag.WALK_ENDED) direction.chunkedEnds = (direction.chunkedEnds + 1) % U16
    if (flags & DataFlag.WALK_LOST) direction.walkUnsure = true
  }

  /** Captured bytes, then the gap of those after them. */
  #handOver(
    record: RecordCursor,
    next: Next,
    operation: FramedCall,
    skipped: number,
    isWalkLost: boolean,
  ): void {
    const { direction, startNs, endNs, bytes } = operation
    const captured = record.u32(RECORD_DATA.captured)
    // Of a call in the middle of a body nothing is captured: it has been a gap, where its frame may have ended.
    if (captured > 0 && record.u8(RECORD.flags) & DataFlag.FRAMES)
      return this.#handOverFrames(record, next, operation, skipped, captured)
    if (captured > 0) {
      const begin = record.at + RECORD_DATA_BYTES
      this.#listener.bytes(next, direction, record.bytes, begin, begin + captured, operation)
    }
    const trailing = bytes - skipped - captured
    if (trailing === 0) return
    const flags = record.u8(RECORD.flags)
    const ended = (flags & DataFlag.WALK_ENDED) !== 0
    const lost = isWalkLost || (flags & DataFlag.WALK_LOST) !== 0
    const walk = walkOf(record.u32(RECORD_DATA.walkedFraming), ended, lost)
    this.#listener.gap(next, direction, trailing, startNs, endNs, walk)
  }

  #handOverFrames(
    record: RecordCursor,
    next: Next,
    call: FramedCall,
    skipped: number,
    captured: number,
  ): void {
    const begin = record.at + RECORD_DATA_BYTES
    call.omittedBytes = call.bytes - skipped - captured
    call.isAligned = (record.u8(RECORD.flags) & DataFlag.ALIGNED) !== 0
    this.#listener.framed(next, call.direction, record.bytes, begin, begin + captured, call)
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

  /** Hands on what passed without a record, as one folded operation and one gap. */
  #catchUp(record: RecordCursor, connection: Connection<Next>, direction: 0 | 1, totals: number): void {
    const passed = takePassed(connection.directions[direction], record, totals, false)
    if (passed === undefined) return
    this.#passOperation(connection, direction, passed)
    const { bytes, startNs, endNs, walk } = passed
    if (bytes > 0) this.#pass(connection, direction, bytes, startNs, endNs, walk)
  }

  /**
   * The same before the record's own call, whose first bytes, if they were walked over, belong to the same gap: then
   * the operation of the call goes before it.
   * @returns the walk was lost, and there was no gap to say so
   */
  #catchUpOwn(record: RecordCursor, connection: Connection<Next>, operation: Operation): boolean {
    const direction = operation.direction as 0 | 1
    const passed = takePassed(connection.directions[direction], record, RECORD_DATA.before, true)
    if (passed !== undefined) this.#passOperation(connection, direction, passed)
    const skipped = record.u32(RECORD_DATA.skipped)
    if (skipped > 0) this.#tell(connection, operation)
    const lengthBytes = (passed?.bytes ?? 0) + skipped
    if (lengthBytes === 0) return passed?.walk?.lost ?? false
    const startNs = passed !== undefined && passed.calls > 0 ? passed.startNs : operation.startNs
    const endNs = skipped > 0 || passed === undefined ? operation.endNs : passed.endNs
    this.#pass(connection, direction, lengthBytes, startNs, endNs, passed?.walk)
    return false
  }

  #pass(
    { isSecured, next }: Connection<Next>,
    direction: 0 | 1,
    bytes: number,
    startNs: number,
    endNs: number,
    walk: ChunkWalk | undefined,
  ): void {
    if (!isSecured) this.#listener.gap(next, direction, bytes, startNs, endNs, walk)
  }

  #passOperation(connection: Connection<Next>, direction: 0 | 1, passed: Passed): void {
    const { calls, records, startNs, endNs, bytes } = passed
    this.counters.lost += records
    if (calls === 0) return
    this.#tell(connection, { direction, syscall: 0, startNs, endNs, bytes, count: calls })
  }
}

/** Its sizes agree: what was captured is all there, and the call moved no less than its record tells of. */
function isWholeData(record: RecordCursor, size: number): boolean {
  if (size < RECORD_DATA_BYTES) return false
  const captured = record.u32(RECORD_DATA.captured)
  return (
    size === RECORD_DATA_BYTES + captured &&
    record.u32(RECORD_DATA.bytes) >= captured + record.u32(RECORD_DATA.skipped)
  )
}
