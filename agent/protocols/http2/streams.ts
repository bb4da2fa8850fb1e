/** The open streams of one connection, and which of those that are not open have ended. */
import type { OnExchange } from '../analyzer.ts'
import { Stream } from './stream.ts'

/** Open streams. One more, and the oldest is logged as far as it is known. */
export const STREAMS_MAX = 10_000

/** Streams that were in doubt when so many others have ended since are taken to have ended unseen. */
const ENDED_AFTER_DOUBT = 256

/** No stream. */
const NONE = 0

export class Streams {
  readonly #onExchange: OnExchange
  readonly #isClient: boolean
  readonly #open = new Map<number, Stream>()
  /** Of the streams from #knownFrom to #newest that are not open, all have ended. */
  #knownFrom = NONE
  #newest = NONE
  /** Orphans whose response is over, and whose request may still be told. */
  #held = 0
  /** Streams that the peer has reset, and whose message of this side may still be told. */
  readonly #reset = new Map<number, Stream>()
  /** Streams that ended since frames were lost; -1: no stream is in doubt. */
  #endedSinceDoubt = -1
  #begun = false

  /**
   * @param isClient keep a response without a request until a later request: on the client side one thread can have read
   * the response before the call of another that wrote the request returns
   */
  constructor(onExchange: OnExchange, isClient: boolean) {
    this.#onExchange = onExchange
    this.#isClient = isClient
  }

  get length(): number {
    return this.#open.size
  }

  /** A message was understood at least once. */
  get begun(): boolean {
    return this.#begun
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id)
  }

  /** A request head on a stream that has none. @returns undefined when the stream has ended: the head is no request */
  begin(id: number, beganNs: number, nowNs: number): Stream | undefined {
    const orphan = this.#open.get(id)
    if (orphan === undefined && this.#hasEnded(id)) return undefined
    if (this.#held > 0) this.#releaseHeld(id, beganNs)
    if (this.#knownFrom === NONE) this.#knownFrom = id
    if (id > this.#newest) this.#newest = id
    return orphan ?? this.#add(id, Stream.begin(beganNs), nowNs)
  }

  /** A response head on a stream that is not open. @returns undefined when the stream has ended */
  beginOrphan(id: number, beganNs: number, nowNs: number): Stream | undefined {
    return this.#hasEnded(id) ? undefined : this.#add(id, Stream.beginOrphan(beganNs), nowNs)
  }

  /** A stream whose request another protocol carried, or one that the server promised. */
  put(id: number, stream: Stream, nowNs: number): void {
    this.#add(id, stream, nowNs)
  }

  /** One half of it has ended: logs it when that was the last one. */
  settle(id: number, stream: Stream): void {
    if (stream.isLogged) return
    if (stream.isOver || stream.resetNs > 0) this.#end(id, stream)
    else if (!stream.isRequested && stream.responseEnded) this.#settleOrphan(id, stream)
  }

  /** Logs it, whatever is missing. @param endNs of the last byte */
  end(id: number, stream: Stream, endNs: number): void {
    if (endNs > stream.exchange.endNs) stream.exchange.endNs = endNs
    this.#end(id, stream)
  }

  /**
   * No frame follows on it. One that the peer has reset is kept until a later call that writes, for the call of another
   * thread that wrote the message of this side may not have returned.
   * @param isRequest the client has reset it
   */
  reset(id: number, stream: Stream, isRequest: boolean, nowNs: number): void {
    const isOwn = isRequest === this.#isClient
    const hasEnded = this.#isClient ? stream.requestEnded : stream.responseEnded
    if (isOwn || hasEnded) return this.end(id, stream, nowNs)
    stream.resetNs = nowNs
    this.#reset.set(id, stream)
  }

  /** A call that writes began: what was written before it has been told. */
  releaseReset(beganNs: number): void {
    if (this.#reset.size === 0) return
    for (const [id, stream] of this.#reset) if (stream.resetNs < beganNs) this.end(id, stream, stream.resetNs)
  }

  /** The server will answer none of the streams after this one. */
  endUnanswered(lastId: number, endNs: number): void {
    for (const [id, stream] of this.#open)
      if (id > lastId && id % 2 === 1 && !stream.isAnswered) this.end(id, stream, endNs)
  }

  /** Frames of requests were lost: streams may have begun and requests may have ended among them. */
  loseRequests(): void {
    this.#knownFrom = NONE
    for (const stream of this.#open.values()) if (!stream.requestEnded) stream.requestInDoubt = true
    this.#doubt()
  }

  /** Frames of responses were lost. */
  loseResponses(): void {
    for (const stream of this.#open.values()) if (!stream.responseEnded) stream.responseInDoubt = true
    this.#doubt()
  }

  /**
   * No frame is told any more. Logs what is left.
   * @param timeNs end of exchanges that were never answered @param isOver false: frames may follow all the same
   */
  finish(timeNs: number, isOver: boolean): void {
    for (const [id, stream] of this.#open) {
      if (!isOver) stream.doubt()
      this.end(id, stream, stream.resetNs || (stream.responseEnded ? 0 : timeNs))
    }
  }

  #hasEnded(id: number): boolean {
    return this.#knownFrom !== NONE && id >= this.#knownFrom && id <= this.#newest && id % 2 === 1
  }

  #add(id: number, stream: Stream, nowNs: number): Stream {
    this.#begun = true
    if (this.#open.size >= STREAMS_MAX) this.#giveUpOldest(nowNs)
    this.#open.set(id, stream)
    return stream
  }

  #giveUpOldest(nowNs: number): void {
    for (const [id, stream] of this.#open) {
      stream.doubt()
      return this.end(id, stream, nowNs)
    }
  }

  #settleOrphan(id: number, stream: Stream): void {
    const isBefore = this.#knownFrom !== NONE && id < this.#knownFrom
    if (this.#isClient && !isBefore) this.#held++
    else this.#end(id, stream)
  }

  #releaseHeld(begunId: number, beganNs: number): void {
    this.#held = 0
    for (const [id, stream] of this.#open) {
      if (id === begunId || stream.isRequested || !stream.responseEnded) continue
      if (stream.exchange.endNs < beganNs) this.#end(id, stream)
      else this.#held++
    }
  }

  #end(id: number, stream: Stream): void {
    this.#open.delete(id)
    if (this.#reset.size > 0) this.#reset.delete(id)
    stream.isLogged = true
    this.#onExchange(stream.finish())
    if (this.#endedSinceDoubt >= 0 && ++this.#endedSinceDoubt === ENDED_AFTER_DOUBT) this.#endDoubtful()
  }

  #doubt(): void {
    this.#endedSinceDoubt = this.#open.size > 0 ? 0 : -1
  }

  #endDoubtful(): void {
    this.#endedSinceDoubt = -1
    for (const [id, stream] of this.#open) {
      if (stream.requestInDoubt || stream.responseInDoubt) this.end(id, stream, 0)
    }
  }
}
