/**
 * A model of what the kernel side tells of one connection (bpf/transfer.h): calls move bytes and move the totals on;
 * some get a record, some are folded into the totals, some records are lost. It knows the truth to compare with.
 */
import { DataFlag, RecordSyscall } from '../../../agent/connections/gen/event.ts'
import { NOTHING, type Totals, close, data, open, progress } from './records.ts'

/** What becomes of a call: a record that arrives, one that is lost on the way, or none. */
export type Fate = 'told' | 'lost' | 'folded'

/** Bytes that were not copied. */
export interface Passage {
  bytes: number
  /** Of them, chunk framing that the kernel walked over. */
  framing: number
  /** A chunked body ended with the last of them; or, where the walk was lost, somewhere in them. */
  ended: boolean
  /** The walk was lost in them. */
  lost: boolean
}

/** One call: bytes walked over, then captured ones, then the rest. A folded one has nothing but the first. */
export interface Call {
  direction: 0 | 1
  skipped: Passage
  captured: number
  rest: Passage
  fate: Fate
}

/** What happened in one direction. */
export interface Truth {
  calls: number
  bytes: number
  lostRecords: number
  /** What was not captured, by the place in the stream where it begins. */
  passages: Map<number, Passage>
}

interface Begun {
  call: Call
  record: Uint8Array
  endNs: number
}

const START_NS = 1_000_000

export class KernelConnection {
  readonly id: number
  readonly truth: readonly [Truth, Truth] = [untouched(), untouched()]
  /** Records in the order in which they reach the ring. */
  readonly records: Uint8Array[]
  readonly #totals: [Totals, Totals]
  readonly #begun: [Begun | undefined, Begun | undefined] = [undefined, undefined]
  #nowNs = START_NS

  constructor(id: number) {
    this.id = id
    this.records = [open({ connection: id, startNs: START_NS - 10, endNs: START_NS })]
    this.#totals = [{ ...NOTHING }, { ...NOTHING }]
  }

  /** One call that nothing comes in between of. */
  call(call: Call): void {
    this.begin(call)
    this.end(call.direction)
  }

  /** A thread is in its call: the record is made, the totals do not tell of it yet. Ends one that was under way. */
  begin(call: Call): void {
    const { direction, fate } = call
    this.end(direction)
    const startNs = (this.#nowNs += 100)
    const endNs = (this.#nowNs += 50)
    const record = this.#record(call, startNs, endNs)
    const totals = this.#totals[direction]
    totals.foldedStartNs = fate === 'folded' ? totals.foldedStartNs || startNs : 0
    if (fate !== 'folded') totals.records++
    this.#begun[direction] = { call, record, endNs }
  }

  /** The record reaches the ring, then the totals move on. Nothing when no call is under way. */
  end(direction: 0 | 1): void {
    const begun = this.#begun[direction]
    if (begun === undefined) return
    this.#begun[direction] = undefined
    const { call, record, endNs } = begun
    if (call.fate === 'told') this.records.push(record)
    const totals = this.#totals[direction]
    this.#remember(call, totals.bytes)
    totals.bytes += lengthOf(call)
    totals.calls++
    totals.lastEndNs = endNs
    for (const passage of [call.skipped, call.rest]) walkOn(totals, passage)
  }

  /** The helper tells of folded calls. */
  progress(): void {
    this.records.push(progress(this.id, this.#totals))
  }

  close(): void {
    this.end(0)
    this.end(1)
    this.records.push(close({ connection: this.id, totals: this.#totals, endNs: (this.#nowNs += 100) }))
  }

  #record(call: Call, startNs: number, endNs: number): Uint8Array {
    const { direction, skipped, captured, rest } = call
    const before = { ...this.#totals[direction] }
    const begin = before.bytes + skipped.bytes
    walkOn(before, skipped)
    return data({
      connection: this.id,
      direction,
      startNs,
      endNs,
      bytes: lengthOf(call),
      skipped: skipped.bytes,
      captured: content(direction, begin, begin + captured),
      walkedFraming: rest.framing,
      flags: rest.lost ? DataFlag.WALK_LOST : rest.ended ? DataFlag.WALK_ENDED : 0,
      syscall: direction === 0 ? RecordSyscall.RECVFROM : RecordSyscall.SENDTO,
      before,
      peer: this.#totals[direction === 0 ? 1 : 0],
    })
  }

  #remember(call: Call, begin: number): void {
    const truth = this.truth[call.direction]
    const { skipped, captured, rest, fate } = call
    truth.calls++
    truth.bytes += lengthOf(call)
    truth.passages.set(begin, skipped)
    if (fate !== 'lost') truth.passages.set(begin + skipped.bytes + captured, rest)
    else {
      truth.lostRecords++
      truth.passages.set(begin + skipped.bytes, { ...rest, bytes: captured + rest.bytes, lost: true })
    }
  }
}

/** A walk that was lost and did not end is counted; that one ended before it was lost the record does not tell. */
function walkOn(totals: Totals, { framing, ended, lost }: Passage): void {
  totals.framingBytes += framing
  totals.chunkedEnds += ended ? 1 : 0
  totals.walksLost += lost && !ended ? 1 : 0
}

export function lengthOf({ skipped, captured, rest }: Call): number {
  return skipped.bytes + captured + rest.bytes
}

/** What a direction's stream holds at a place: tells a byte that is handed over at the wrong one. */
export function content(direction: number, begin: number, end: number): Uint8Array {
  return Uint8Array.from({ length: end - begin }, (_, i) => (direction * 101 + (begin + i) * 7) % 251)
}

function untouched(): Truth {
  return { calls: 0, bytes: 0, lostRecords: 0, passages: new Map() }
}
