/** One direction of an HTTP/2 connection: cuts bytes and gaps into frames. What they mean is the receiver's business. */
import { equals } from '../text/text.ts'
import {
  DATA,
  FRAME_HEADER_BYTES,
  isFrameHeader,
  isOmitted,
  lengthAt,
  PADDED,
  PREFACE,
  streamIdAt,
  typeAt,
} from './frame.ts'
import { looksLikeFrames, looksLikePreface } from './sniff.ts'

/** Takes the frames of one direction. */
export interface FrameReceiver {
  /** A frame with its payload `chunk[begin, end)`, which is valid during the call. @returns false: it cannot be */
  frame(type: number, flags: number, streamId: number, chunk: Uint8Array, begin: number, end: number): boolean
  /** A frame other than DATA, whose payload was not seen or not all of it, has passed. @returns as `frame` */
  unseenFrame(type: number, flags: number, streamId: number, lengthBytes: number): boolean
  /** DATA begins, goes on by so many bytes without padding, and ends. @returns false: it cannot be */
  beginData(streamId: number): boolean
  data(lengthBytes: number): void
  endData(flags: number): void
  /** Frames passed that are not known. */
  lost(): void
}

/* LOST --bytes like frames--> HEADER --> PAYLOAD, SKIP, OMIT, PAD, or a whole frame at once --> HEADER
 *
 * HEADER: nine octets, or some of them. PAYLOAD: one that the end of a call has cut off, kept. SKIP: one of no use.
 * OMIT: DATA and extensions, which a framed call leaves out. PAD: the octet before padded DATA. */
const LOST = 0
const HEADER = 1
const PAYLOAD = 2
const SKIP = 3
const OMIT = 4
const PAD = 5

/** Longer payloads, but for DATA, are not kept until they are whole. */
export const PAYLOAD_BYTES_MAX = 65_536

/** What is left of the preface after as many octets as a frame header has. */
const PREFACE_REST_BYTES = PREFACE.length - FRAME_HEADER_BYTES

const NOTHING = new Uint8Array(0)

export class FrameReader {
  readonly #receiver: FrameReceiver
  #state = HEADER
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  #headerLength = 0
  #type = 0
  #flags = 0
  #streamId = 0
  /** Bytes of the frame still to come; in OMIT without the padding. */
  #left = 0
  #padding = 0
  #payload = NOTHING
  #payloadLength = 0
  /** SKIP only: length of the payload that was not seen; 0: it is of no use. */
  #unseenBytes = 0
  /** Bytes that the framed call at hand leaves out, and that are not accounted for; -1: it leaves nothing out. */
  #omitted = -1
  /** Time of the first byte of the frame at hand, and of the last byte of the call at hand. */
  beganNs = 0
  lastNs = 0

  /** @param isComplete the connection is seen from its first byte on */
  constructor(receiver: FrameReceiver, isComplete: boolean) {
    this.#receiver = receiver
    if (!isComplete) this.#state = LOST
  }

  /** Where frames begin is not known. */
  get isLost(): boolean {
    return this.#state === LOST
  }

