/** V8, set for a small process that runs for a long time. The numbers are in docs/decisions/0004-agent-memory.md. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const FLAGS = [
  // The threads of the middle compiler keep what it took, 13 MiB; the top compiler takes over within seconds anyway.
  '--no-maglev',
  // Log entries live until their flush. Once that is taken for a long life they are put where they stay for seconds.
  '--no-allocation-site-pretenuring',
  // The old generation may double before it is collected; by default it grows to four times what is alive.
  '--heap-growing-percent=100',
  // Gives contexts made from now on the function that `collectGarbage` calls.
  '--expose-gc',
]

/** To be called before there is any thread. */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}

/** Gives back what loading modules left behind, which V8 would keep as room to grow. After `tuneEngine`. */
export function collectGarbage(): void {
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
