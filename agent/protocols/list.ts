/** The protocols, in the order in which they are tried. Adding one is a line here. */
import {
  REQUEST,
  RESPONSE,
  type Analyzer,
  type Exchange,
  type OnExchange,
  type StreamName,
  type Verdict,
} from './analyzer.ts'
import { Http1 } from './http1/analyzer.ts'
import { looksLikeRequest, looksLikeResponse } from './http1/sniff.ts'
import { Http2 } from './http2/analyzer.ts'
import { findMessage, looksLikeBeginning, looksLikePreface } from './http2/sniff.ts'

/** What a protocol needs to know about a connection. */
export interface AnalyzerOptions {
  /** Heads are read up to this many bytes; what is longer is logged as far as it was read. 1 or more. */
  headBytesMax: number
  /** Whose system calls are seen. */
  side: 'server' | 'client'
  /** The connection is seen from its first byte on. */
  isComplete: boolean
}

export interface Protocol {
  looksLikeRequest(chunk: Uint8Array, begin: number, end: number): Verdict
  looksLikeResponse(chunk: Uint8Array, begin: number, end: number): Verdict
  /** Could it be either? The captured bytes of a call may begin with frames of a connection that both sides use. */
  looksLikeEither?(chunk: Uint8Array, begin: number, end: number): boolean
  create(onExchange: OnExchange, options: AnalyzerOptions): Analyzer
}

const HTTP2: Protocol = {
  looksLikeRequest: (chunk, begin, end) =>
    looksLikeBeginning(chunk, begin, end) && findMessage(chunk, begin, end) === 'request'
      ? 'yes'
      : looksLikePreface(chunk, begin, end),
  looksLikeResponse: (chunk, begin, end) =>
    looksLikeBeginning(chunk, begin, end) && findMessage(chunk, begin, end) === 'response' ? 'yes' : 'no',
  looksLikeEither: looksLikeBeginning,
  create: (onExchange, options) => new Http2(onExchange, options),
}

const HTTP1: Protocol = {
  looksLikeRequest,
  looksLikeResponse,
  create: (onExchange, { headBytesMax, side }) => {
    const h2c = (exchange: Exchange) => Http2.upgraded(exchange, onExchange, side)
    return new Http1(onExchange, { headBytesMax, side, h2c })
  },
}

export const PROTOCOLS: readonly Protocol[] = [HTTP2, HTTP1]

export interface Detection {
  /** What the bytes carry; undefined when there are too few of them to tell. */
  stream: StreamName | undefined
  create: Protocol['create']
}

/**
 * Which protocol do the first bytes of a connection, `chunk[begin, end)` of one call, belong to?
 * @returns undefined when none is possible
 */
export function detect(chunk: Uint8Array, begin: number, end: number): Detection | undefined {
  for (const protocol of PROTOCOLS) {
    const { create } = protocol
    const request = protocol.looksLikeRequest(chunk, begin, end)
    const response = protocol.looksLikeResponse(chunk, begin, end)
    if (response === 'yes') return { stream: RESPONSE, create }
    if (request === 'yes') return { stream: REQUEST, create }
    if (request === 'partial' || response === 'partial') return { stream: undefined, create }
    if (protocol.looksLikeEither?.(chunk, begin, end)) return { stream: undefined, create }
  }
  return undefined
}

/** The same for a call of which the kernel says that it is frames of HTTP/2, the last of which may have no payload. */
export function detectFramed(chunk: Uint8Array, begin: number, end: number): Detection {
  const message = findMessage(chunk, begin, end)
  const isRequest = message === 'request' || looksLikePreface(chunk, begin, end) === 'yes'
  const stream = isRequest ? REQUEST : message === 'response' ? RESPONSE : undefined
  return { stream, create: HTTP2.create }
}
