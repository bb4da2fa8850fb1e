/** A map that holds what was touched last, and no more than it was allowed to. */
export class RecentMap<K, V> {
  readonly #capacity: number
  /** In order of the last touch, oldest first: a Map iterates in insertion order. */
  readonly #entries = new Map<K, V>()
  #evicted = 0

  /** @param capacity entries held at most, at least 1; one more forgets the one not touched for longest */
  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity)
  }

  get size(): number {
    return this.#entries.size
  }

  /** Entries forgotten because the map was full. */
  get evicted(): number {
    return this.#evicted
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** The value, which counts as a touch. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#capacity) this.#evictOldest()
    this.#entries.set(key, value)
  }

  /** Oldest touch first; iterating is no touch. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  #evictOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      this.#evicted += 1
      return
    }
  }
}
