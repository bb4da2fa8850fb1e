/** The few CBOR items (RFC 8949, section 3) around a payload, read in place. */
import { accessLogError, type AccessLogError } from '../errors.ts'

const MAJOR_UINT = 0
const MAJOR_BYTES = 2
const MAJOR_ARRAY = 4

/** Reads definite-length items one after the other. Every method throws HELPER_GARBAGE on anything else. */
export class PayloadCursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Head of an array: the number of its items, which follow. */
  array(): number {
    return this.#head(MAJOR_ARRAY)
  }

  /** Exact below 2^53, else the nearest. */
  uint(): number {
    return this.#head(MAJOR_UINT)
  }

  /** A byte string as a view, not a copy. */
  bytes(): Uint8Array {
    const length = this.#head(MAJOR_BYTES)
    const begin = this.#at
    if (length > this.#bytes.length - begin) throw garbage('a payload longer than its frame')
    this.#at = begin + length
    return this.#bytes.subarray(begin, this.#at)
  }

  /** To be called after the last item. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw garbage('bytes after the end of a message')
  }

  /** The argument of an item of this major type: its value or its length. */
  #head(major: number): number {
    const first = this.#byte()
    if (first >> 5 !== major) throw garbage(`a CBOR item of type ${first >> 5} instead of ${major}`)
    const info = first & 31
    if (info < 24) return info
    if (info > 27) throw garbage('a CBOR item of unknown length')
    return this.#number(1 << (info - 24))
  }

  #number(size: number): number {
    let value = 0
    for (let read = 0; read < size; read += 1) value = value * 256 + this.#byte()
    return value
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw garbage('a message that ends too early')
    this.#at += 1
    return byte
  }
}

function garbage(reason: string): AccessLogError {
  return accessLogError('HELPER_GARBAGE', { reason })
}
