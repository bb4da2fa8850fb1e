/** Addresses of pods with what tells one pod from the others of its workload, in flat arrays: no object for any. */
import type { AddressKey } from './address.ts'

/** What is kept for one address. */
export interface AddressEntry {
  /** From 1 to 2^32 - 1. */
  workload: number
  /** 1 to SUFFIX_BYTES_MAX characters of ASCII. */
  suffix: string
}

export const SUFFIX_BYTES_MAX = 8

const CAPACITY_MIN = 1024
/** No workload: the slot is free. */
const FREE = 0
const WORD_BITS = 32n
/** Of Fibonacci hashing: neighbours come to lie apart. */
const GOLDEN_RATIO = 0x9e3779b1

/** Of each slot one value, or `words` of them, or SUFFIX_BYTES_MAX. */
interface Columns {
  keys: Int32Array
  workloads: Uint32Array
  suffixes: Uint8Array
  marks: Uint8Array
}

/** For keys of one kind: numbers, or bigints. By open addressing: an entry is 17 bytes, or 29, and room for half more. */
export class AddressTable<K extends AddressKey> {
  readonly #words: number
  readonly #wordsOf: (key: K) => readonly number[]
  #capacity = CAPACITY_MIN
  #columns: Columns
  #size = 0

  /** @param words of 32 bits in a key */
  constructor(words: number, wordsOf: (key: K) => readonly number[]) {
    this.#words = words
    this.#wordsOf = wordsOf
    this.#columns = columnsFor(CAPACITY_MIN, words)
  }

  get size(): number {
    return this.#size
  }

  get(key: K): AddressEntry | undefined {
    return this.#entry(this.#slotOf(this.#wordsOf(key)))
  }

  /** Also marks the entry. @returns what was there before */
  set(key: K, { workload, suffix }: AddressEntry): AddressEntry | undefined {
    if ((this.#size + 1) * 3 > this.#capacity * 2) this.#grow()
    const words = this.#wordsOf(key)
    const slot = this.#slotOf(words)
    const before = this.#entry(slot)
    if (!before) this.#size++
    const { keys, workloads, suffixes, marks } = this.#columns
    keys.set(words, slot * this.#words)
    workloads[slot] = workload
    marks[slot] = 1
    const at = slot * SUFFIX_BYTES_MAX
    for (let i = 0; i < SUFFIX_BYTES_MAX; i++) suffixes[at + i] = suffix.charCodeAt(i) || 0
    return before
  }

  delete(key: K): void {
    const slot = this.#slotOf(this.#wordsOf(key))
    if (this.#workloadAt(slot) !== FREE) this.#vacate(slot)
  }

  /** No entry is marked from now on. */
  unmark(): void {
    this.#columns.marks.fill(0)
  }

  /** Deletes what is not marked. @param gone is told of each entry's workload */
  sweep(gone: (workload: number) => void): void {
    const { marks } = this.#columns
    for (let slot = 0; slot < this.#capacity; slot++) {
      // Another may move into its place.
      while (this.#workloadAt(slot) !== FREE && marks[slot] === 0) {
        gone(this.#workloadAt(slot))
        this.#vacate(slot)
      }
    }
  }

  #workloadAt(slot: number): number {
    return this.#columns.workloads[slot] ?? FREE
  }

  #entry(slot: number): AddressEntry | undefined {
    const workload = this.#workloadAt(slot)
    if (workload === FREE) return undefined
    const at = slot * SUFFIX_BYTES_MAX
    const bytes = this.#columns.suffixes.subarray(at, at + SUFFIX_BYTES_MAX)
    const end = bytes.indexOf(0)
    return { workload, suffix: String.fromCharCode(...(end === -1 ? bytes : bytes.subarray(0, end))) }
  }

  /** Where the key is, or would be. */
  #slotOf(words: readonly number[]): number {
    let slot = this.#home(words)
    while (this.#workloadAt(slot) !== FREE && !this.#isAt(slot, words)) slot = this.#next(slot)
    return slot
  }

  #isAt(slot: number, words: readonly number[]): boolean {
    const at = slot * this.#words
    return words.every((word, index) => this.#columns.keys[at + index] === word)
  }

  #home(words: ArrayLike<number>): number {
    let hash = 0
    for (let i = 0; i < words.length; i++) {
      hash = Math.imul(hash ^ (words[i] ?? 0), GOLDEN_RATIO)
      hash ^= hash >>> 15
    }
    return hash & (this.#capacity - 1)
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#capacity - 1)
  }

  /** Moves up what would no longer be found behind a free slot. */
  #vacate(slot: number): void {
    let free = slot
    for (let from = this.#next(free); this.#workloadAt(from) !== FREE; from = this.#next(from)) {
      const home = this.#home(keyAt(this.#columns, from, this.#words))
      const mask = this.#capacity - 1
      if (((from - home) & mask) < ((from - free) & mask)) continue
      this.#copy(this.#columns, from, free)
      free = from
    }
    this.#columns.workloads[free] = FREE
    this.#size--
  }

  #grow(): void {
    const old = this.#columns
    const oldCapacity = this.#capacity
    this.#capacity *= 2
    this.#columns = columnsFor(this.#capacity, this.#words)
    for (let from = 0; from < oldCapacity; from++) {
      if (old.workloads[from] === FREE) continue
      let slot = this.#home(keyAt(old, from, this.#words))
      while (this.#workloadAt(slot) !== FREE) slot = this.#next(slot)
      this.#copy(old, from, slot)
    }
  }

  #copy(source: Columns, from: number, to: number): void {
    const { keys, workloads, suffixes, marks } = this.#columns
    keys.set(keyAt(source, from, this.#words), to * this.#words)
    workloads[to] = source.workloads[from] ?? FREE
    marks[to] = source.marks[from] ?? 0
    const at = from * SUFFIX_BYTES_MAX
    suffixes.set(source.suffixes.subarray(at, at + SUFFIX_BYTES_MAX), to * SUFFIX_BYTES_MAX)
  }
}

function columnsFor(capacity: number, words: number): Columns {
  return {
    keys: new Int32Array(capacity * words),
    workloads: new Uint32Array(capacity),
    suffixes: new Uint8Array(capacity * SUFFIX_BYTES_MAX),
    marks: new Uint8Array(capacity),
  }
}

function keyAt({ keys }: Columns, slot: number, words: number): Int32Array {
  return keys.subarray(slot * words, (slot + 1) * words)
}

export function ipv4Table(): AddressTable<number> {
  return new AddressTable(1, (key) => [key])
}

export function ipv6Table(): AddressTable<bigint> {
  const word = (key: bigint, index: bigint) => Number(BigInt.asIntN(32, key >> (index * WORD_BITS)))
  return new AddressTable(4, (key) => [word(key, 3n), word(key, 2n), word(key, 1n), word(key, 0n)])
}
