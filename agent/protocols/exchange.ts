/** Exchanges while they are being written. */
import type { Exchange, Unknown } from './analyzer.ts'

const NOTHING: readonly Unknown[] = []
const NO_REQUEST: readonly Unknown[] = ['request', 'request.headers', 'request.bodyBytes']
const NO_RESPONSE: readonly Unknown[] = ['response', 'response.headers', 'response.bodyBytes']

/** The order in which `incomplete` lists what is unknown. */
const ORDER: readonly Unknown[] = [...NO_REQUEST, ...NO_RESPONSE]

/** An exchange of which nothing is known but when it began. All fields exist from the start: one shape for the engine. */
export function newExchange(startNs: number): Exchange {
  return {
    startNs,
    endNs: startNs,
    method: '',
    path: '',
    host: '',
    version: '',
    requestHeaderBytes: 0,
    requestBodyBytes: 0,
    status: 0,
    grpcStatus: undefined,
    responseHeaderBytes: 0,
    responseBodyBytes: 0,
    trace: undefined,
    incomplete: NOTHING,
  }
}

/** Its request was never seen. A known request has a method, however odd. */
export function isOrphan(exchange: Exchange): boolean {
  return exchange.method === ''
}

export function markUnknown(exchange: Exchange, ...unknown: readonly Unknown[]): void {
  const { incomplete } = exchange
  exchange.incomplete = ORDER.filter((item) => unknown.includes(item) || incomplete.includes(item))
}

export function markNoRequest(exchange: Exchange): void {
  markUnknown(exchange, ...NO_REQUEST)
}

export function markNoResponse(exchange: Exchange): void {
  markUnknown(exchange, ...NO_RESPONSE)
}

/** Takes `markNoRequest` back: the request has come after its response. */
export function unmarkNoRequest(exchange: Exchange): void {
  exchange.incomplete = exchange.incomplete.filter((item) => !NO_REQUEST.includes(item))
}
