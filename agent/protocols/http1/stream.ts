/** One direction of a connection: cuts bytes and gaps into messages. What they mean is the receiver's business. */
import type { ChunkWalk, Verdict } from '../analyzer.ts'
import { Body } from './body.ts'
import { INTERIM, NO_HEAD, TUNNEL, UNKNOWN, type Framing } from './framing.ts'
import { skipEmptyLines } from '../text/octets.ts'
import { CUT_OFF, INVALID } from './parse.ts'
import { PartialHead } from './partial-head.ts'

/** Knows the grammar of one direction and takes its messages: head, end, head, end. */
export interface Receiver {
  looksLike(chunk: Uint8Array, begin: number, end: number): Verdict
  /** Stricter than `looksLike`: enough to give up a first line that has begun before these bytes. */
  isUnmistakable(chunk: Uint8Array, begin: number, end: number): boolean
  /** Parses a head. @returns index after it, CUT_OFF or INVALID. `head` is asked next, about the same one. */
  parse(chunk: Uint8Array, begin: number, end: number): number
  /**
   * A head has passed: the one parsed last.
   * @param headBytes on the wire, as far as seen @param whole false: cut off by a gap, by the limit or by the close
   * @param beganNs of its first byte @param endNs of its last byte
   * @returns how its body is framed, or NO_HEAD when it was cut off too early to be one
   */
  head(headBytes: number, whole: boolean, beganNs: number, endNs: number): Framing
  /** The message is over. @param exact false: bodyBytes is what could be counted @param endNs of its last byte */
  end(bodyBytes: number, exact: boolean, endNs: number): void
  /** Bytes passed that belong to no known message: messages may be missing. Times are the first and last byte's. */
  lost(beganNs: number, endNs: number): void
  /** The framing says that the body goes on: would a message at the beginning of this call be more credible? */
  doubts(body: Body): boolean
}

/* LOST --a call begins like a message--> READY --bytes--> (HEAD) --whole--> BODY --done--> READY
 *
 * HEAD: a head that the end of a call has cut off. LOST: where messages begin is not known, except that most
 * begin where a call begins. A message whose end was lost stays open until something shows that it is over. */
const LOST = 0
const READY = 1
const HEAD = 2
const BODY = 3
const CLOSED = 4

/** What is not HTTP shows early in the first line; looking at long ones at every call is wasted. */
const DOUBTFUL_HEAD_BYTES = 64

export class MessageStream {
  readonly #receiver: Receiver
  readonly #headBytesMax: number
  readonly #partial: PartialHead
  readonly #body = new Body()
  #state = LOST
  /** LOST only: a message has begun and its end is unknown. */
  #open = false
  /** LOST only: what passes counts as body. Not so after a head that was cut off, whose rest it may be. */
  #counting = false
  /** First byte of the message at hand. */
  #beganNs = 0
  /** Last byte of it so far. */
  #lastNs = 0

  /** @param headBytesMax longer heads count as cut off there */
  constructor(receiver: Receiver, headBytesMax: number) {
    this.#receiver = receiver
    this.#headBytesMax = headBytesMax
    this.#partial = new PartialHead(headBytesMax)
  }

  /** The last head opened a tunnel, or `close` was called. */
  get closed(): boolean {
    return this.#state === CLOSED
  }

  /** A head has begun that is not whole yet. */
  get inHead(): boolean {
    return this.#state === HEAD
  }

  /** No message is at hand. */
  get isIdle(): boolean {
    return this.#state === READY || (this.#state === LOST && !this.#open)
  }

