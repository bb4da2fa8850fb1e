import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { emptyTally } from '../../../agent/logs/tally.ts'
import { collect } from '../../../agent/report/collect.ts'
import { HealthServer } from '../../../agent/report/health.ts'
import { Metrics, type MetricFacts } from '../../../agent/report/metrics.ts'

const FACTS: MetricFacts = {
  counters: undefined,
  capturing: true,
  controlled: false,
  backendConnected: true,
  processes: 7,
  excluded: { not_in_pod: 40 },
  configHash: 'abc',
  version: '0.1.0',
}

async function serving(t: ExecutionContext, notReady?: string, facts = FACTS) {
  const metrics = new Metrics(() => facts)
  const health = await HealthServer.listen('127.0.0.1:0', {
    notReady: () => notReady,
    metrics: () => metrics.text(),
  })
  t.teardown(() => health.close())
  return (path: string, method = 'GET') => fetch(`http://127.0.0.1:${health.port}${path}`, { method })
}

for (const [path, method, status, text] of [
  ['/livez', 'GET', 200, 'ok\n'],
  ['/livez?verbose', 'GET', 200, 'ok\n'],
  ['/readyz', 'GET', 503, 'not yet\n'],
  ['/nothing', 'GET', 404, 'there are /livez, /readyz and /metrics\n'],
  ['/livez', 'POST', 405, 'only GET\n'],
] as const) {
  test(`${method} ${path} of an agent that is not ready is ${status}`, async (t) => {
    const answer = await (await serving(t, 'not yet'))(path, method)
    t.deepEqual([answer.status, await answer.text()], [status, text])
  })
}

test('an agent that is ready says so', async (t) => {
  t.is((await (await serving(t))('/readyz')).status, 200)
})

test('the numbers in the form of Prometheus, asked for twice', async (t) => {
  const records = { received: 10, dropped: { queue_full: 2 } }
  const counters = collect({
    helperLives: [],
    records,
    shards: [emptyTally()],
    text: undefined,
    backend: undefined,
  })
  const ask = await serving(t, undefined, { ...FACTS, counters })
  await ask('/metrics')
  const answer = await ask('/metrics')
  t.regex(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const text = await answer.text()
  for (const line of [
    'accesslog_agent_capturing 1',
    'accesslog_agent_api_connected 0',
    'accesslog_agent_processes 7',
    'accesslog_agent_processes_excluded{reason="not_in_pod"} 40',
    'accesslog_agent_info{version="0.1.0",config_hash="abc"} 1',
    'accesslog_agent_stage_total{stage="agent",unit="records",outcome="passed",reason=""} 10',
    'accesslog_agent_stage_total{stage="agent",unit="records",outcome="dropped",reason="queue_full"} 2',
  ])
    t.true(text.includes(`${line}\n`), line)
})

test('a port that is taken is an error for the user', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const sources = { notReady: () => undefined, metrics: () => Promise.resolve('') }
  await t.throwsAsync(HealthServer.listen(`127.0.0.1:${port}`, sources), { code: 'HEALTH_PORT' })
})
