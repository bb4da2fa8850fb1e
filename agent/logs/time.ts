/** CLOCK_MONOTONIC to wall-clock text. */

const NS_PER_S = 1_000_000_000

/**
 * RFC 3339 with nanoseconds in UTC. The boot time is taken apart once, because wall-clock nanoseconds do not fit
 * into a double; the text of the current second is kept, because logs come in order.
 */
export class WallClock {
  readonly #bootSeconds: number
  readonly #bootNs: number
  #second = Number.NaN
  #text = ''

  /** @param bootTimeNs CLOCK_REALTIME minus CLOCK_MONOTONIC */
  constructor(bootTimeNs: bigint) {
    this.#bootSeconds = Number(bootTimeNs / BigInt(NS_PER_S))
    this.#bootNs = Number(bootTimeNs % BigInt(NS_PER_S))
  }

  /** `2026-01-31T12:00:00.123456789Z` */
  rfc3339(monotonicNs: number): string {
    const seconds = Math.floor(monotonicNs / NS_PER_S)
    let ns = monotonicNs - seconds * NS_PER_S + this.#bootNs
    let second = this.#bootSeconds + seconds
    if (ns >= NS_PER_S) {
      ns -= NS_PER_S
      second++
    }
    return `${this.#secondText(second)}.${String(ns).padStart(9, '0')}Z`
  }

  /** `12:00:00.123`, UTC. */
  clock(monotonicNs: number): string {
    return this.rfc3339(monotonicNs).slice(11, 23)
  }

  #secondText(second: number): string {
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toISOString().slice(0, 19)
    }
    return this.#text
  }
}
