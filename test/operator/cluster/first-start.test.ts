/** An operator that finds nothing done yet: nodes are told what to do before the pods of the cluster are read. */
import test from 'ava'
import { until } from '../../e2e/harness/until.ts'
import type { Fault, Passed } from './fault-proxy.ts'
import { Harness, type OperatorProcess } from './harness.ts'

const NODES = Array.from({ length: 40 }, (_, index) => `node-${index}`)
const DEADLINE_MS = 40_000

let harness: Harness
let operator: OperatorProcess | undefined

test.before(async () => {
  harness = await Harness.start()
  for (const name of NODES) await harness.node(name)
})

test.after.always(() => harness?.stop())

test.afterEach.always(async (t) => {
  if (!t.passed) t.log(operator?.process.stderr.slice(-4000))
  await operator?.process.stop('SIGTERM')
})

const isAssignment = ({ method, path }: Passed) => method === 'PATCH' && path.includes('/accesslogstatuses/')
const isPodList = ({ method, path }: Passed) => method === 'GET' && path === '/api/v1/pods'

/** Every node is told something new by an operator that meets the fault from its first request on. */
async function start(policy: string, fault: (request: Passed) => Fault): Promise<OperatorProcess> {
  await harness.policy(policy, { priority: 100 + Number(policy.slice(-1)) })
  operator = await harness.operator(policy, { fault })
  return operator
}

const allAssigned = async (policy: string) => {
  for (const name of NODES) await harness.assigned(name, policy, DEADLINE_MS)
}

test.serial('every node is assigned before the first pod is read', async (t) => {
  const slow: Fault = { kind: 'slow', delayMs: 200 }
  const { proxy, healthUrl } = await start('first-1', (request) => (isAssignment(request) ? slow : undefined))
  await until('the operator is ready', async () => (await fetch(`${healthUrl}/readyz`)).ok, DEADLINE_MS)
  const pods = proxy.passed.findIndex(isPodList)
  t.is(proxy.passed.slice(0, pods).filter(isAssignment).length, NODES.length)
  t.is(proxy.passed.slice(pods).filter(isAssignment).length, 0)
  await allAssigned('first-1')
})

test.serial('every node is assigned when pods cannot be read at all', async (t) => {
  const { healthUrl } = await start('first-2', (request) =>
    isPodList(request) ? { kind: 'status', status: 500 } : undefined,
  )
  await allAssigned('first-2')
  t.is((await fetch(`${healthUrl}/readyz`)).status, 503)
})

test.serial('pods are read when the assignments of nodes are refused', async (t) => {
  const { healthUrl } = await start('first-3', (request) =>
    isAssignment(request) ? { kind: 'status', status: 500 } : undefined,
  )
  await until('the operator is ready', async () => (await fetch(`${healthUrl}/readyz`)).ok, DEADLINE_MS)
  t.is((await harness.getStatus(NODES[0] ?? ''))?.spec.configRef?.name, 'first-2')
})
