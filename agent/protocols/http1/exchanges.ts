/** Requests and responses of one connection, paired in order (RFC 9112 §9.3.2). */
import type { Exchange, OnExchange } from '../analyzer.ts'
import { isOrphan, markNoRequest, markNoResponse, newExchange, unmarkNoRequest } from '../exchange.ts'

/** Pipelined requests that wait for their response. One more, and the oldest is logged without it. */
export const OUTSTANDING_MAX = 1024

/** Takes what is said about responses whose exchanges are logged already. Never read. */
const GIVEN_UP = newExchange(0)

/* Requests and responses go through one queue, each with a cursor: how many at the left end they are done with.
 *
 *   answered = 0   asked = 3
 *      v              v
 *    [ 1 ] [ 2 ] [ 3 ] [ 4 ]        1 is being answered, 2 and 3 wait, 4 is still being sent
 *
 * An exchange leaves at the left when both are done with it, so one of the two is always 0. A response without a
 * request (theirs was before us, or lost, or never sent) is put in line as an orphan: an exchange without a method.
 * An orphan is only made when all requests are over, so there is at most one, and it is the last. */
export class Exchanges {
  readonly #onExchange: OnExchange
  readonly #holdsOrphans: boolean
  readonly #queue: Exchange[] = []
  #asked = 0
  #answered = 0
  /** Exchanges logged for want of room, whose responses are still to come before those of the queue. */
  #givenUp = 0
  /** Responses were lost, so the next one need not answer the oldest request. */
  #inDoubt = false
  #headersLost = false
  /** When request bytes passed that were not understood; 0: none since the last request. */
  #unseenRequestNs = 0
  #begun = false
  /** Goes on in another protocol, and is not logged here. */
  #taken: Exchange | undefined = undefined

  /**
   * @param holdsOrphans keep an orphan until the next request, for that may be its own: on the client side one
   * thread can have read the response before the call of another that wrote the request returns
   */
  constructor(onExchange: OnExchange, holdsOrphans: boolean) {
    this.#onExchange = onExchange
    this.#holdsOrphans = holdsOrphans
  }

  /** Exchanges begun and not logged. */
  get length(): number {
    return this.#queue.length
  }

  /** A message was understood at least once. */
  get begun(): boolean {
    return this.#begun
  }

  /** Exchanges whose response is not over. */
  get unanswered(): number {
    return this.#givenUp + this.#queue.length - this.#answered
  }

  /** Bytes before the response at hand were not understood: interim heads may have been among them. */
  get headersLost(): boolean {
    return this.#headersLost
  }

  /** The request at hand was answered before it was over. */
  get isAnsweredEarly(): boolean {
    return this.#answered > this.#asked
  }

  /** The request at hand and the response at hand belong to the same exchange. */
  get isTogether(): boolean {
    return this.#givenUp === 0 && this.#asked === this.#answered
  }

  /** The exchange of the request at hand. */
  get asking(): Exchange {
    return this.#queue[this.#asked] ?? GIVEN_UP
  }

  /** The exchange of the response at hand. */
  get answering(): Exchange {
    return this.#givenUp > 0 ? GIVEN_UP : (this.#queue[this.#answered] ?? GIVEN_UP)
  }

  /** A request begins. @param beganNs of its first byte @returns the exchange to write it into */
  beginRequest(beganNs: number): Exchange {
    this.#begun = true
    this.#unseenRequestNs = 0
    const orphan = this.#queue[this.#asked]
    if (orphan !== undefined) {
      if (this.#holdsOrphans && beganNs < orphan.endNs) return adopt(orphan, beganNs)
      this.endRequest()
    }
    if (this.#queue.length === OUTSTANDING_MAX) this.#giveUpOldest(beganNs)
    const exchange = newExchange(beganNs)
    this.#queue.push(exchange)
    return exchange
  }

  endRequest(): void {
    this.#asked++
    this.#logFinished()
  }

  /** A response begins. @param beganNs of its first byte @returns the exchange to write it into */
  beginResponse(beganNs: number): Exchange {
    this.#begun = true
    // With several waiting, nobody can tell whose response this is.
    if (this.unanswered > 1) this.settleDoubt()
    return this.unanswered > 0 ? this.answering : this.#addOrphan(beganNs)
  }

  endResponse(): void {
    this.#headersLost = false
    if (this.#givenUp > 0) {
      this.#givenUp--
      return
    }
    const isLoneOrphan = this.isTogether && isOrphan(this.answering)
    this.#answered++
    if (isLoneOrphan && !this.#holdsOrphans) this.#asked++
    this.#logFinished()
  }

  /** The exchange of the response at hand, which will not be logged from here; undefined when it was logged already. */
  takeAnswering(): Exchange | undefined {
    const exchange = this.#queue[this.#answered]
    if (this.#givenUp > 0 || exchange === undefined) return undefined
    this.#taken = exchange
    return exchange
  }

  /** Request bytes passed that were not understood. @param beganNs of the first of them */
  loseRequest(beganNs: number): void {
    if (this.#unseenRequestNs === 0) this.#unseenRequestNs = beganNs
  }

  /** Response bytes passed that belong to no known response. @param endNs of the last of them */
  loseResponse(endNs: number): void {
    if (this.unanswered === 0) return
    this.#inDoubt = this.#headersLost = true
    this.answering.endNs = Math.max(this.answering.endNs, endNs)
  }

  /** The end of the response at hand was not seen: others may have passed with it. */
  loseResponseEnd(): void {
    this.#inDoubt = true
  }

  /**
   * Called when a request is about to begin and no response is at hand. If responses were lost, those of the
   * requests that still wait were among them: a client that does not pipeline has seen them all. One that does
   * loses the logs' response part here, which is better than every later response paired with the wrong request.
   */
  settleDoubt(): void {
    if (!this.#inDoubt) return
    this.#inDoubt = false
    this.#givenUp = 0
    while (this.#answered < this.#queue.length) {
      markNoResponse(this.answering)
      this.endResponse()
    }
  }

  /** No message follows. Logs what is left. @param timeNs end of exchanges that were never answered */
  finish(timeNs: number): void {
    for (const exchange of this.#queue.slice(this.#answered)) {
      markNoResponse(exchange)
      exchange.endNs = Math.max(exchange.endNs, timeNs)
    }
    this.#asked = this.#answered = this.#queue.length
    this.#givenUp = 0
    this.#logFinished()
  }

  #addOrphan(beganNs: number): Exchange {
    while (this.#queue.length > 0) this.endRequest()
    const orphan = newExchange(this.#unseenRequestNs > 0 ? this.#unseenRequestNs : beganNs)
    this.#unseenRequestNs = 0
    markNoRequest(orphan)
    this.#queue.push(orphan)
    return orphan
  }

  #giveUpOldest(timeNs: number): void {
    const oldest = this.#queue[0]!
    markNoResponse(oldest)
    oldest.endNs = Math.max(oldest.endNs, timeNs)
    this.#answered++
    this.#givenUp++
    this.#logFinished()
  }

  #logFinished(): void {
    while (this.#asked > 0 && this.#answered > 0) {
      const exchange = this.#queue.shift()!
      this.#asked--
      this.#answered--
      // Interim responses alone tell nothing that could be logged.
      if (exchange === this.#taken) continue
      if (!isOrphan(exchange) || exchange.status > 0) this.#onExchange(exchange)
    }
  }
}

function adopt(orphan: Exchange, beganNs: number): Exchange {
  orphan.startNs = beganNs
  unmarkNoRequest(orphan)
  return orphan
}
