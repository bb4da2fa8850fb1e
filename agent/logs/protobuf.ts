/** A protobuf writer (proto3 wire format) over one growing buffer: nothing is allocated per message. */

/** Longest varint, of a 64-bit number. */
export const VARINT_MAX_BYTES = 10

/** Worst case of `text`: UTF-8 takes at most three bytes per UTF-16 code unit. */
export const textMaxBytes = (value: string): number => VARINT_MAX_BYTES + 3 * value.length

const LOW_28_BITS = 2 ** 28

/** Largest double below 2^63: fits both int64 and uint64 fields. */
const VARINT_MAX = 2 ** 63 - 1024

/**
 * Appends fields in place. Only `reserve` checks for room: call it once with the worst case of what follows, the
 * other methods trust it. A nested message is written between `open` and `close`, which patches its length.
 */
export class ProtobufWriter {
  /** Valid up to `length`; replaced when `reserve` grows it. */
  bytes: Buffer
  /** Bytes written. */
  length = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
  }

  /** Makes room for `bytes` more, doubling the buffer. What is written stays. */
  reserve(bytes: number): void {
    const wanted = this.length + bytes
    if (wanted <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.bytes.length))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  /** A tag below 128, an enum value below 128, or a bool. */
  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  /** Bytes as they are: a message or field that was encoded before. */
  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Bytes `[start, end)` of another writer. */
  copy(from: ProtobufWriter, start: number, end: number): void {
    this.length += from.bytes.copy(this.bytes, this.length, start, end)
  }

  /**
   * An unsigned integer below 2^63, as exact as the number itself is. What lies outside is clamped, and NaN is 0:
   * a damaged time must not become a damaged stream.
   */
  varint(value: number): void {
    let rest = value > 0 ? Math.min(value, VARINT_MAX) : 0
    while (rest >= LOW_28_BITS) {
      const high = Math.floor(rest / LOW_28_BITS) // not %, which is a slow function on doubles
      this.#fourBytes(rest - high * LOW_28_BITS)
      rest = high
    }
    this.#upTo28Bits(rest)
  }

  /** Length and UTF-8 of a string. Lone surrogates become U+FFFD: backends reject a message that is not UTF-8. */
  text(value: string): void {
    const { length } = value
    if (length >= 128) return this.#longText(value)
    const { bytes } = this
    let at = this.length + 1
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 128) return this.#longText(value)
      bytes[at++] = code
    }
    bytes[this.length] = length
    this.length = at
  }

  /** Field number below 16, value a string; nothing when it is empty, as proto3 has it. */
  textField(tag: number, value: string): void {
    if (value === '') return
    this.byte(tag)
    this.text(value)
  }

  /** Field number below 16, value a varint; nothing when it is 0, as proto3 has it. */
  varintField(tag: number, value: number): void {
    if (value === 0) return
    this.byte(tag)
    this.varint(value)
  }

  /**
   * Begins a nested message, after its tag. @param lengthBytes how long its length will be as a varint: a good guess
   * saves moving the message. @returns where its content begins, for `close`
   */
  open(lengthBytes: number): number {
    this.length += lengthBytes
    return this.length
  }

  /** Ends the message that `open` began. @param lengthBytes as given to `open` */
  close(start: number, lengthBytes: number): void {
    const size = this.length - start
    const needed = varintBytes(size)
    if (needed !== lengthBytes) {
      this.bytes.copyWithin(start + needed - lengthBytes, start, this.length)
    }
    this.length = start - lengthBytes
    this.varint(size)
    this.length += size
  }

  #fourBytes(value: number): void {
    const { bytes } = this
    bytes[this.length++] = value | 128
    bytes[this.length++] = (value >>> 7) | 128
    bytes[this.length++] = (value >>> 14) | 128
    bytes[this.length++] = (value >>> 21) | 128
  }

  #upTo28Bits(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.bytes[this.length++] = rest | 128
      rest >>>= 7
    }
    this.bytes[this.length++] = rest
  }

  #longText(value: string): void {
    const start = this.open(2)
    this.length += this.bytes.write(value, start, 'utf8')
    this.close(start, 2)
  }
}

/** Bytes of a length as a varint. @param value below 2^28 */
export function varintBytes(value: number): number {
  if (value < 128) return 1
  if (value < 16_384) return 2
  return value < 2_097_152 ? 3 : 4
}
