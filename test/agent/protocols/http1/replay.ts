/** Plays calls into an analyzer, whole or cut, and tells what it logged. */
import type { Exchange } from '../../../../agent/protocols/analyzer.ts'
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'
import type { Call } from './cases.ts'

export interface ReplayOptions {
  side: 'server' | 'client'
  headBytesMax: number
}

/** A call with its times; the pieces of a cut call share them. */
export interface TimedCall {
  call: Call
  startNs: number
  endNs: number
}

/** Calls one after the other, each 100 ns long, the first at 1000. */
export function timed(calls: readonly Call[]): TimedCall[] {
  return calls.map((call, i) => ({ call, startNs: 1000 * (i + 1), endNs: 1000 * (i + 1) + 100 }))
}

/** What happened, in order: exchanges, and the marks `close` and `tunnel`. */
export type Event = Exchange | 'close' | 'tunnel'

export function replay(calls: readonly TimedCall[], options: ReplayOptions): Event[] {
  const events: Event[] = []
  const analyzer = new Http1((exchange) => events.push(exchange), options)
  for (const { call, startNs, endNs } of calls) {
    if (call === 'close') {
      events.push('close')
      analyzer.close(endNs)
    } else if ('gapBytes' in call) {
      analyzer.gap(call.stream, call.gapBytes, startNs, endNs, call.walk)
    } else {
      playBytes(analyzer, call.stream, call.bytes, startNs, endNs)
    }
  }
  if (analyzer.tunnel) events.push('tunnel')
  return events
}

/** The chunk is larger than the bytes, and is wiped after the call: it is valid no longer. */
function playBytes(analyzer: Http1, stream: 0 | 1, bytes: Uint8Array, startNs: number, endNs: number): void {
  const MARGIN = 16
  const chunk = new Uint8Array(bytes.length + 2 * MARGIN).fill(0x41)
  chunk.set(bytes, MARGIN)
  analyzer.bytes(stream, chunk, MARGIN, MARGIN + bytes.length, startNs, endNs)
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

/** One line, as in the log block of a case. */
export function describe(event: Event): string {
  if (typeof event === 'string') return event
  const { requestHeaderBytes, requestBodyBytes, responseHeaderBytes, responseBodyBytes, trace } = event
  const parts = [
    event.method || '-',
    event.path || '-',
    event.status,
    `request=${requestHeaderBytes}+${requestBodyBytes}`,
    `response=${responseHeaderBytes}+${responseBodyBytes}`,
  ]
  if (event.host !== '') parts.push(`host=${event.host}`)
  if (event.version !== 'HTTP/1.1') parts.push(`version=${event.version || '-'}`)
  if (trace !== undefined) {
    parts.push(`trace=${trace.provider}:${trace.traceId}:${trace.segmentId}:${trace.spanId}`)
  }
  if (event.incomplete.length > 0) parts.push(`incomplete=${event.incomplete.join()}`)
  return parts.join(' ')
}
