/** V8, set for a process that reads much once and keeps little. The numbers are in docs/decisions/0012. */
import { setFlagsFromString } from 'node:v8'

const FLAGS = [
  // Collects sooner than it grows: a cluster is read page by page, and nothing of a page is kept.
  '--optimize-for-size',
  // MiB. What survives a page's reading is not put where it stays.
  '--max-semi-space-size=2',
]

/** To be called before anything is read. */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
