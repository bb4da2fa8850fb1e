/** V8, set for a small process that runs for a long time. The numbers are in docs/decisions/0004-agent-memory.md. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const FLAGS = [
  // The middle compiler's threads keep what they took, 20 MiB; the top one takes over within seconds anyway.
  '--no-maglev',
  // Log entries live until their flush. Taken for long-lived after some time, they would fill the old generation.
  '--no-allocation-site-pretenuring',
  '--expose-gc',
]

/** To be called before there is any thread. */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}

/** Gives back what loading modules left behind, 10 MiB, which V8 would keep as room to grow. Takes some 20 ms. */
export function collectGarbage(): void {
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
