/** Plays calls into an analyzer, whole, cut, or framed as the kernel frames them, and tells what it logged. */
import type { Exchange } from '../../../../agent/protocols/analyzer.ts'
import { Http2, type Http2Options } from '../../../../agent/protocols/http2/analyzer.ts'
import type { Call } from './cases.ts'
import { KernelFrames } from './kernel-frames.ts'

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

export type Event = Exchange | 'close' | 'tunnel'

const MARGIN = 16

export function replay(calls: readonly TimedCall[], options: Http2Options, isFramed = false): Event[] {
  const events: Event[] = []
  const analyzer = new Http2((exchange) => events.push(exchange), options)
  const kernel = [new KernelFrames(options.isComplete), new KernelFrames(options.isComplete)] as const
  for (const { call, startNs, endNs } of calls) {
    if (call === 'close') {
      events.push('close')
      analyzer.close(endNs)
    } else if ('gapBytes' in call) {
      kernel[call.stream].pass(call.gapBytes)
      analyzer.gap(call.stream, call.gapBytes, startNs, endNs)
    } else if (isFramed) {
      const { skipped, captured, isAligned } = kernel[call.stream].walk(call.bytes)
      const omitted = call.bytes.length - skipped - captured.length
      if (skipped > 0) analyzer.gap(call.stream, skipped, startNs, endNs)
      if (omitted + captured.length > 0)
        withChunk(captured, (chunk, begin, end) =>
          analyzer.framed(call.stream, chunk, begin, end, omitted, isAligned, startNs, endNs),
        )
    } else {
      withChunk(call.bytes, (chunk, begin, end) =>
        analyzer.bytes(call.stream, chunk, begin, end, startNs, endNs),
      )
    }
  }
  if (analyzer.tunnel) events.push('tunnel')
  return events
}

/** The chunk is larger than the bytes, and is wiped after the call: it is valid no longer. */
function withChunk(bytes: Uint8Array, play: (chunk: Uint8Array, begin: number, end: number) => void): void {
  const chunk = new Uint8Array(bytes.length + 2 * MARGIN).fill(0x41)
  chunk.set(bytes, MARGIN)
  play(chunk, MARGIN, MARGIN + bytes.length)
  chunk.fill(0x0a)
}

/** Every way to cut that a case is tried with: byte by byte, and each call in two at every place. */
export function* everyCut(calls: readonly TimedCall[]): Generator<[description: string, calls: TimedCall[]]> {
  yield ['byte by byte', calls.flatMap((timedCall) => cutBytes(timedCall))]
  for (const [index, timedCall] of calls.entries()) {
    for (let at = 1; at < lengthOf(timedCall.call); at += 1 + (at >> 8)) {
      yield [`call ${index + 1} at ${at}`, calls.toSpliced(index, 1, ...cutInTwo(timedCall, at))]
    }
  }
}

function lengthOf(call: Call): number {
  if (call === 'close') return 0
  return 'gapBytes' in call ? call.gapBytes : call.bytes.length
}

function cutInTwo({ call, ...times }: TimedCall, at: number): TimedCall[] {
  if (call === 'close') throw new Error('close has no length')
  const pieces: Call[] =
    'gapBytes' in call
      ? [
          { ...call, gapBytes: at },
          { ...call, gapBytes: call.gapBytes - at },
        ]
      : [
          { ...call, bytes: call.bytes.subarray(0, at) },
          { ...call, bytes: call.bytes.subarray(at) },
        ]
  return pieces.map((piece) => ({ ...times, call: piece }))
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
  if (event.version !== 'HTTP/2') parts.push(`version=${event.version}`)
  if (trace !== undefined)
    parts.push(`trace=${trace.provider}:${trace.traceId}:${trace.segmentId}:${trace.spanId}`)
  if (event.incomplete.length > 0) parts.push(`incomplete=${event.incomplete.join()}`)
  return parts.join(' ')
}
