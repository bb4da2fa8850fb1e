/** Finds the other end of a local connection. Both ends of one share a shard, because their ring is the same. */
import { isLoopback } from './address.ts'
import type { ConnectionFacts, SocketAddress } from './connection.ts'

/** What the index has to know of an end. */
export interface LocalEnd {
  readonly facts: ConnectionFacts
  /** No partner has to be found for it any more, except one that was accepted late. */
  readonly closed: boolean
  peer: LocalEnd | undefined
}

/** Closed ends that wait for a partner that is accepted late. Most have theirs on another machine. */
const CLOSED_MAX = 4096

/** Ends by both addresses. Bounded: the oldest ends are forgotten first, and the closed ones soon. */
export class EndpointIndex<End extends LocalEnd> {
  readonly #ends = new Map<string, End>()
  /** Of them, those that are closed, in the order in which they were. */
  readonly #closed = new Set<End>()
  readonly #maxEnds: number

  constructor(maxEnds: number) {
    this.#maxEnds = maxEnds
  }

  get size(): number {
    return this.#ends.size
  }

  /** Adds an end, and introduces it to its partner when that is known. */
  add(end: End): void {
    const { local, remote } = end.facts
    const key = this.#key(end, local, remote)
    this.#ends.delete(key)
    this.#ends.set(key, end)
    const partner = this.#ends.get(this.#key(end, remote, local))
    if (partner !== undefined && partner !== end && this.#fits(partner)) {
      introduce(end, partner)
      if (partner.closed) this.remove(partner)
    }
    if (this.#ends.size > this.#maxEnds) this.#forgetOldest()
  }

  /** The end is closed: it goes at once when it has its partner, else a little later. */
  close(end: End): void {
    if (end.peer !== undefined) return this.remove(end)
    this.#closed.add(end)
    if (this.#closed.size <= CLOSED_MAX) return
    for (const oldest of this.#closed) return this.remove(oldest)
  }

  /** Drops an end that is not to be met any more. */
  remove(end: End): void {
    this.#closed.delete(end)
    const key = this.#key(end, end.facts.local, end.facts.remote)
    if (this.#ends.get(key) === end) this.#ends.delete(key)
  }

  /** A closed end that had its partner belongs to an earlier connection between the same ports. */
  #fits(partner: End): boolean {
    return !partner.closed || partner.peer === undefined
  }

  #key(end: End, from: SocketAddress, to: SocketAddress): string {
    const scope = isLoopback(from.address) ? end.facts.netns : 0
    return `${scope} ${from.address} ${from.port} ${to.address} ${to.port}`
  }

  #forgetOldest(): void {
    for (const oldest of this.#ends.values()) return this.remove(oldest)
  }
}

function introduce(one: LocalEnd, other: LocalEnd): void {
  one.peer = other
  other.peer = one
}
