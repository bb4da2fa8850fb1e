import test from 'ava'
import type { NodeReport } from '../../../operator/gather/observed.ts'
import { transitions } from '../../../operator/objects/event.ts'
import type { Judgement } from '../../../operator/plan/acceptance.ts'
import { type OutcomeInput, policyStatus } from '../../../operator/plan/outcome.ts'
import { progress } from '../../../operator/plan/progress.ts'
import { render } from '../../../operator/plan/render.ts'
import { DEFAULTS, policySpec } from './policies.ts'

const content = render(policySpec(), DEFAULTS)
if (!content) throw new Error('the default policy cannot be rendered')
const accepted = {
  generation: 1,
  selection: { active: true, priority: 0, nodeSelector: {} },
  content,
  hash: 'h',
}
const refusal = { reason: 'SecretNotFound', message: 'Secret "x" does not exist' } as const
const none = new Map<string, number>()

function status(changes: Partial<OutcomeInput> = {}) {
  return policyStatus({
    generation: 2,
    judgement: { accepted, refusal: undefined },
    share: { selected: 3, governed: 3, overriddenBy: none },
    progress: { programmed: 3, ready: 3, degraded: 0, lost: 0 },
    previous: undefined,
    nowTime: '2026-11-24T12:00:00Z',
    ...changes,
  })
}

const inactive: Judgement = {
  accepted: { ...accepted, selection: { ...accepted.selection, active: false } },
  refusal: undefined,
}

const CASES: [string, Partial<OutcomeInput>, string[], RegExp][] = [
  [
    'all nodes capture',
    {},
    ['True Accepted', 'True Programmed', 'True Ready', 'False AsExpected'],
    /^3 of 3 nodes have/,
  ],
  [
    'some agents have not applied it yet',
    { progress: { programmed: 1, ready: 1, degraded: 0, lost: 0 } },
    ['True Accepted', 'False PartiallyProgrammed', 'False NodesPending', 'False AsExpected'],
    /^1 of 3 nodes have/,
  ],
  [
    'a node is degraded and one is lost',
    { progress: { programmed: 2, ready: 1, degraded: 1, lost: 1 } },
    ['True Accepted', 'False PartiallyProgrammed', 'False NodesPending', 'True NodesDegraded'],
    /^2 of 3/,
  ],
  [
    'some nodes are won by others, who are named',
    {
      share: {
        selected: 6,
        governed: 3,
        overriddenBy: new Map([
          ['silver', 1],
          ['gold', 2],
        ]),
      },
    },
    ['True Accepted', 'True Programmed', 'True Ready', 'False AsExpected'],
    /governed by another policy: gold \(2 nodes\), silver \(1 node\)$/,
  ],
  [
    'all nodes are won by others',
    { share: { selected: 2, governed: 0, overriddenBy: new Map([['gold', 2]]) } },
    ['True Accepted', 'False Overridden', 'False Overridden', 'False AsExpected'],
    /gold \(2 nodes\)$/,
  ],
  [
    'no node is selected',
    { share: { selected: 0, governed: 0, overriddenBy: none } },
    ['True Accepted', 'False NoMatchingNodes', 'False NoMatchingNodes', 'False AsExpected'],
    /nodeSelector/,
  ],
  [
    'it is inactive',
    { judgement: inactive },
    ['True Accepted', 'False Inactive', 'False Inactive', 'False AsExpected'],
    /active/,
  ],
  [
    'it was never accepted',
    { judgement: { accepted: undefined, refusal } },
    ['False SecretNotFound', 'False NotAccepted', 'False NotAccepted', 'False AsExpected'],
    /never/,
  ],
  [
    'an edit is refused, the last good one is in force',
    { judgement: { accepted, refusal } },
    ['False SecretNotFound', 'True Programmed', 'True Ready', 'False AsExpected'],
    /^3 of 3/,
  ],
]

for (const [what, changes, verdicts, programmed] of CASES) {
  test(`policy status: ${what}`, (t) => {
    const { conditions = [] } = status(changes)
    t.deepEqual(
      conditions.map(({ type }) => type),
      ['Accepted', 'Programmed', 'Ready', 'Degraded'],
    )
    t.deepEqual(
      conditions.map((condition) => `${condition.status} ${condition.reason}`),
      verdicts,
    )
    t.regex(conditions[1]?.message ?? '', programmed)
  })
}

test('the refusal says which generation stays in force, and so does the status', (t) => {
  const { conditions, acceptedGeneration, observedGeneration } = status({ judgement: { accepted, refusal } })
  t.is(conditions?.[0]?.message, 'Secret "x" does not exist; generation 1 stays in force')
  t.deepEqual({ acceptedGeneration, observedGeneration }, { acceptedGeneration: 1, observedGeneration: 2 })
})

test('nodes are counted and summed up', (t) => {
  const share = { selected: 6, governed: 3, overriddenBy: new Map([['gold', 3]]) }
  t.deepEqual(status({ share, progress: { programmed: 2, ready: 1, degraded: 1, lost: 1 } }).nodes, {
    selected: 6,
    programmed: 2,
    ready: 1,
    overridden: 3,
    summary: '1/6',
  })
})

test('a condition keeps its time until its status changes', (t) => {
  const previous = status()
  const later = '2026-11-24T13:00:00Z'
  t.deepEqual(status({ previous, nowTime: later }), previous)
  const changed = status({
    previous,
    nowTime: later,
    progress: { programmed: 3, ready: 2, degraded: 0, lost: 0 },
  })
  const times = changed.conditions?.map(({ lastTransitionTime }) => lastTransitionTime === later)
  t.deepEqual(times, [false, false, true, false])
})

test('users are told once of what they must know: refusal, recovery, defeat, degradation', (t) => {
  const told = (before: Partial<OutcomeInput> | undefined, after: Partial<OutcomeInput>) =>
    transitions((before && status(before).conditions) ?? [], status(after).conditions ?? []).map(
      ({ type, reason }) => `${type} ${reason}`,
    )
  const refused = { judgement: { accepted, refusal } }
  const beaten = { share: { selected: 2, governed: 0, overriddenBy: new Map([['gold', 2]]) } }
  const degraded = { progress: { programmed: 3, ready: 2, degraded: 1, lost: 0 } }
  t.deepEqual(told(undefined, {}), [])
  t.deepEqual(told(undefined, refused), ['Warning SecretNotFound'])
  t.deepEqual(told(refused, refused), [])
  t.deepEqual(told(refused, {}), ['Normal Accepted'])
  t.deepEqual(told({}, beaten), ['Warning Overridden'])
  t.deepEqual(told({}, degraded), ['Warning NodesDegraded'])
})

function report(changes: Partial<NodeReport>): NodeReport {
  const base = { uid: 'u', nodeUid: 'n', configName: 'p', appliedName: 'p', appliedHash: 'h', heartbeat: 't' }
  return { ...base, state: 'Active', ...changes }
}

test('only agents that have applied the hash in force count as programmed, and only active ones as ready', (t) => {
  const reports = new Map([
    ['ready', report({})],
    ['old hash', report({ appliedHash: 'g' })],
    ['other policy', report({ appliedName: 'q' })],
    ['degraded', report({ state: 'Degraded' })],
    ['lost', report({ state: 'Lost' })],
  ])
  const winners = new Map([...reports.keys(), 'silent'].map((node) => [node, 'p']))
  const counts = progress([...winners, ['free', undefined]], reports, () => 'h')
  t.deepEqual([...counts], [['p', { programmed: 2, ready: 1, degraded: 1, lost: 1 }]])
})
