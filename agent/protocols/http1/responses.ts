/** What the response stream says about exchanges. */
import type { Exchange, Verdict } from '../analyzer.ts'
import type { Body } from './body.ts'
import { isOrphan, markUnknown } from '../exchange.ts'
import type { Exchanges } from './exchanges.ts'
import { INTERIM, NO_HEAD, responseFraming, TUNNEL, type Framing } from './framing.ts'
import { ResponseHead } from './response-head.ts'
import { looksLikeResponse } from './sniff.ts'
import type { MessageStream, Receiver } from './stream.ts'

/** The head parsed last, of whichever connection: it is read in the same call. */
const parsed = new ResponseHead()

export class Responses implements Receiver {
  readonly #exchanges: Exchanges
  /** The other direction; set before the first byte. */
  requests!: MessageStream
  /** Somebody reads on when the connection becomes HTTP/2. */
  canUpgrade = false
  /** The exchange that made the connection HTTP/2: its answer is still to come. */
  upgraded: Exchange | undefined = undefined

  constructor(exchanges: Exchanges) {
    this.#exchanges = exchanges
  }

  looksLike(chunk: Uint8Array, begin: number, end: number): Verdict {
    return looksLikeResponse(chunk, begin, end)
  }

  isUnmistakable(chunk: Uint8Array, begin: number, end: number): boolean {
    return looksLikeResponse(chunk, begin, end) === 'yes'
  }

  parse(chunk: Uint8Array, begin: number, end: number): number {
    return parsed.parse(chunk, begin, end)
  }

  head(headBytes: number, whole: boolean, beganNs: number, endNs: number): Framing {
    const { status } = parsed
    if (status === 0) return NO_HEAD
    if (this.#exchanges.unanswered === 0) this.#concludeRequest()
    const exchange = this.#exchanges.beginResponse(beganNs)
    exchange.responseHeaderBytes += headBytes
    if (endNs > exchange.endNs) exchange.endNs = endNs
    if (exchange.version === '') exchange.version = parsed.version
    if (!whole || this.#exchanges.headersLost) markUnknown(exchange, 'response.headers')
    const framing = responseFraming(parsed.framing, exchange.method, status)
    if (framing !== INTERIM) exchange.status = status
    if (framing === TUNNEL) this.#openTunnel(endNs)
    return framing
  }

  end(bodyBytes: number, exact: boolean, endNs: number): void {
    const exchange = this.#exchanges.answering
    exchange.responseBodyBytes = bodyBytes
    if (endNs > exchange.endNs) exchange.endNs = endNs
    if (!exact) {
      markUnknown(exchange, 'response.bodyBytes')
      this.#exchanges.loseResponseEnd()
    }
    const { isTogether } = this.#exchanges
    this.#exchanges.endResponse()
    if (isTogether) this.requests.endLost()
  }

  lost(_beganNs: number, endNs: number): void {
    this.#exchanges.loseResponse(endNs)
  }

  /** Without its request, a head does not say whether a body follows; with others waiting, it may have to end. */
  doubts(body: Body): boolean {
    return (
      body.walked ||
      isOrphan(this.#exchanges.answering) ||
      (body.untilClose && this.#exchanges.unanswered > 1)
    )
  }

  /** A response to nothing known: to the head being sent (408, 431), or the request before it will not go on. */
  #concludeRequest(): void {
    this.requests.cutHead()
    if (this.#exchanges.unanswered > 0) return
    this.requests.cutBody()
    this.requests.endLost()
  }

  #openTunnel(endNs: number): void {
    if (this.canUpgrade && parsed.upgradesToHttp2 && parsed.status === 101)
      this.upgraded = this.#exchanges.takeAnswering()
    this.#exchanges.endResponse()
    this.requests.close(true)
    this.#exchanges.finish(endNs)
  }
}
