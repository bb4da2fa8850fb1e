/** Waiting for conditions, always with a deadline: no test sleeps and hopes. */
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 10

/** Resolves with the first value of `probe` that is neither undefined nor false. @throws naming `what` at the deadline */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = 30_000,
): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`)
    await delay(POLL_MS)
  }
}
