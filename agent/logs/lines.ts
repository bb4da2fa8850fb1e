/** Text of one flush, as bytes: strings would be kept in the old generation until the main thread has written them. */

/** UTF-8 takes at most three bytes per UTF-16 code unit. */
const BYTES_PER_UNIT = 3
const CAPACITY_BYTES = 64 * 1024
/** A buffer that has grown is used again, up to this. */
const KEPT_BYTES = 4 * 1024 * 1024

export class TextWriter {
  #buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES)
  #length = 0

  append(text: string): void {
    const worst = this.#length + BYTES_PER_UNIT * text.length
    if (worst > this.#buffer.length) this.#grow(worst)
    this.#length += this.#buffer.write(text, this.#length, 'utf8')
  }

  /** What was appended since the last call. The array owns all of its buffer. */
  take(): Uint8Array<ArrayBuffer> {
    const text = new Uint8Array(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES)
    return text
  }

  #grow(wantedBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(wantedBytes, 2 * this.#buffer.length))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
