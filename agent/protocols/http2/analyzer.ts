/**
 * HTTP/2 (RFC 9113): bytes and gaps of one connection in, exchanges out, one for each stream when it has ended.
 *
 * Header bytes are those of the header blocks as they are on the wire, compressed, of all HEADERS, CONTINUATION and
 * PUSH_PROMISE frames of a message: interim heads and trailers included. Body bytes are those of the DATA frames without
 * padding. Frame headers are framing and belong to neither.
 */
import {
  type Analyzer,
  type Exchange,
  type OnExchange,
  REQUEST,
  RESPONSE,
  type StreamName,
} from '../analyzer.ts'
import { Direction } from './direction.ts'
import { Streams } from './streams.ts'
import { Stream } from './stream.ts'

export interface Http2Options {
  /** Whose system calls are seen. Decides which of a call's two times its first byte gets. */
  side: 'server' | 'client'
  /** The connection is seen from its first byte on, so that no header field can be unknown. */
  isComplete: boolean
}

/** So many calls without a frame, from the first one on, are not HTTP/2. */
const STRAY_CALLS_MAX = 64

/** The request of an upgrade (RFC 7540 §3.2). */
const UPGRADED_STREAM = 1

export class Http2 implements Analyzer {
  readonly #isServer: boolean
  readonly #streams: Streams
  readonly #request: Direction
  readonly #response: Direction
  #strayCalls = 0
  #tunnel = false

  constructor(onExchange: OnExchange, { side, isComplete }: Http2Options) {
    this.#isServer = side === 'server'
    this.#streams = new Streams(onExchange, !this.#isServer)
    this.#request = new Direction(REQUEST, this.#streams, isComplete)
    this.#response = new Direction(RESPONSE, this.#streams, isComplete)
    this.#request.peer = this.#response
    this.#response.peer = this.#request
  }

  /** A connection of HTTP/1 that was upgraded by this exchange, whose request is over. */
  static upgraded(exchange: Exchange, onExchange: OnExchange, side: 'server' | 'client'): Http2 {
    const http2 = new Http2(onExchange, { side, isComplete: true })
    const stream = new Stream(exchange)
    stream.isRequested = stream.requestEnded = true
    http2.#streams.put(UPGRADED_STREAM, stream, exchange.endNs)
    return http2
  }

  get tunnel(): boolean {
    return this.#tunnel
  }

  get pending(): number {
    return this.#streams.length
  }

  bytes(
    stream: StreamName,
    chunk: Uint8Array,
    begin: number,
    end: number,
    startNs: number,
    endNs: number,
  ): void {
    const { frames } = this.#direction(stream)
    const isRead = this.#isRead(stream)
    if (!isRead) this.#streams.releaseReset(startNs)
    frames.bytes(chunk, begin, end, isRead ? endNs : startNs, endNs)
    if (frames.isLost) this.#countStray()
  }

  gap(stream: StreamName, lengthBytes: number, _startNs: number, endNs: number): void {
    if (lengthBytes > 0) this.#direction(stream).frames.gap(lengthBytes, endNs)
  }

  framed(
    stream: StreamName,
    chunk: Uint8Array,
    begin: number,
    end: number,
    omittedBytes: number,
    isAligned: boolean,
    startNs: number,
    endNs: number,
  ): boolean {
    const { frames } = this.#direction(stream)
    const isRead = this.#isRead(stream)
    if (!isRead) this.#streams.releaseReset(startNs)
    frames.framed(chunk, begin, end, omittedBytes, isAligned, isRead ? endNs : startNs, endNs)
    if (frames.isLost) this.#countStray()
    return true
  }

  close(timeNs: number, isOver = true): void {
    this.#streams.finish(timeNs, isOver)
  }

  #direction(stream: StreamName): Direction {
    return stream === REQUEST ? this.#request : this.#response
  }

  /** A read is entered long before its bytes come, and a write may return long after they left. */
  #isRead(stream: StreamName): boolean {
    return (stream === REQUEST) === this.#isServer
  }

  #countStray(): void {
    if (this.#streams.begun || ++this.#strayCalls < STRAY_CALLS_MAX) return
    this.#tunnel = true
  }
}
