/** The helper's stdout, split into frames: a 4-byte big-endian length, then that many bytes. */
import { accessLogError } from '../errors.ts'

const LENGTH_BYTES = 4

/** Longest frames are rare; the buffer starts with what batches usually take. */
const INITIAL_BYTES = 256 * 1024

/**
 * Splits a byte stream into frames, which are views valid until the next one is asked for: a frame that lies whole
 * in a chunk is not copied, others are put together in one buffer that is used again and again. At tens of megabytes
 * a second, memory of its own for each frame would keep the garbage collector busy.
 */
export class Frames {
  readonly #maxBytes: number
  #length = 0
  #lengthBytes = 0
  /** The length is known, the body is not complete. */
  #inBody = false
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
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
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let at = 0
    while (at < chunk.length && !this.#dead) {
      if (!this.#inBody) at = this.#takeLength(chunk, at)
      else if (this.#filled === 0 && chunk.length - at >= this.#length) {
        const end = at + this.#length
        yield this.#finish(chunk.subarray(at, end))
        at = end
      } else {
        at = this.#takeBody(chunk, at)
        if (this.#filled === this.#length) yield this.#finish(this.#buffer.subarray(0, this.#length))
      }
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
    this.#inBody = true
  }

  #takeBody(chunk: Uint8Array, from: number): number {
    if (this.#buffer.length < this.#length) this.#buffer = Buffer.allocUnsafeSlow(this.#maxBytes)
    const end = Math.min(chunk.length, from + this.#length - this.#filled)
    this.#buffer.set(chunk.subarray(from, end), this.#filled)
    this.#filled += end - from
    return end
  }

  #finish(frame: Uint8Array): Uint8Array {
    this.#inBody = false
    this.#length = 0
    this.#lengthBytes = 0
    this.#filled = 0
    return frame
  }
}
