/** What passes on a connection, call by call, and the ways to cut it that must change nothing. */
import type { ChunkWalk, Exchange, StreamName } from '../../../agent/protocols/analyzer.ts'

export interface Bytes {
  stream: StreamName
  bytes: Uint8Array
}
export interface Gap {
  stream: StreamName
  gapBytes: number
  walk?: ChunkWalk
}
export type Call = Bytes | Gap | 'close'

/** A call with its times; the pieces of a cut call share them. */
export interface TimedCall {
  call: Call
  startNs: number
  endNs: number
}

/** What happened, in order: exchanges, and the marks `close` and `tunnel`. */
export type Event = Exchange | 'close' | 'tunnel'

/** Calls one after the other, each 100 ns long, the first at 1000. */
export function timed(calls: readonly Call[]): TimedCall[] {
  return calls.map((call, i) => ({ call, startNs: 1000 * (i + 1), endNs: 1000 * (i + 1) + 100 }))
}

const MARGIN = 16

/** The chunk is larger than the bytes, and is wiped after the call: it is valid no longer. */
export function withChunk(
  bytes: Uint8Array,
  play: (chunk: Uint8Array, begin: number, end: number) => void,
): void {
  const chunk = new Uint8Array(bytes.length + 2 * MARGIN).fill(0x41)
  chunk.set(bytes, MARGIN)
  play(chunk, MARGIN, MARGIN + bytes.length)
  chunk.fill(0x0a)
}

/** Every way to cut that a case is tried with: byte by byte, and each call in two at every place. */
export function* everyCut(calls: readonly TimedCall[]): Generator<[description: string, calls: TimedCall[]]> {
  yield ['byte by byte', calls.flatMap((timedCall) => cutBytes(timedCall))]
  for (const [index, timedCall] of calls.entries()) {
    if (isWalked(timedCall.call)) continue
    for (let at = 1; at < lengthOf(timedCall.call); at = nextCut(timedCall.call, at)) {
      yield [`call ${index + 1} at ${at}`, calls.toSpliced(index, 1, ...cutInTwo(timedCall, at))]
    }
  }
}

export function lengthOf(call: Call): number {
  if (call === 'close') return 0
  return 'gapBytes' in call ? call.gapBytes : call.bytes.length
}

/** What the kernel told of a gap holds for the whole of it. */
function isWalked(call: Call): boolean {
  return call !== 'close' && 'gapBytes' in call && call.walk !== undefined
}

/** Gaps look alike everywhere, so a few cuts will do. */
function nextCut(call: Call, at: number): number {
  return call !== 'close' && 'gapBytes' in call ? at * 7 : at + 1
}

export function cutInTwo(timedCall: TimedCall, at: number): [TimedCall, TimedCall] {
  const { call } = timedCall
  if (call === 'close') throw new Error('close has no length')
  const [head, tail] =
    'gapBytes' in call
      ? [
          { ...call, gapBytes: at },
          { ...call, gapBytes: call.gapBytes - at },
        ]
      : [
          { ...call, bytes: call.bytes.subarray(0, at) },
          { ...call, bytes: call.bytes.subarray(at) },
        ]
  return [
    { ...timedCall, call: head },
    { ...timedCall, call: tail },
  ]
}

function cutBytes(timedCall: TimedCall): TimedCall[] {
  const { call } = timedCall
  if (call === 'close' || 'gapBytes' in call) return [timedCall]
  return Array.from(call.bytes, (_, i) => ({
    ...timedCall,
    call: { ...call, bytes: call.bytes.subarray(i, i + 1) },
  }))
}