  /** One call's bytes `chunk[begin, end)`. @param beganNs time of its first byte @param endNs of its last byte */
  bytes(chunk: Uint8Array, begin: number, end: number, beganNs: number, endNs: number): void {
    if (this.#state === LOST && !this.#resynchronise(chunk, begin, end)) return
    this.lastNs = endNs
    this.#omitted = -1
    this.#read(chunk, begin, end, beganNs)
  }

  /**
   * A call without what is omitted of it.
   * @param omittedBytes that are left out of `chunk[begin, end)`, or follow it
   * @param isAligned a frame begins at `begin`
   */
  framed(
    chunk: Uint8Array,
    begin: number,
    end: number,
    omittedBytes: number,
    isAligned: boolean,
    beganNs: number,
    endNs: number,
  ): void {
    const isAtFrame = this.#state === HEADER && this.#headerLength === 0
    if (isAligned !== isAtFrame && this.#state !== LOST) this.lose()
    if (isAligned && this.#state === LOST) this.#begin()
    if (this.#state === LOST) return
    this.lastNs = endNs
    this.#omitted = omittedBytes
    this.#read(chunk, begin, end, beganNs)
    if (this.#omitted > 0) this.gap(this.#omitted, endNs)
    this.#omitted = -1
  }

  /** `lengthBytes` passed unseen. */
  gap(lengthBytes: number, endNs: number): void {
    this.lastNs = endNs
    if (this.#state === LOST) return
    if (this.#state === PAYLOAD) this.#damage()
    if (this.#state === PAD) {
      this.#takePadLength(0)
      lengthBytes--
    }
    const taken = this.#state === HEADER ? 0 : Math.min(lengthBytes, this.#left + this.#padding)
    this.#pass(taken)
    if (taken < lengthBytes) this.lose()
  }

  lose(): void {
    this.#state = LOST
    this.#headerLength = 0
    this.#payload = NOTHING
    this.#receiver.lost()
  }

  #begin(): void {
    this.#state = HEADER
    this.#headerLength = 0
  }

  #resynchronise(chunk: Uint8Array, begin: number, end: number): boolean {
    if (!looksLikeFrames(chunk, begin, end) && looksLikePreface(chunk, begin, end) !== 'yes') return false
    this.#begin()
    return true
  }

  #read(chunk: Uint8Array, at: number, end: number, beganNs: number): void {
    while (at < end && this.#state !== LOST) at = this.#step(chunk, at, end, beganNs)
    // What follows the last bytes of a framed call may be left out altogether.
    if (this.#state === OMIT && this.#omitted > 0) this.#omit()
  }

  #step(chunk: Uint8Array, at: number, end: number, beganNs: number): number {
    switch (this.#state) {
      case HEADER:
        if (this.#headerLength > 0 || end - at < FRAME_HEADER_BYTES)
          return this.#appendHeader(chunk, at, end, beganNs)
        this.beganNs = beganNs
        return this.#beginFrame(chunk, at, end, at + FRAME_HEADER_BYTES)
      case PAYLOAD:
        return this.#appendPayload(chunk, at, end)
      case PAD:
        this.#takePadLength(chunk[at]!)
        return at + 1
      case OMIT:
        return this.#omitted >= 0 ? this.#omitBefore(at, end) : this.#passBytes(at, end)
      default:
        return this.#passBytes(at, end)
    }
  }

  #passBytes(at: number, end: number): number {
    const taken = Math.min(end - at, this.#left + this.#padding)
    this.#pass(taken)
    return at + taken
  }

  #appendHeader(chunk: Uint8Array, at: number, end: number, beganNs: number): number {
    if (this.#headerLength === 0) this.beganNs = beganNs
    while (at < end && this.#headerLength < FRAME_HEADER_BYTES)
      this.#header[this.#headerLength++] = chunk[at++]!
    if (this.#headerLength < FRAME_HEADER_BYTES) return at
    this.#headerLength = 0
    const next = this.#beginFrame(this.#header, 0, 0, FRAME_HEADER_BYTES)
    return next < 0 ? end : at
  }

  /** @param end of the octets at hand @param payload where the payload begins @returns where to go on */
  #beginFrame(chunk: Uint8Array, at: number, end: number, payload: number): number {
    if (!isFrameHeader(chunk, at)) return this.#failFrame(chunk, at, payload)
    this.#type = typeAt(chunk, at)
    this.#flags = chunk[at + 4]!
    this.#streamId = streamIdAt(chunk, at)
    this.#left = lengthAt(chunk, at)
    this.#padding = 0
    if (isOmitted(this.#type)) this.#beginOmitted()
    else if (end - payload >= this.#left) return this.#takeWhole(chunk, payload)
    else this.#beginPayload()
    return payload
  }

  #failFrame(chunk: Uint8Array, at: number, payload: number): number {
    if (!equals(PREFACE.slice(0, FRAME_HEADER_BYTES), chunk, at)) {
      this.lose()
      return -1
    }
    this.#state = SKIP
    this.#unseenBytes = 0
    this.#left = PREFACE_REST_BYTES
    this.#padding = 0
    return payload
  }

  #takeWhole(chunk: Uint8Array, payload: number): number {
    const end = payload + this.#left
    this.#state = HEADER
    if (!this.#receiver.frame(this.#type, this.#flags, this.#streamId, chunk, payload, end)) this.lose()
    return end
  }

  #beginPayload(): void {
    this.#payloadLength = 0
    if (this.#left > PAYLOAD_BYTES_MAX) this.#damage()
    else if (this.#left === 0) this.#takeWhole(NOTHING, 0)
    else {
      this.#state = PAYLOAD
      this.#payload = new Uint8Array(this.#left)
    }
  }

  #appendPayload(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, this.#left)
    this.#payload.set(chunk.subarray(at, at + taken), this.#payloadLength)
    this.#payloadLength += taken
    this.#left -= taken
    if (this.#left > 0) return at + taken
    const payload = this.#payload
    this.#payload = NOTHING
    this.#state = HEADER
    if (!this.#receiver.frame(this.#type, this.#flags, this.#streamId, payload, 0, payload.length))
      this.lose()
    return at + taken
  }

  /** The payload will not be had; where it ends is known all the same. */
  #damage(): void {
    this.#unseenBytes = this.#payloadLength + this.#left
    this.#payload = NOTHING
    this.#state = SKIP
  }

  #beginOmitted(): void {
    this.#state = OMIT
    if (this.#type === DATA) {
      if (!this.#receiver.beginData(this.#streamId)) return this.lose()
      if (this.#flags & PADDED && this.#left > 0) this.#state = PAD
    }
    if (this.#left === 0) this.#endOmitted()
  }

  #takePadLength(length: number): void {
    this.#state = OMIT
    this.#left--
    this.#padding = Math.min(length, this.#left)
    this.#left -= this.#padding
    if (this.#left + this.#padding === 0) this.#endOmitted()
  }

  /** More is shown after an omitted payload, so the payload must be over. */
  #omitBefore(at: number, end: number): number {
    if (this.#omit()) return at
    this.lose()
    return end
  }

  /** @returns true when the frame ended in this call */
  #omit(): boolean {
    const taken = Math.min(this.#omitted, this.#left + this.#padding)
    this.#omitted -= taken
    this.#pass(taken)
    return this.#state === HEADER
  }

  #pass(lengthBytes: number): void {
    if (lengthBytes === 0) return
    const taken = Math.min(lengthBytes, this.#left)
    this.#left -= taken
    this.#padding -= lengthBytes - taken
    if (this.#state === OMIT && this.#type === DATA) this.#receiver.data(taken)
    if (this.#left + this.#padding > 0) return
    if (this.#state === OMIT) this.#endOmitted()
    else this.#endSkipped()
  }

  #endSkipped(): void {
    const unseenBytes = this.#unseenBytes
    this.#state = HEADER
    this.#unseenBytes = 0
    if (unseenBytes === 0) return
    if (!this.#receiver.unseenFrame(this.#type, this.#flags, this.#streamId, unseenBytes)) this.lose()
  }

  #endOmitted(): void {
    this.#state = HEADER
    if (this.#type === DATA) this.#receiver.endData(this.#flags)
  }
}
