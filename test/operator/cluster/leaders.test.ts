/** Two replicas: one writes, and another only after it can no longer. */
import test from 'ava'
import { until } from '../../e2e/harness/until.ts'
import type { Fault, Passed } from './fault-proxy.ts'
import { Harness, type OperatorProcess } from './harness.ts'

let harness: Harness
const HAND_OVER_MS = 20_000

test.before(async () => {
  harness = await Harness.start()
  await harness.node('a1')
})

test.after.always(() => harness?.stop())

test.serial('two that start at once agree who leads, and neither calls it a failure', async (t) => {
  const one = await harness.operator('one')
  await until('one leads', () => leads(one), HAND_OVER_MS)
  // The other has looked before one made the lease.
  let looks = 0
  const fault = ({ method, path }: Passed): Fault => {
    if (method !== 'GET' || !path.includes('/leases/')) return undefined
    return looks++ === 0 ? { kind: 'status', status: 404 } : undefined
  }
  const two = await harness.operator('two', { fault })
  await until('two has looked again', () => looks > 1, HAND_OVER_MS)
  const tried = two.proxy.passed.filter(({ method, path }) => method === 'POST' && path.endsWith('/leases'))
  t.is(tried.length, 1)
  for (const { process } of [one, two]) t.notRegex(process.stderr, /"level":"(warn|error)"/)
  t.deepEqual([await leads(one), await leads(two)], [true, false])
  for (const { process } of [two, one]) await process.stop()
})

test.serial('the leader is killed: the other leads within 20 s, and only it had written', async (t) => {
  const one = await harness.operator('one')
  await until('one leads', () => leads(one), HAND_OVER_MS)
  const two = await harness.operator('two')
  await until('two is ready', () => isReady(two), HAND_OVER_MS)
  await harness.policy('first')
  await harness.assigned('a1', 'first')
  t.deepEqual(two.proxy.writes(), [])

  await one.process.stop('SIGKILL')
  const killedMs = performance.now()
  await harness.policy('second', { priority: 1 })
  await harness.assigned('a1', 'second', HAND_OVER_MS)
  t.true(performance.now() - killedMs <= HAND_OVER_MS)
  t.true(two.proxy.writes().every(({ atMs }) => atMs > killedMs))
  await two.process.stop()
})

test.serial('a leader that stops hands over at once', async (t) => {
  const one = await harness.operator('one')
  await until('one leads', () => leads(one), HAND_OVER_MS)
  const two = await harness.operator('two')
  await until('two is ready', () => isReady(two), HAND_OVER_MS)
  const stoppedMs = performance.now()
  await one.process.stop()
  await until('two leads', () => leads(two), HAND_OVER_MS)
  t.true(performance.now() - stoppedMs < 5_000)
  await two.process.stop()
})

test.serial(
  'a leader that cannot renew its lease stops writing before another begins, and lives',
  async (t) => {
    const one = await harness.operator('one')
    await until('one leads', () => leads(one), HAND_OVER_MS)
    const two = await harness.operator('two')
    await until('two is ready', () => isReady(two), HAND_OVER_MS)
    // Only the lease is out of reach: all its writes would still get through.
    one.proxy.fault = ({ path }) => (path.includes('leases') ? { kind: 'cut' } : undefined)
    // Changes all the time, so that who may write has to.
    let changes = 0
    const change = setInterval(() => void harness.policy('third', { flush: { maxCount: ++changes } }), 250)
    t.teardown(() => clearInterval(change))
    await until('two leads', () => leads(two), 2 * HAND_OVER_MS)
    t.false(await leads(one))
    await until('two writes', () => two.proxy.writes().length > 2, HAND_OVER_MS)
    clearInterval(change)
    const lastOfOne = Math.max(...one.proxy.writes().map(({ atMs }) => atMs))
    const firstOfTwo = Math.min(...two.proxy.writes().map(({ atMs }) => atMs))
    t.true(lastOfOne < firstOfTwo, `${lastOfOne} ${firstOfTwo}`)

    one.proxy.fault = () => undefined
    await two.process.stop()
    await until('one leads again', () => leads(one), HAND_OVER_MS)
    await one.process.stop()
  },
)

test.serial('an agent asks either replica whose an address is; nobody else is told', async (t) => {
  const one = await harness.operator('one')
  const two = await harness.operator('two')
  for (const replica of [one, two]) await until('it is ready', () => isReady(replica), HAND_OVER_MS)
  await harness.cluster.kubectl(['create', 'namespace', 'shop'])
  await harness.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
  })
  const path = '/api/v1/namespaces/shop/services/cart'
  const { spec } = await harness.api.json<{ spec: { clusterIP: string } }>({ path })
  const ask = async ({ addressesUrl }: OperatorProcess, token: string) => {
    const response = await fetch(`${addressesUrl}/v1/addresses`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ addresses: [spec.clusterIP] }),
    })
    const { addresses } = (await response.json()) as { addresses?: Record<string, { service: string }> }
    return `${response.status} ${addresses?.[spec.clusterIP]?.service ?? ''}`
  }
  const agent = await harness.token('agent', 'accesslog-operator')
  for (const replica of [one, two]) {
    await until('it knows the Service', async () => (await ask(replica, agent)) === '200 cart.shop')
    t.is(await ask(replica, await harness.token('agent')), '401 ')
    t.is(await ask(replica, await harness.token('operator', 'accesslog-operator')), '403 ')
    t.is(await ask(replica, 'no-token'), '401 ')
  }
})

async function leads({ healthUrl, process }: OperatorProcess): Promise<boolean> {
  if (process.gone) throw new Error(`the operator ended: ${process.stderr}`)
  const text = await fetch(`${healthUrl}/metrics`).then((response) => response.text())
  return /^accesslog_operator_leader 1$/m.test(text)
}

async function isReady({ healthUrl }: OperatorProcess): Promise<boolean> {
  return (await fetch(`${healthUrl}/readyz`)).ok
}
