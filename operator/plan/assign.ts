/** Which policy governs which node. Pure. */
import type { AccessLogPolicyNodeSelector } from '../../crds/gen/accesslogpolicy.ts'
import { type Labels, matches } from './selector.ts'

/** The part of a policy that competes for nodes. */
export interface Competitor {
  name: string
  /** An inactive one does not compete. */
  active: boolean
  priority: number
  /** `metadata.creationTimestamp` */
  createdMs: number
  nodeSelector: AccessLogPolicyNodeSelector
}

export interface Candidate {
  name: string
  labels: Labels
}

/**
 * What became of one policy's wish. governed + the sum of overriddenBy = selected, except of a policy that does not
 * compete: it gets nothing, and nobody takes it away.
 */
export interface Share {
  /** Nodes that its selector matches. */
  selected: number
  /** Nodes that it won. */
  governed: number
  /** Nodes that it lost, by the name of the winner. */
  overriddenBy: Map<string, number>
}

export interface Assignment {
  /** Of every node the policy that governs it; undefined: none selects it. */
  winners: Map<string, string | undefined>
  /** Of every competitor, inactive ones included. */
  shares: Map<string, Share>
}

/** Every node goes to one of the active policies that select it: the first in the order of {@link precedes}. */
export function assign(policies: Iterable<Competitor>, nodes: Iterable<Candidate>): Assignment {
  const ranked = [...policies].sort(precedes)
  const shares = new Map<string, Share>()
  for (const { name } of ranked) shares.set(name, { selected: 0, governed: 0, overriddenBy: new Map() })
  const competing = ranked.filter(({ active }) => active)
  const winners = new Map<string, string | undefined>()
  for (const node of nodes) winners.set(node.name, award(node, competing, shares))
  return { winners, shares }
}

/** Highest priority, then oldest, then first by name. Negative when `one` wins over `other`. */
export function precedes(one: Competitor, other: Competitor): number {
  if (one.priority !== other.priority) return other.priority - one.priority
  if (one.createdMs !== other.createdMs) return one.createdMs - other.createdMs
  return one.name < other.name ? -1 : 1
}

function award(
  node: Candidate,
  competing: readonly Competitor[],
  shares: Map<string, Share>,
): string | undefined {
  let winner: string | undefined
  for (const { name, nodeSelector } of competing) {
    if (!matches(nodeSelector, node.labels)) continue
    const share = shares.get(name)
    if (share === undefined) continue
    share.selected++
    if (winner === undefined) {
      winner = name
      share.governed++
    } else {
      share.overriddenBy.set(winner, (share.overriddenBy.get(winner) ?? 0) + 1)
    }
  }
  return winner
}
