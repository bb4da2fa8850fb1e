/**
 * A dynamic table (RFC 7541 §2.3.2) as far as somebody who listens needs it.
 *
 * Indices count from the newest entry, so the entries that were inserted while one listened are known exactly, whatever
 * was there before; everything beyond them is unknown. For the same reason entries that the table has evicted do no harm
 * here: nobody refers to them any more. Sizes therefore only bound the memory, and may be estimated from below: what is
 * kept is never less than what the table holds.
 */
import { type FieldName, OTHER_NAME, UNKNOWN_NAME } from './names.ts'

/** RFC 7541 §4.1: added to the length of name and value. */
const ENTRY_OVERHEAD_BYTES = 32

/** Both sides begin with it (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_BYTES = 4096

/** What is kept at most, whatever the peers agree on; references to older entries are unknown then. */
export const TABLE_BYTES_MAX = 65_536

const INITIAL_CAPACITY = 16

export class DynamicTable {
  /** Rings of a power of two; allocated with the first entry. */
  #names: FieldName[] = []
  #values: string[] = []
  #sizes: number[] = []
  #newest = 0
  #length = 0
  #bytes = 0
  #maxBytes = INITIAL_TABLE_BYTES

  /** Entries known. */
  get length(): number {
    return this.#length
  }

  /** The table may hold so much. It is never taken back: what the peers agree on later may be on its way still. */
  allow(bytes: number): void {
    this.#maxBytes = Math.min(Math.max(this.#maxBytes, bytes), TABLE_BYTES_MAX)
  }

  /** Nothing is known any more: insertions were missed. */
  forget(): void {
    this.#names = []
    this.#values = []
    this.#sizes = []
    this.#newest = this.#length = this.#bytes = 0
  }

  /** @param index 1: the newest */
  nameAt(index: number): FieldName {
    return index > this.#length ? UNKNOWN_NAME : this.#names[this.#slot(index)]!
  }

  /** Empty when its name is none that is needed. */
  valueAt(index: number): string {
    return index > this.#length ? '' : this.#values[this.#slot(index)]!
  }

  /** @param stringBytes of name and value, or less when they are not known */
  insert(name: FieldName, value: string, stringBytes: number): void {
    const size = ENTRY_OVERHEAD_BYTES + stringBytes
    while (this.#length > 0 && this.#bytes + size > this.#maxBytes) this.#evict()
    if (this.#length === this.#names.length) this.#grow()
    this.#newest = (this.#newest + 1) & (this.#names.length - 1)
    this.#names[this.#newest] = name
    this.#values[this.#newest] = value
    this.#sizes[this.#newest] = size
    this.#length++
    this.#bytes += size
  }

  #slot(index: number): number {
    return (this.#newest - index + 1) & (this.#names.length - 1)
  }

  #evict(): void {
    const slot = this.#slot(this.#length)
    this.#bytes -= this.#sizes[slot]!
    this.#values[slot] = ''
    this.#length--
  }

  #grow(): void {
    const capacity = Math.max(this.#names.length * 2, INITIAL_CAPACITY)
    const order = Array.from({ length: this.#length }, (_, i) => this.#slot(this.#length - i))
    this.#names = fit(
      order.map((slot) => this.#names[slot]!),
      capacity,
      OTHER_NAME,
    )
    this.#values = fit(
      order.map((slot) => this.#values[slot]!),
      capacity,
      '',
    )
    this.#sizes = fit(
      order.map((slot) => this.#sizes[slot]!),
      capacity,
      0,
    )
    this.#newest = (this.#length - 1) & (capacity - 1)
  }
}

function fit<T>(values: T[], capacity: number, filler: T): T[] {
  while (values.length < capacity) values.push(filler)
  return values
}
