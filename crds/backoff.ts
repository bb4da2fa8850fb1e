/** How long to wait before trying again. Pure: randomness comes in, waiting is the caller's. */

export interface BackoffPolicy {
  /** Longest wait before the first retry. At least 1. */
  initialMs: number
  /** Longest wait of all. At least `initialMs`. */
  maxMs: number
}

/**
 * Exponential with "equal jitter": between half and all of min(maxMs, initialMs × 2^(failures - 1)), so that many
 * which lost the same server do not return at the same moment, and none returns at once.
 * @param failures attempts that failed in a row, at least 1
 * @param random uniform in [0, 1), for example Math.random
 */
export function backoffMs(failures: number, policy: BackoffPolicy, random: () => number): number {
  const ceilingMs = Math.min(policy.maxMs, policy.initialMs * 2 ** (failures - 1))
  return ceilingMs * (0.5 + random() / 2)
}
