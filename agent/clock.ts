/** The two clocks: CLOCK_MONOTONIC of the records, CLOCK_REALTIME of the logs. */

const NS_PER_MS = 1_000_000n

/**
 * CLOCK_REALTIME minus CLOCK_MONOTONIC in nanoseconds. JavaScript tells the real time in milliseconds only, so this
 * waits, at most one of them, for the next to begin: then both clocks are known to a few microseconds.
 */
export function bootTimeNs(): bigint {
  const before = Date.now()
  let now = before
  while (now === before) now = Date.now()
  return BigInt(now) * NS_PER_MS - process.hrtime.bigint()
}

/** CLOCK_MONOTONIC as the records have it: nanoseconds since boot, without those of suspension. */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint())
}
