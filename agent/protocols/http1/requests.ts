/** What the request stream says about exchanges. */
import type { Verdict } from '../analyzer.ts'
import type { Body } from './body.ts'
import { markUnknown } from '../exchange.ts'
import type { Exchanges } from './exchanges.ts'
import { NO_HEAD, requestFraming, type Framing } from './framing.ts'
import { RequestHead } from './request-head.ts'
import { isUnmistakableRequest, looksLikeRequest } from './sniff.ts'
import type { MessageStream, Receiver } from './stream.ts'

/** The head parsed last, of whichever connection: it is read in the same call. */
const parsed = new RequestHead()

export class Requests implements Receiver {
  readonly #exchanges: Exchanges
  /** The other direction; set before the first byte. */
  responses!: MessageStream
  /** The request at hand may be refused before its body is sent. */
  #expectsContinue = false

  constructor(exchanges: Exchanges) {
    this.#exchanges = exchanges
  }

  looksLike(chunk: Uint8Array, begin: number, end: number): Verdict {
    return looksLikeRequest(chunk, begin, end)
  }

  isUnmistakable(chunk: Uint8Array, begin: number, end: number): boolean {
    return isUnmistakableRequest(chunk, begin, end)
  }

  parse(chunk: Uint8Array, begin: number, end: number): number {
    return parsed.parse(chunk, begin, end)
  }

  head(headBytes: number, whole: boolean, beganNs: number, endNs: number): Framing {
    if (parsed.method === '') return NO_HEAD
    this.#concludeResponses()
    const exchange = this.#exchanges.beginRequest(beganNs)
    exchange.method = parsed.method
    exchange.path = parsed.target.path
    exchange.host = parsed.host
    if (parsed.version !== '') exchange.version = parsed.version
    exchange.trace = parsed.trace
    exchange.requestHeaderBytes = headBytes
    if (endNs > exchange.endNs) exchange.endNs = endNs
    if (!whole) markUnknown(exchange, 'request.headers')
    if (!parsed.target.whole) markUnknown(exchange, 'request')
    // Its response is here already, and was read without knowing the method.
    if (exchange.status > 0 && exchange.method === 'HEAD') this.responses.dropBody()
    this.#expectsContinue = parsed.expectsContinue
    return requestFraming(parsed.framing)
  }

  end(bodyBytes: number, exact: boolean, endNs: number): void {
    const exchange = this.#exchanges.asking
    exchange.requestBodyBytes = bodyBytes
    if (endNs > exchange.endNs) exchange.endNs = endNs
    if (!exact) markUnknown(exchange, 'request.bodyBytes')
    this.#exchanges.endRequest()
  }

  lost(beganNs: number): void {
    this.#exchanges.loseRequest(beganNs)
  }

  /** Refused by a final response, the client goes on with another request (RFC 9110 §10.1.1). */
  doubts(body: Body): boolean {
    return body.walked || (this.#expectsContinue && body.bytes === 0 && this.#exchanges.isAnsweredEarly)
  }

  /** Clients that do not pipeline send a request when the response before is over. */
  #concludeResponses(): void {
    this.responses.endLost()
    if (this.responses.isIdle) this.#exchanges.settleDoubt()
  }
}
