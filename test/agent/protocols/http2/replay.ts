/** Plays calls into an analyzer, whole, cut, or framed as the kernel frames them. */
import { Http2, type Http2Options } from '../../../../agent/protocols/http2/analyzer.ts'
import { type Bytes, type Event, type TimedCall, withChunk } from '../calls.ts'
import { KernelFrames } from './kernel-frames.ts'

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
      playFramed(analyzer, kernel[call.stream], call, startNs, endNs)
    } else {
      withChunk(call.bytes, (chunk, begin, end) =>
        analyzer.bytes(call.stream, chunk, begin, end, startNs, endNs),
      )
    }
  }
  if (analyzer.tunnel) events.push('tunnel')
  return events
}

function playFramed(
  analyzer: Http2,
  kernel: KernelFrames,
  { stream, bytes }: Bytes,
  startNs: number,
  endNs: number,
): void {
  const { skipped, captured, isAligned } = kernel.walk(bytes)
  const omitted = bytes.length - skipped - captured.length
  if (skipped > 0) analyzer.gap(stream, skipped, startNs, endNs)
  if (omitted + captured.length > 0)
    withChunk(captured, (chunk, begin, end) =>
      analyzer.framed(stream, chunk, begin, end, omitted, isAligned, startNs, endNs),
    )
}
