/** One stream (RFC 9113 §5): an exchange while it is being written, and how far its two halves are. */
import type { Exchange, Unknown } from '../analyzer.ts'
import { markNoRequest, markNoResponse, markUnknown, newExchange, unmarkNoRequest } from '../exchange.ts'
import type { Head } from './head.ts'

export const VERSION = 'HTTP/2'

export class Stream {
  readonly exchange: Exchange
  /** Its request head was seen. */
  isRequested = false
  /** A final response head was seen; its status need not be known. */
  isAnswered = false
  requestEnded = false
  responseEnded = false
  /** When the peer has reset it; 0: it has not. */
  resetNs = 0
  /** Its exchange is the receiver's now, and may not be changed. */
  isLogged = false
  /** Frames that were lost may have been its own. */
  requestInDoubt = false
  responseInDoubt = false

  constructor(exchange: Exchange) {
    this.exchange = exchange
    exchange.version = VERSION
  }

  static begin(beganNs: number): Stream {
    return new Stream(newExchange(beganNs))
  }

  /** A response without its request, which is before us, lost, or still to be told. */
  static beginOrphan(beganNs: number): Stream {
    const stream = Stream.begin(beganNs)
    markNoRequest(stream.exchange)
    return stream
  }

  /** Frames that nobody has seen may have been of those halves that have not ended. */
  doubt(): void {
    this.requestInDoubt ||= !this.requestEnded
    this.responseInDoubt ||= !this.responseEnded
  }

  /** Of a request that is in doubt the end may have been lost: the response decides. */
  get isOver(): boolean {
    return this.responseEnded && (this.requestEnded || this.requestInDoubt)
  }

  /** @param isKnown false: of the head only its size is */
  request(head: Head, isKnown: boolean, headerBytes: number, beganNs: number, endNs: number): void {
    const { exchange } = this
    if (this.isAnswered) unmarkNoRequest(exchange)
    this.isRequested = true
    exchange.startNs = beganNs
    exchange.requestHeaderBytes += headerBytes
    if (endNs > exchange.endNs) exchange.endNs = endNs
    if (!isKnown) return markUnknown(exchange, 'request', 'request.headers')
    const { host, hasUnknown } = head
    exchange.method = head.method
    exchange.host = host
    exchange.path = head.path || (head.method === 'CONNECT' ? host : '')
    exchange.trace = head.trace
    if (exchange.method === '' || exchange.path === '') markUnknown(exchange, 'request')
    if (hasUnknown) markUnknown(exchange, 'request.headers')
  }

  /** An interim, a final head, or trailers: §8.1. */
  respond(head: Head, isKnown: boolean, headerBytes: number, ends: boolean): void {
    const { exchange } = this
    exchange.responseHeaderBytes += headerBytes
    const isInterim = isKnown && head.status > 0 && head.status < 200
    if (isInterim && !ends) return
    const isTrailers = this.isAnswered
    if (!isTrailers || exchange.status === 0) this.#answer(isKnown ? head.status : 0)
    this.isAnswered = true
    if (ends) this.#end(head, isKnown, isTrailers)
  }

  /**
   * The block that may hold the status of a call: trailers, or a head that is all there is (gRPC over HTTP/2,
   * "Responses"). Where none is seen in what could be one, a field that is not known may have been it.
   */
  #end({ grpcStatus, hasUnknown }: Head, isKnown: boolean, isTrailers: boolean): void {
    const { exchange } = this
    if (isKnown && grpcStatus !== undefined) exchange.grpcStatus = grpcStatus
    else if (isKnown && !hasUnknown) return
    else if (isTrailers || isTrailersOnly(exchange)) markUnknown(exchange, 'response.headers')
  }

  /** The status may be that of a later block when that of the first one is not known: then it was an interim. */
  #answer(status: number): void {
    const { exchange } = this
    if (status > 0) {
      exchange.status = status
      exchange.incomplete = exchange.incomplete.filter((item) => item !== 'response')
    } else markUnknown(exchange, 'response')
  }

  /** No frame follows. What is missing is marked. */
  finish(): Exchange {
    const { exchange } = this
    if (!this.isAnswered) markNoResponse(exchange)
    const unknown: Unknown[] = []
    if (this.requestInDoubt) unknown.push('request.headers', 'request.bodyBytes')
    if (this.responseInDoubt) unknown.push('response.headers', 'response.bodyBytes')
    if (unknown.length > 0) markUnknown(exchange, ...unknown)
    return exchange
  }
}

/** Calls are POST, and answered with 200 even when they fail. Of other answers without a body no field is missed. */
function isTrailersOnly({ method, status }: Exchange): boolean {
  return method === 'POST' && (status === 200 || status === 0)
}
