/** What is known of one collection: of each object only what the operator needs. */
import { isDeepStrictEqual } from 'node:util'
import type { ApiObject, Sink } from './reflector.ts'

/** @param before undefined: it is new @param after undefined: it is gone */
export type StoreListener<T> = (name: string, before: T | undefined, after: T | undefined) => void

interface Entry<T> {
  value: T
  version: number
  listing: number
}

/** Objects by name, or as `keyOf` says. A change that the projection does not show is no change: its listener is not called. */
export class Store<T> implements Sink {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #project: (object: ApiObject) => T
  readonly #changed: StoreListener<T>
  readonly #keyOf: (object: ApiObject) => string
  #listing = 0
  #isListing = false

  constructor(
    project: (object: ApiObject) => T,
    changed: StoreListener<T>,
    keyOf = (object: ApiObject) => object.metadata.name,
  ) {
    this.#project = project
    this.#changed = changed
    this.#keyOf = keyOf
  }

  get size(): number {
    return this.#entries.size
  }

  get(name: string): T | undefined {
    return this.#entries.get(name)?.value
  }

  *[Symbol.iterator](): Generator<[string, T]> {
    for (const [name, { value }] of this.#entries) yield [name, value]
  }

  listing(): void {
    this.#listing++
    this.#isListing = true
  }

  /** Reports what went away while nobody watched. */
  listed(): void {
    this.#isListing = false
    for (const [name, { listing }] of this.#entries) if (listing !== this.#listing) this.#delete(name)
  }

  /**
   * Also takes what a write has answered, which may overtake the watch: an older version is not put over a newer one,
   * except by a list, because a restored server counts anew.
   */
  upsert(object: ApiObject): void {
    const name = this.#keyOf(object)
    const version = Number(object.metadata.resourceVersion)
    const entry = this.#entries.get(name)
    if (entry && !this.#isListing && version < entry.version) return
    const value = this.#project(object)
    this.#entries.set(name, { value, version, listing: this.#listing })
    if (!entry || !isDeepStrictEqual(entry.value, value)) this.#changed(name, entry?.value, value)
  }

  remove(object: ApiObject): void {
    const name = this.#keyOf(object)
    const entry = this.#entries.get(name)
    if (entry && Number(object.metadata.resourceVersion) >= entry.version) this.#delete(name)
  }

  #delete(name: string): void {
    const value = this.#entries.get(name)?.value
    if (this.#entries.delete(name)) this.#changed(name, value, undefined)
  }
}
