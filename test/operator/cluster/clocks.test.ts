/** Time: agents that fall silent, and clocks that are wrong. The operator's own clock is the test's where hours must pass. */
import { PassThrough } from 'node:stream'
import test from 'ava'
import { makeLogger } from '../../../operator/log.ts'
import { AccessLogOperator } from '../../../operator/operator.ts'
import { readOptions } from '../../../operator/options.ts'
import { GRACE_MS, LOST_AFTER_MS } from '../../../operator/plan/heartbeats.ts'
import { operatorMetrics } from '../../../operator/serve/metrics.ts'
import { until } from '../../e2e/harness/until.ts'
import { BACKEND, Harness, NAMESPACE, type OperatorProcess } from './harness.ts'

const HOUR_MS = 3_600_000
/** The operator looks for silent agents every 15 s, and folds reports into a policy's status every 5 s. */
const LOST_DEADLINE_MS = 40_000
const HAND_OVER_MS = 60_000
const STEP_MS = 100_000

let harness: Harness
let operator: AccessLogOperator
const fence = new AbortController()
let passedMs = 0

test.before(async () => {
  harness = await Harness.start()
  for (const node of ['silent', 'late', 'early', 'ticking', 'new']) await harness.node(node)
  await harness.policy('default')
  process.env['KUBECONFIG'] = await harness.kubeconfigFor('in-process')
  const backend = JSON.stringify({ address: BACKEND })
  const options = readOptions([], { POD_NAMESPACE: NAMESPACE, ACCESSLOG_BACKEND: backend }, 'test')
  const log = makeLogger('warn', new PassThrough().resume())
  operator = new AccessLogOperator(options, log, operatorMetrics(), () => performance.now() + passedMs)
  await operator.start()
  operator.lead(fence.signal)
  for (const node of ['silent', 'late', 'early']) await harness.assigned(node, 'default')
})

test.after.always(async () => {
  fence.abort()
  operator?.stop()
  await harness?.stop()
})

async function beat(node: string, lastHeartbeatTime: string, state = 'Active'): Promise<void> {
  const configHash = (await harness.getConfig('default'))?.spec.hash
  await harness.report(node, { state, configName: 'default', configHash, lastHeartbeatTime })
}

/** Time passes as it does: meanwhile the API server says something now and then, here of an agent that is alive. */
async function pass(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
    passedMs += Math.min(leftMs, STEP_MS)
    await beat('ticking', new Date(passedMs).toISOString())
    await until('the operator has heard it', () => operator.reportsSilentMs < STEP_MS / 2)
  }
}

const stateOf = async (node: string) => (await harness.getStatus(node))?.status?.state
const nodesOf = async () => (await harness.getPolicy('default'))?.status?.nodes

test.serial(
  'an agent that is not heard of for 11 minutes is lost, whatever the clocks of others say',
  async (t) => {
    await beat('silent', '2026-11-24T12:00:00Z')
    await beat('late', '1999-12-31T23:50:00Z')
    await beat('early', '2099-12-31T23:50:00Z')
    await pass(1)
    await until('four are ready', async () => (await nodesOf())?.ready === 4, LOST_DEADLINE_MS)

    await pass(LOST_AFTER_MS - 60_000)
    await beat('early', '2099-12-31T23:59:00Z')
    await beat('late', '1999-12-31T23:59:00Z', 'Degraded')
    // That the last of them is counted says that the operator has seen both.
    await harness.condition('default', 'Degraded', 'True NodesDegraded', LOST_DEADLINE_MS)
    t.is(await stateOf('silent'), 'Active', 'ten minutes are not enough')

    await pass(90_000)
    await until('it is lost', async () => (await stateOf('silent')) === 'Lost', LOST_DEADLINE_MS)
    const message = async () =>
      (await harness.getPolicy('default'))?.status?.conditions?.find(({ type }) => type === 'Degraded')
        ?.message
    await until(
      'the policy says so',
      async () => (await message())?.startsWith('1 node degraded, 1 node lost'),
      LOST_DEADLINE_MS,
    )
    t.is((await nodesOf())?.ready, 2)
    t.deepEqual([await stateOf('late'), await stateOf('early')], ['Degraded', 'Active'])
    t.is(await stateOf('new'), undefined, 'an agent that was never heard of is not lost')
  },
)

