/** The protocols, in the order in which they are tried. Adding one is a line here. */
import { REQUEST, RESPONSE, type Analyzer, type OnExchange, type StreamName } from './analyzer.ts'
import { Http1, type Http1Options } from './http1/analyzer.ts'
import { looksLikeRequest, looksLikeResponse, type Verdict } from './http1/sniff.ts'

/** What a protocol needs to know about a connection. */
export type AnalyzerOptions = Http1Options

export interface Protocol {
  looksLikeRequest(chunk: Uint8Array, begin: number, end: number): Verdict
  looksLikeResponse(chunk: Uint8Array, begin: number, end: number): Verdict
  create(onExchange: OnExchange, options: AnalyzerOptions): Analyzer
}

const HTTP1: Protocol = {
  looksLikeRequest,
  looksLikeResponse,
  create: (onExchange, options) => new Http1(onExchange, options),
}

export const PROTOCOLS: readonly Protocol[] = [HTTP1]

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
    const request = protocol.looksLikeRequest(chunk, begin, end)
    const response = protocol.looksLikeResponse(chunk, begin, end)
    if (response === 'yes') return { stream: RESPONSE, create: protocol.create }
    if (request === 'yes') return { stream: REQUEST, create: protocol.create }
    if (request === 'partial' || response === 'partial') return { stream: undefined, create: protocol.create }
  }
  return undefined
}
