/** Finds the other end of a local connection. Both ends of one share a shard, because their ring is the same. */
import { isLoopback } from './address.ts'
import type { ConnectionFacts, SocketAddress } from './connection.ts'

/** What the index has to know of an end. */
export interface LocalEnd {
  readonly facts: ConnectionFacts
  /** The end is closed; it can still be met by a partner that was accepted late. */
  readonly closed: boolean
  peer: LocalEnd | undefined
}

/** Ends by both addresses. Bounded: the oldest ends are forgotten first. */
export class EndpointIndex<End extends LocalEnd> {
  readonly #ends = new Map<string, End>()
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
    if (this.#ends.size > this.#maxEnds) this.#forgetOldest()
    const partner = this.#ends.get(this.#key(end, remote, local))
    if (partner !== undefined && partner !== end && this.#fits(partner)) introduce(end, partner)
  }

  /** Drops an end that is not to be met any more. */
  remove(end: End): void {
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
    for (const oldest of this.#ends.keys()) {
      this.#ends.delete(oldest)
      return
    }
  }
}

function introduce(one: LocalEnd, other: LocalEnd): void {
  one.peer = other
  other.peer = one
}
