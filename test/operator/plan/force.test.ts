import test from 'ava'
import type { PolicyView } from '../../../operator/gather/observed.ts'
import type { SecretView } from '../../../operator/gather/secrets.ts'
import { inForce } from '../../../operator/plan/force.ts'
import { policyStatus } from '../../../operator/plan/outcome.ts'
import { DEFAULTS, policySpec } from './policies.ts'

const NODES = ['a1', 'a2', 'b1'].map((name) => ({ name, uid: name, labels: { pool: name.slice(0, 1) } }))
const SECURED = { address: 'oap:11800', authentication: { secretRef: { name: 'token', key: 'token' } } }
const wanted = policySpec({
  priority: 9,
  nodeSelector: { matchLabels: { pool: 'a' } },
  backend: SECURED,
})

function statusOf(spec: PolicyView['spec'], secret: SecretView) {
  const policy = { name: 'gold', uid: 'g', generation: 1, createdMs: 1, spec }
  const other = { name: 'default', uid: 'd', generation: 1, createdMs: 0, spec: policySpec() }
  const force = inForce({
    policies: [policy, other],
    nodes: NODES.values(),
    defaults: DEFAULTS,
    secret: () => secret,
    lastGood: () => undefined,
  })
  const [judgement, share] = [force.judgements.get('gold'), force.shares.get('gold')]
  if (!judgement || !share) throw new Error('the plan does not know the policy')
  const { nodes } = policyStatus({
    generation: 1,
    judgement,
    share,
    progress: { programmed: 0, ready: 0, degraded: 0, lost: 0 },
    previous: undefined,
    nowTime: '2026-11-24T12:00:00Z',
  })
  return { winner: force.winners.get('a1'), nodes }
}

for (const [what, spec, secret, winner, selected] of [
  ['is accepted', wanted, new Set(['token']), 'gold', 2],
  ['was never accepted', wanted, 'missing', 'default', 2],
  ['cannot be judged yet', wanted, 'unknown', 'default', 2],
  ['was never accepted and is not active', { ...wanted, active: false }, 'missing', 'default', 0],
] as const) {
  test(`a policy that ${what} has ${selected} nodes selected, and ${winner} governs them`, (t) => {
    const status = statusOf(spec, secret)
    t.is(status.winner, winner)
    t.deepEqual(status.nodes, { selected, programmed: 0, ready: 0, overridden: 0, summary: `0/${selected}` })
  })
}
