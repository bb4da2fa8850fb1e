/** Plays calls into an analyzer, whole or cut. */
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'
import { type Event, type TimedCall, withChunk } from '../calls.ts'

export interface ReplayOptions {
  side: 'server' | 'client'
  headBytesMax: number
}

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
      withChunk(call.bytes, (chunk, begin, end) =>
        analyzer.bytes(call.stream, chunk, begin, end, startNs, endNs),
      )
    }
  }
  if (analyzer.tunnel) events.push('tunnel')
  return events
}