test.serial('an agent that is lost is heard of again', async (t) => {
  await beat('silent', '2026-11-24T12:30:00Z')
  await beat('late', '2000-01-01T00:04:00Z')
  await harness.condition('default', 'Degraded', 'False AsExpected', LOST_DEADLINE_MS)
  t.is(await stateOf('silent'), 'Active')
  t.is((await nodesOf())?.ready, 4)
})

test.serial(
  'after an API server that was away for long, who is heard of within a heartbeat is not lost',
  async (t) => {
    t.timeout(4 * HAND_OVER_MS)
    await harness.cluster.apiServer.kill9()
    passedMs += 2 * LOST_AFTER_MS
    await harness.cluster.restartApiServer()
    await until('the operator hears again', () => operator.reportsSilentMs < LOST_AFTER_MS, HAND_OVER_MS)
    await beat('late', '2000-01-01T00:30:00Z', 'Degraded')
    await harness.condition('default', 'Degraded', 'True NodesDegraded', LOST_DEADLINE_MS)
    await pass(GRACE_MS - STEP_MS)
    await beat('late', '2000-01-01T00:36:00Z')
    await beat('early', '2099-12-31T23:59:59Z', 'Degraded')
    await harness.condition('default', 'Degraded', 'True NodesDegraded', LOST_DEADLINE_MS)
    t.is(await stateOf('silent'), 'Active', 'it has a little time left')
    await pass(STEP_MS)
    await until(
      'who was not heard of is lost',
      async () => (await stateOf('silent')) === 'Lost',
      LOST_DEADLINE_MS,
    )
    t.deepEqual([await stateOf('late'), await stateOf('early')], ['Active', 'Degraded'])
    await beat('early', '2100-01-01T00:00:00Z')
  },
)

test.serial('the status of a node that is gone goes, and is not counted as lost', async (t) => {
  await harness.remove('node', 'silent')
  await until('its status is gone', async () => (await harness.getStatus('silent')) === undefined)
  await until('three are ready', async () => (await nodesOf())?.ready === 3, LOST_DEADLINE_MS)
  await harness.condition('default', 'Degraded', 'False AsExpected')
  t.pass()
})

for (const [what, offsetMs] of [
  ['behind', -3 * HOUR_MS],
  ['ahead', 3 * HOUR_MS],
] as const) {
  test.serial(
    `a replica whose clock is three hours ${what} leads in its turn, and does not depose who lives`,
    async (t) => {
      t.timeout(5 * HAND_OVER_MS)
      const replicas: OperatorProcess[] = []
      t.teardown(async () => {
        for (const { process } of replicas) {
          if (!t.passed) t.log(process.stderr.slice(-4000))
          await process.stop('SIGKILL')
        }
      })
      fence.abort() // from here on replicas decide by their lease
      const right = await harness.operator(`right-${what}`)
      await until('the right one leads', () => /this replica leads/.test(right.process.stderr), HAND_OVER_MS)
      replicas.push(right)
      const wrong = await harness.operator(`wrong-${what}`, { clockOffsetMs: offsetMs })
      const seen = () => wrong.proxy.passed.filter(({ path }) => path.includes('/leases/')).length
      replicas.push(wrong)
      // A lease is taken over after 15 s without a sign of life; it looks every 2 s.
      await until('it has looked at the lease for longer than that', () => seen() > 9, HAND_OVER_MS)
      t.deepEqual(wrong.proxy.writes(), [])
      t.notRegex(wrong.process.stderr, /this replica leads/)

      await right.process.stop('SIGKILL')
      await harness.policy(`by-${what}`, { priority: 9 })
      await harness.assigned('new', `by-${what}`, HAND_OVER_MS)
      await harness.remove('accesslogpolicy', `by-${what}`)
      await harness.assigned('new', 'default', HAND_OVER_MS)
    },
  )
}
