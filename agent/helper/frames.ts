/** The helper's stdout, split into frames: a 4-byte big-endian length, then that many bytes. */
import { accessLogError } from '../errors.ts'

const LENGTH_BYTES = 4

/**
 * Splits a byte stream into frames, each in an ArrayBuffer of its own that the receiver may transfer to a worker.
 * Every byte is copied once, however the stream was cut; what is held never exceeds one frame.
 */
export class Frames {
  readonly #maxBytes: number
  #length = 0
  #lengthBytes = 0
  /** The frame being filled; undefined while its length is. */
  #frame: Uint8Array<ArrayBuffer> | undefined
  #filled = 0
  #dead = false

  /** @param maxBytes longest frame accepted, its length not counted */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of a frame that has begun and not ended: not 0 at the end of the stream means that it was cut off. */
  get pendingBytes(): number {
    return this.#lengthBytes + this.#filled
  }

  /**
   * Yields the frames that end in this chunk. To be exhausted before the next push.
   * Throws HELPER_GARBAGE once, when a frame is empty or too long; from then on it yields nothing.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array<ArrayBuffer>, void, void> {
    let at = 0
    while (at < chunk.length && !this.#dead) {
      at = this.#frame === undefined ? this.#takeLength(chunk, at) : this.#takeBody(this.#frame, chunk, at)
      if (this.#frame !== undefined && this.#filled === this.#length) yield this.#finish(this.#frame)
    }
  }

  #takeLength(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.#lengthBytes < LENGTH_BYTES && at < chunk.length) {
      this.#length = this.#length * 256 + (chunk[at] ?? 0)
      this.#lengthBytes += 1
      at += 1
    }
    if (this.#lengthBytes === LENGTH_BYTES) this.#begin()
    return at
  }

  /** The check comes before the memory: a length out of garbage costs nothing. */
  #begin(): void {
    if (this.#length === 0 || this.#length > this.#maxBytes) {
      this.#dead = true
      throw accessLogError('HELPER_GARBAGE', { reason: `a frame of ${this.#length} bytes` })
    }
    // Not zeroed, since it is filled before anyone sees it, and not out of a pool, which could not be transferred.
    this.#frame = Buffer.allocUnsafeSlow(this.#length)
  }

  #takeBody(frame: Uint8Array, chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + this.#length - this.#filled)
    frame.set(chunk.subarray(from, end), this.#filled)
    this.#filled += end - from
    return end
  }

  #finish(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#frame = undefined
    this.#length = 0
    this.#lengthBytes = 0
    this.#filled = 0
    return frame
  }
}
