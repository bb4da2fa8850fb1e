/** How fast writes may follow each other. Pure: the clock comes in, waiting is the caller's. */

export interface BucketLimits {
  /** Writes in the long run. */
  perSecond: number
  /** Writes at once after a pause. */
  burst: number
}

export class TokenBucket {
  readonly #limits: BucketLimits
  #tokens: number
  #atMs: number

  /** @param nowMs of a clock that never goes back */
  constructor(limits: BucketLimits, nowMs: number) {
    this.#limits = limits
    this.#tokens = limits.burst
    this.#atMs = nowMs
  }

  /** Takes a token, if need be one of the future. @returns how long to wait before using it, in milliseconds */
  take(nowMs: number): number {
    const { perSecond, burst } = this.#limits
    const earned = ((nowMs - this.#atMs) / 1000) * perSecond
    this.#tokens = Math.min(burst, this.#tokens + earned) - 1
    this.#atMs = nowMs
    return this.#tokens >= 0 ? 0 : (-this.#tokens / perSecond) * 1000
  }
}
