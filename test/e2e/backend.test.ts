import test, { type ExecutionContext } from 'ava'
import { AgentRun } from './harness/agent.ts'
import { ab, curl } from './harness/clients.ts'
import { conservationProblems } from './harness/conservation.ts'
import { Nginx } from './harness/nginx.ts'
import { freePort } from './harness/ports.ts'
import { ReceiverRun } from './harness/receiver.ts'
import { difference, serverLogs } from './harness/rows.ts'
import { served } from './harness/server.ts'
import { until } from './harness/until.ts'

const FLUSH_OFTEN = { ROVER_ACCESS_LOG_FLUSH_PERIOD: '200ms' }

async function start(t: ExecutionContext, port: number): Promise<{ nginx: Nginx; agent: AgentRun }> {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const pids = nginx.pids.flatMap((pid) => ['--pid', String(pid)])
  const agent = new AgentRun([...pids, '--backend', `127.0.0.1:${port}`], FLUSH_OFTEN)
  t.teardown(() => agent.process.stop('SIGKILL'))
  await agent.ready()
  return { nginx, agent }
}

async function startReceiver(t: ExecutionContext, port: number): Promise<ReceiverRun> {
  const receiver = await ReceiverRun.start(port)
  t.teardown(() => receiver.process.stop('SIGKILL'))
  return receiver
}

test.serial(
  '2000 requests arrive at the backend as the server logged them, nothing is rejected',
  async (t) => {
    const port = await freePort()
    const receiver = await startReceiver(t, port)
    const { nginx, agent } = await start(t, port)
    await ab('-k', '-n', '2000', '-c', '50', `${nginx.url}/small.txt`)
    await served(nginx, 2000)
    const { logs, summary } = await agent.stop()
    t.deepEqual(conservationProblems(summary), [])
    const received = receiver.rows(nginx.port)
    const { httpLogs, kernelLogs, rejected } = await receiver.stop()
    t.deepEqual(rejected, {})
    t.deepEqual(difference(nginx.rows(), received), [])
    t.is(httpLogs, serverLogs(logs, nginx.port).length)
    t.is(kernelLogs, logs.filter((log) => log.kind !== 'http').length)
  },
)

test.serial('a backend that comes after the traffic still gets its logs', async (t) => {
  const port = await freePort()
  const { nginx, agent } = await start(t, port)
  await curl(`${nginx.url}/small.txt`, `${nginx.url}/return`, `${nginx.url}/missing`)
  await served(nginx, 3)
  await until('a report', () => agent.process.stderr.includes(`127.0.0.1:${port}`))
  const receiver = await startReceiver(t, port)
  await receiver.received(nginx.port, 3)
  const { summary } = await agent.stop()
  t.deepEqual(conservationProblems(summary), [])
  t.deepEqual(difference(nginx.rows(), receiver.rows(nginx.port)), [])
})

test.serial('a backend that is restarted in the middle gets the rest', async (t) => {
  const port = await freePort()
  const first = await startReceiver(t, port)
  const { nginx, agent } = await start(t, port)
  await curl(`${nginx.url}/small.txt`)
  await first.received(nginx.port, 1)
  await first.process.stop('SIGKILL')
  await until('a report', () => /BACKEND_UNREACHABLE/.test(agent.process.stderr))
  await curl(`${nginx.url}/return`, `${nginx.url}/missing`)
  await served(nginx, 3)
  const second = await startReceiver(t, port)
  await second.received(nginx.port, 2)
  const { summary } = await agent.stop()
  t.deepEqual(conservationProblems(summary), [])
  // The protocol confirms nothing before the end of a stream: what the first one took may be told again.
  const told = difference(nginx.rows().slice(1), second.rows(nginx.port))
  t.true(told.length === 0 || told.join().startsWith('unexpected 1 × GET /small.txt 200'), told.join())
  t.deepEqual((await second.stop()).rejected, {}, 'node and connection are told again')
})
