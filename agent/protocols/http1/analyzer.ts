/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112): bytes and gaps of one connection in, exchanges out. */
import {
  REQUEST,
  type Analyzer,
  type ChunkWalk,
  type Exchange,
  type OnExchange,
  type StreamName,
} from '../analyzer.ts'
import { Exchanges } from './exchanges.ts'
import { Requests } from './requests.ts'
import { Responses } from './responses.ts'
import { MessageStream } from './stream.ts'

export interface Http1Options {
  /** Heads are read up to this many bytes; what is longer is logged as far as it was read. 1 or more. */
  headBytesMax: number
  /** Whose system calls are seen. Decides which of a call's two times its first byte gets. */
  side: 'server' | 'client'
  /** Reads on when this exchange has upgraded the connection to HTTP/2; without it that is a tunnel like any other. */
  h2c?: (exchange: Exchange) => Analyzer
}

/** So many calls without anything like a message, from the first one on, are not HTTP. */
const STRAY_CALLS_MAX = 64

export class Http1 implements Analyzer {
  readonly #isServer: boolean
  readonly #exchanges: Exchanges
  readonly #request: MessageStream
  readonly #response: MessageStream
  readonly #responses: Responses
  readonly #h2c: ((exchange: Exchange) => Analyzer) | undefined
  /** Reads the connection now that it is upgraded. */
  #successor: Analyzer | undefined = undefined
  #strayCalls = 0
  #tunnel = false

  constructor(onExchange: OnExchange, options: Http1Options) {
    this.#isServer = options.side === 'server'
    this.#exchanges = new Exchanges(onExchange, !this.#isServer)
    const requests = new Requests(this.#exchanges)
    const responses = (this.#responses = new Responses(this.#exchanges))
    this.#h2c = options.h2c
    responses.canUpgrade = options.h2c !== undefined
    this.#request = new MessageStream(requests, options.headBytesMax)
    this.#response = new MessageStream(responses, options.headBytesMax)
    requests.responses = this.#response
    responses.requests = this.#request
  }

  get tunnel(): boolean {
    return this.#successor?.tunnel ?? this.#tunnel
  }

  get pending(): number {
    if (this.#successor !== undefined) return this.#successor.pending
    return this.#exchanges.length + (this.#request.inHead ? 1 : 0)
  }

  bytes(
    stream: StreamName,
    chunk: Uint8Array,
    begin: number,
    end: number,
    startNs: number,
    endNs: number,
  ): void {
    if (this.#response.closed) return this.#successor?.bytes(stream, chunk, begin, end, startNs, endNs)
    const messages = stream === REQUEST ? this.#request : this.#response
    const rest = messages.bytes(chunk, begin, end, this.#isRead(stream) ? endNs : startNs, endNs)
    if (this.#response.closed || this.#isStray(messages)) this.#becomeTunnel()
    if (rest < end) this.#successor?.bytes(stream, chunk, rest, end, startNs, endNs)
  }

  gap(stream: StreamName, lengthBytes: number, startNs: number, endNs: number, walk?: ChunkWalk): void {
    if (this.#response.closed) return this.#successor?.gap(stream, lengthBytes, startNs, endNs)
    if (lengthBytes <= 0) return
    const messages = stream === REQUEST ? this.#request : this.#response
    messages.gap(lengthBytes, this.#isRead(stream) ? endNs : startNs, endNs, walk)
    if (this.#response.closed) this.#becomeTunnel()
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
    const successor = this.#successor
    return successor?.framed?.(stream, chunk, begin, end, omittedBytes, isAligned, startNs, endNs) ?? false
  }

  close(timeNs: number, isOver = true): void {
    if (this.#response.closed) return this.#successor?.close(timeNs, isOver)
    this.#request.close(isOver)
    this.#response.close(isOver)
    this.#exchanges.finish(timeNs)
  }

  #becomeTunnel(): void {
    this.#tunnel = true
    this.#request.close(true)
    this.#response.close(true)
    const { upgraded } = this.#responses
    if (upgraded !== undefined) this.#successor = this.#h2c?.(upgraded)
  }

  /** A read is entered long before its bytes come, and a write may return long after they left. */
  #isRead(stream: StreamName): boolean {
    return (stream === REQUEST) === this.#isServer
  }

  #isStray({ inHead }: MessageStream): boolean {
    return !this.#exchanges.begun && !inHead && ++this.#strayCalls >= STRAY_CALLS_MAX
  }
}