  /**
   * One call's bytes `chunk[begin, end)`. @param beganNs time of its first byte @param endNs of its last byte
   * @returns where the first byte is that does not belong to this protocol any more, else `end`
   */
  bytes(chunk: Uint8Array, begin: number, end: number, beganNs: number, endNs: number): number {
    if (this.#state !== READY) this.#resynchronise(chunk, begin, end)
    this.#lastNs = endNs
    let at = begin
    while (at < end && this.#state !== CLOSED) at = this.#step(chunk, at, end, beganNs)
    return at
  }

  /** `lengthBytes` passed unseen; they may be the rest of the call that began with the bytes before. */
  gap(lengthBytes: number, beganNs: number, endNs: number, walk: ChunkWalk | undefined): void {
    this.#lastNs = endNs
    switch (this.#state) {
      case READY:
        this.#beganNs = beganNs
        return this.#lose()
      case HEAD:
        return this.#readPartial()
      case BODY:
        return this.#skipBody(lengthBytes, beganNs, walk)
      case LOST:
        this.#passLost(lengthBytes, beganNs)
    }
  }

  /** Nothing follows, or, unless `isOver`, nobody watches what does: what is at hand ends here. */
  close(isOver: boolean): void {
    this.cutHead()
    if (this.#state === BODY) this.#end(this.#body.bytes, isOver && !this.#body.walked)
    this.endLost()
    this.#state = CLOSED
  }

  /** The other direction shows that a message whose end was lost is over. */
  endLost(): void {
    if (this.#state !== LOST || !this.#open) return
    this.#end(this.#body.bytes, false)
    this.#state = LOST
  }

  /** The other direction shows that the head at hand will not become whole. */
  cutHead(): void {
    if (this.#state === HEAD) this.#readPartial()
  }

  /** The other direction shows that the body is over, though its framing says that more was to come. */
  cutBody(): void {
    if (this.#state !== BODY) return
    this.#state = LOST
    this.#open = true
    this.endLost()
  }

  /** The other direction shows that the message has no body, whatever its head says. */
  dropBody(): void {
    if (this.#state === BODY && this.#body.bytes === 0) this.#end(0, true)
  }

  #step(chunk: Uint8Array, at: number, end: number, beganNs: number): number {
    switch (this.#state) {
      case READY:
        return this.#beginHead(chunk, at, end, beganNs)
      case HEAD:
        return this.#appendHead(chunk, at, end)
      case BODY:
        return this.#takeBody(chunk, at, end)
      case LOST:
        this.#passLost(end - at, beganNs)
        return end
      default:
        return end
    }
  }

  /** A call begins. Where the place in the stream is in doubt, bytes that begin like a message settle it. */
  #resynchronise(chunk: Uint8Array, begin: number, end: number): void {
    if (!this.#beginsMessage(chunk, begin, end)) return
    // No body byte at all between two heads is an exact count; any other is not.
    if (this.#state === BODY) this.#end(this.#body.bytes, this.#body.bytes === 0)
    this.endLost()
    this.#partial.clear()
    this.#state = READY
  }

  #beginsMessage(chunk: Uint8Array, begin: number, end: number): boolean {
    const receiver = this.#receiver
    switch (this.#state) {
      case LOST: {
        const verdict = receiver.looksLike(chunk, begin, end)
        return verdict === 'yes' || (verdict === 'partial' && !this.#open)
      }
      case HEAD:
        return this.#partial.lines === 0 && receiver.isUnmistakable(chunk, begin, end)
      case BODY:
        return receiver.doubts(this.#body) && receiver.looksLike(chunk, begin, end) === 'yes'
      default:
        return false
    }
  }

  /** The common case: the head is whole and is parsed where it lies, without a copy. */
  #beginHead(chunk: Uint8Array, begin: number, end: number, beganNs: number): number {
    const at = skipEmptyLines(chunk, begin, end)
    if (at === end) return end
    this.#beganNs = beganNs
    const next = this.#receiver.parse(chunk, at, Math.min(end, at + this.#headBytesMax))
    if (next >= 0) {
      this.#finishHead(next - at, true)
      return next
    }
    if (next === CUT_OFF) {
      this.#state = HEAD
      return this.#appendHead(chunk, at, end)
    }
    this.#lose()
    return end
  }

  #appendHead(chunk: Uint8Array, at: number, end: number): number {
    const partial = this.#partial
    const linesBefore = partial.lines
    const next = partial.append(chunk, at, end)
    if (partial.whole || partial.full) this.#readPartial()
    else if (linesBefore === 0 && !this.#isCredible()) this.#lose()
    return next
  }

  #isCredible(): boolean {
    const { bytes, length, lines } = this.#partial
    if (lines === 0 && length > DOUBTFUL_HEAD_BYTES) return true
    return this.#receiver.looksLike(bytes, 0, length) !== 'no'
  }

  /** Reads the head in the buffer, whole or as far as it came. */
  #readPartial(): void {
    const { bytes, length, whole } = this.#partial
    const parsed = this.#receiver.parse(bytes, 0, length)
    this.#partial.clear()
    if (parsed === INVALID) this.#lose()
    else this.#finishHead(length, whole)
  }

  #finishHead(headBytes: number, whole: boolean): void {
    const framing = this.#receiver.head(headBytes, whole, this.#beganNs, this.#lastNs)
    if (framing === TUNNEL) this.#state = CLOSED
    else if (framing === NO_HEAD) this.#lose()
    else if (framing === INTERIM) this.#finishInterim(whole)
    else if (!whole || framing === UNKNOWN) this.#beginUnframed(whole)
    else if (framing === 0) this.#end(0, true)
    else {
      this.#body.begin(framing)
      this.#state = BODY
    }
  }

  #finishInterim(whole: boolean): void {
    if (whole) this.#state = READY
    else this.#lose()
  }

  #beginUnframed(counting: boolean): void {
    this.#body.begin(UNKNOWN)
    this.#state = LOST
    this.#open = true
    this.#counting = counting
  }

  #takeBody(chunk: Uint8Array, at: number, end: number): number {
    const next = this.#body.take(chunk, at, end)
    if (this.#body.done) this.#end(this.#body.bytes, true)
    else if (this.#body.broken) this.#breakBody()
    return next
  }

  #skipBody(lengthBytes: number, beganNs: number, walk: ChunkWalk | undefined): void {
    const rest = this.#body.skip(lengthBytes, walk)
    if (this.#body.broken) {
      this.#breakBody()
      this.#body.countUnframed(rest)
    } else if (this.#body.done) {
      this.#end(this.#body.bytes, true)
      if (rest > 0) this.gap(rest, beganNs, this.#lastNs, undefined)
    }
  }

  #breakBody(): void {
    this.#state = LOST
    this.#open = true
    this.#counting = true
  }

  #passLost(lengthBytes: number, beganNs: number): void {
    if (!this.#open) this.#receiver.lost(beganNs, this.#lastNs)
    else if (this.#counting) this.#body.countUnframed(lengthBytes)
  }

  #end(bodyBytes: number, exact: boolean): void {
    this.#state = READY
    this.#open = false
    this.#counting = false
    this.#receiver.end(bodyBytes, exact, this.#lastNs)
  }

  /** What passes is no message: nothing is understood until a call begins like one. */
  #lose(): void {
    this.#partial.clear()
    this.#state = LOST
    this.#open = false
    this.#counting = false
    this.#receiver.lost(this.#beganNs, this.#lastNs)
  }
}
