/** Everything that is to be in force, from everything that is known. Pure. */
import type { NodeView, PolicyView } from '../gather/observed.ts'
import type { SecretView } from '../gather/secrets.ts'
import { type Accepted, type Judgement, judge } from './acceptance.ts'
import { type Assignment, type Competitor, type Share, assign } from './assign.ts'
import type { InstallDefaults } from './render.ts'
import { matches } from './selector.ts'

export interface ForceInput {
  policies: Iterable<PolicyView>
  nodes: Iterable<NodeView>
  defaults: InstallDefaults
  secret: (name: string) => SecretView
  /** What was in force of this very policy (by uid) until now. */
  lastGood: (policy: PolicyView) => Accepted | undefined
}

export interface Force extends Assignment {
  /** By policy; of one whose Secrets are not yet known, nothing new is judged. */
  judgements: Map<string, Judgement>
  /** Policies whose Secrets are not yet known. */
  undecided: Set<string>
}

/** A policy that was never accepted does not compete; one whose newest edit is refused competes as it was. */
export function inForce({ policies, nodes, defaults, secret, lastGood }: ForceInput): Force {
  const judgements = new Map<string, Judgement>()
  const undecided = new Set<string>()
  const competitors: Competitor[] = []
  const candidates = [...nodes]
  const idle = new Map<string, Share>()
  for (const policy of policies) {
    const before = lastGood(policy)
    const judgement = judge(policy, defaults, secret, before)
    if (judgement === undefined) undecided.add(policy.name)
    const { accepted, refusal } = judgement ?? { accepted: before, refusal: undefined }
    judgements.set(policy.name, { accepted, refusal })
    if (accepted) competitors.push({ name: policy.name, createdMs: policy.createdMs, ...accepted.selection })
    else idle.set(policy.name, wishOf(policy, candidates))
  }
  const { winners, shares } = assign(competitors, candidates)
  return { judgements, undecided, winners, shares: new Map([...shares, ...idle]) }
}

/** What a policy would like that does not compete. */
function wishOf({ spec: { active, nodeSelector } }: PolicyView, nodes: readonly NodeView[]): Share {
  const selected = active ? nodes.filter(({ labels }) => matches(nodeSelector, labels)).length : 0
  return { selected, governed: 0, overriddenBy: new Map() }
}
