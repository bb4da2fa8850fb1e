/** A head that arrives in pieces, put together in a bounded buffer. */
import { CR, LF } from '../text/octets.ts'

const EMPTY = new Uint8Array(0)
const FIRST_CAPACITY_BYTES = 512

export class PartialHead {
  /** The head so far is `bytes[0, length)`. */
  bytes = EMPTY
  length = 0
  /** The empty line has come. */
  whole = false
  /** Lines that have ended. */
  lines = 0
  #lineBegin = 0
  readonly #limitBytes: number

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get full(): boolean {
    return this.length === this.#limitBytes
  }

  /** Forgets the head and gives the memory back: most connections never need it again. */
  clear(): void {
    this.bytes = EMPTY
    this.length = this.lines = this.#lineBegin = 0
    this.whole = false
  }

  /** Appends from `chunk[at, end)` up to the end of the head or the limit. @returns index after what was taken */
  append(chunk: Uint8Array, at: number, end: number): number {
    const stop = Math.min(end, at + this.#limitBytes - this.length)
    this.#reserve(this.length + stop - at)
    while (at < stop && !this.whole) {
      const octet = chunk[at++]!
      this.bytes[this.length++] = octet
      if (octet === LF) this.#endLine()
    }
    return at
  }

  #endLine(): void {
    const lineLength = this.length - 1 - this.#lineBegin
    this.whole = lineLength === 0 || (lineLength === 1 && this.bytes[this.#lineBegin] === CR)
    this.#lineBegin = this.length
    this.lines++
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.bytes.length) return
    const capacity = Math.max(neededBytes, FIRST_CAPACITY_BYTES, this.bytes.length * 2)
    const grown = new Uint8Array(Math.min(capacity, this.#limitBytes))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}
