/** Folds what agents report into a count for each policy. Pure. */
import type { NodeReport } from '../gather/observed.ts'
import type { Progress } from './outcome.ts'

/**
 * @param winners the policy that governs each node
 * @param reports by node
 * @param hashOf the hash in force of a policy
 */
export function progress(
  winners: Iterable<[string, string | undefined]>,
  reports: { get(node: string): NodeReport | undefined },
  hashOf: (policy: string) => string | undefined,
): Map<string, Progress> {
  const result = new Map<string, Progress>()
  for (const [node, policy] of winners) {
    if (policy === undefined) continue
    const counts = result.get(policy) ?? { programmed: 0, ready: 0, degraded: 0, lost: 0 }
    result.set(policy, counts)
    const report = reports.get(node)
    if (report) count(counts, report, policy, hashOf(policy))
  }
  return result
}

/** A lost agent's last words about its config no longer count. */
function count(counts: Progress, report: NodeReport, policy: string, hash: string | undefined): void {
  if (report.state === 'Lost') {
    counts.lost++
    return
  }
  if (report.state === 'Degraded') counts.degraded++
  const isProgrammed = report.appliedName === policy && report.appliedHash === hash && hash !== undefined
  if (!isProgrammed) return
  counts.programmed++
  if (report.state === 'Active') counts.ready++
}
