/** Waiting for conditions, always with a deadline. */
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20

/** Resolves once `probe` is true. @throws at the deadline, with what was waited for and `explain()` */
export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  deadlineMs: number,
  explain: () => string | Promise<string> = () => '',
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms\n${await explain()}`)
    await delay(POLL_MS)
  }
}
