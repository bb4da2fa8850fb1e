/** What a policy's status says. Pure. */
import type { AccessLogPolicyStatus } from '../../crds/gen/accesslogpolicy.ts'
import type { Condition } from '../../crds/gen/meta.ts'
import type { Judgement } from './acceptance.ts'
import type { Share } from './assign.ts'

/** What the agents of the nodes that a policy governs have reported. */
export interface Progress {
  /** Agents that have applied the hash in force. */
  programmed: number
  /** Programmed and in state Active. */
  ready: number
  /** In state Degraded. */
  degraded: number
  /** Not heard of any more. */
  lost: number
}

export interface OutcomeInput {
  generation: number
  judgement: Judgement
  share: Share
  progress: Progress
  /** The status that is there. */
  previous: AccessLogPolicyStatus | undefined
  /** RFC 3339, whole seconds. */
  nowTime: string
}

type Verdict = Pick<Condition, 'message' | 'reason' | 'status'>

/** At most this many winners are named in a message. */
const WINNERS_MAX = 5

/** `lastTransitionTime` moves only when a condition's status does. */
export function policyStatus(input: OutcomeInput): AccessLogPolicyStatus {
  const { generation, judgement, share, progress } = input
  const { accepted } = judgement
  const overridden = [...share.overriddenBy.values()].reduce((sum, count) => sum + count, 0)
  const { programmed, ready } = progress
  const summary = `${ready}/${share.selected}`
  return {
    observedGeneration: generation,
    ...(accepted && { acceptedGeneration: accepted.generation }),
    ...(accepted && share.governed > 0 && { configHash: accepted.hash }),
    nodes: { selected: share.selected, programmed, ready, overridden, summary },
    conditions: [
      condition('Accepted', acceptedVerdict(judgement), input),
      condition('Programmed', programmedVerdict(input), input),
      condition('Ready', readyVerdict(input), input),
      condition('Degraded', degradedVerdict(progress), input),
    ],
  }
}

function condition(
  type: string,
  verdict: Verdict,
  { previous, generation, nowTime }: OutcomeInput,
): Condition {
  const before = previous?.conditions?.find((candidate) => candidate.type === type)
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : nowTime
  return { type, ...verdict, observedGeneration: generation, lastTransitionTime }
}

function acceptedVerdict({ accepted, refusal }: Judgement): Verdict {
  if (refusal === undefined) return verdict('True', 'Accepted', 'the policy is valid')
  const stays = accepted
    ? `generation ${accepted.generation} stays in force`
    : 'nothing of the policy is in force'
  return verdict('False', refusal.reason, `${refusal.message}; ${stays}`)
}

/** Why no node can be governed by the policy; undefined when some are. */
function idleVerdict({ judgement: { accepted }, share }: OutcomeInput): Verdict | undefined {
  if (accepted === undefined) return verdict('False', 'NotAccepted', 'the policy was never accepted')
  if (!accepted.selection.active) return verdict('False', 'Inactive', 'spec.active is false')
  if (share.selected === 0) return verdict('False', 'NoMatchingNodes', 'spec.nodeSelector selects no node')
  if (share.governed > 0) return undefined
  return verdict(
    'False',
    'Overridden',
    `every selected node is governed by another policy: ${winners(share)}`,
  )
}

function programmedVerdict(input: OutcomeInput): Verdict {
  const idle = idleVerdict(input)
  if (idle) return idle
  const { share, progress } = input
  const others = share.overriddenBy.size > 0 ? `; governed by another policy: ${winners(share)}` : ''
  const message = `${progress.programmed} of ${share.governed} nodes have applied the policy${others}`
  return progress.programmed === share.governed
    ? verdict('True', 'Programmed', message)
    : verdict('False', 'PartiallyProgrammed', message)
}

function readyVerdict(input: OutcomeInput): Verdict {
  const idle = idleVerdict(input)
  if (idle) return idle
  const { share, progress } = input
  const message = `${progress.ready} of ${share.governed} nodes capture by the policy`
  if (progress.ready === share.governed) return verdict('True', 'Ready', message)
  return verdict('False', progress.programmed === share.governed ? 'NodesNotActive' : 'NodesPending', message)
}

function degradedVerdict({ degraded, lost }: Progress): Verdict {
  if (degraded + lost === 0) return verdict('False', 'AsExpected', 'no node is degraded or lost')
  const parts = [
    ...(degraded > 0 ? [`${nodes(degraded)} degraded`] : []),
    ...(lost > 0 ? [`${nodes(lost)} lost`] : []),
  ]
  const reason = degraded > 0 ? 'NodesDegraded' : 'NodesLost'
  return verdict('True', reason, `${parts.join(', ')}: see kubectl get accesslogstatus`)
}

/** `gold (2 nodes), silver (1 node)`, most nodes first. */
function winners({ overriddenBy }: Share): string {
  const sorted = [...overriddenBy].sort(([one, n], [other, m]) => m - n || (one < other ? -1 : 1))
  const named = sorted.slice(0, WINNERS_MAX).map(([name, count]) => `${name} (${nodes(count)})`)
  const rest = sorted.length - named.length
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}

function nodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`
}

function verdict(status: Condition['status'], reason: string, message: string): Verdict {
  return { status, reason, message }
}
