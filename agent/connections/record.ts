/** Reads the fields of records in place: one view per batch, no object per record. */

/** 2^32, the weight of the upper half of a u64. */
const UPPER = 0x1_0000_0000

/**
 * A position in a batch of records. Offsets are those of gen/event.ts, relative to the current record.
 * Numbers above 2^53 (times after 104 days of uptime) lose their last nanoseconds, nothing else.
 */
export class RecordCursor {
  /** The whole batch; payload is read from here. */
  readonly bytes: Uint8Array
  /** Start of the current record. */
  at = 0
  readonly #view: DataView

  constructor(batch: Uint8Array) {
    this.bytes = batch
    this.#view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  }

  u8(offset: number): number {
    return this.#view.getUint8(this.at + offset)
  }

  u16(offset: number): number {
    return this.#view.getUint16(this.at + offset, true)
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.at + offset, true)
  }

  i32(offset: number): number {
    return this.#view.getInt32(this.at + offset, true)
  }

  u64(offset: number): number {
    const at = this.at + offset
    return this.#view.getUint32(at + 4, true) * UPPER + this.#view.getUint32(at, true)
  }

  bigU64(offset: number): bigint {
    return this.#view.getBigUint64(this.at + offset, true)
  }

  /** NUL-terminated text of at most `length` bytes; what is not UTF-8 becomes U+FFFD. */
  text(offset: number, length: number): string {
    const begin = this.at + offset
    const field = this.bytes.subarray(begin, begin + length)
    const end = field.indexOf(0)
    return Buffer.from(field.buffer, field.byteOffset, end < 0 ? length : end).toString('utf8')
  }
}
