/** The conservation law of the summary, checked from outside, and stricter than the law: here nothing may be lost. */
import type { CountsBy } from '../../../agent/report/counters.ts'
import type { Stage } from '../../../agent/report/summary.ts'

/** Sentences about what the summary does not explain or admits to have lost; none when all is well. */
export function conservationProblems(summary: Record<string, unknown>): string[] {
  const stages = summary['stages'] as Stage[] | undefined
  if (!Array.isArray(stages) || stages.length === 0) return [`no stages in ${JSON.stringify(summary)}`]
  return stages.flatMap((stage) => [...unexplained(stage), ...lost(stage)])
}

function unexplained({ stage, unit, seen, passed, filtered, folded, dropped, pending }: Stage): string[] {
  const explained = passed + sum(filtered) + folded + sum(dropped) + pending
  return seen === explained ? [] : [`${stage}: saw ${seen} ${unit}, explains ${explained}`]
}

function lost({ stage, unit, dropped, pending }: Stage): string[] {
  return Object.entries({ ...dropped, pending })
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${stage}: lost ${count} ${unit} for ${reason}`)
}

function sum(counts: CountsBy): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
