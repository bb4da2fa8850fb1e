import test, { type ExecutionContext } from 'ava'
import { AgentRun } from '../harness/agent.ts'
import { curl, h2load } from '../harness/clients.ts'
import { conservationProblems } from '../harness/conservation.ts'
import { GoClient, buildGo } from '../harness/go-program.ts'
import { clientLogs, difference, serverLogs, toRow } from '../harness/rows.ts'
import { expectServerLog, observe } from '../harness/scenario.ts'
import { ScriptServer } from '../harness/script-server.ts'
import { served } from '../harness/server.ts'

let binary: string

test.before(async (t) => {
  t.timeout(120_000, 'go build')
  binary = await buildGo('h2c')
})

async function start(t: ExecutionContext): Promise<ScriptServer> {
  const server = await ScriptServer.go(binary)
  t.teardown(() => server.stop())
  return server
}

async function connect(
  t: ExecutionContext,
  server: ScriptServer,
  count: number,
  parallel: number,
): Promise<GoClient> {
  const client = await GoClient.start(binary, server.url, String(count), String(parallel))
  t.teardown(() => client.stop())
  return client
}

test.serial('curl and h2load to net/http', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 1003, async () => {
    await curl('--http2-prior-knowledge', `${server.url}/bytes/100000`)
    await curl('--http2-prior-knowledge', '-d', 'body', `${server.url}/upload`)
    await curl('--http2-prior-knowledge', `${server.url}/status/404`)
    await h2load('-n', '1000', '-c', '4', '-m', '50', `${server.url}/bytes/500`)
  })
})

test.serial('net/http to net/http: both ends of 500 requests on one connection', async (t) => {
  const server = await start(t)
  const client = await connect(t, server, 25, 20)
  const { logs } = await observe(t, [...server.pids, client.pid], async () => {
    await client.ask('/bytes/1')
    await served(server, 500)
  })
  t.deepEqual(difference(server.rows(), serverLogs(logs, server.port).map(toRow)), [])
  t.deepEqual(difference(server.rows(), clientLogs(logs, server.port).map(toRow)), [])
  t.deepEqual(
    logs.filter(({ incomplete }) => incomplete),
    [],
  )
})

test.serial(
  'on a connection that is older than the agent, both ends: the table heals as it is used',
  async (t) => {
    const server = await start(t)
    const client = await connect(t, server, 10, 1)
    await client.ask('/bytes/1')
    await served(server, 10)
    const agent = await AgentRun.watching([...server.pids, client.pid])
    t.teardown(() => agent.process.stop('SIGKILL'))
    await client.ask('/bytes/1') // known to the table from before
    await client.ask('/bytes/2') // put into it now, by Go's encoder
    await client.ask('/bytes/2')
    await served(server, 40)
    const { logs, summary } = await agent.stop()
    t.deepEqual(conservationProblems(summary), [])
    const rows = server.rows().slice(10)
    for (const seen of [serverLogs(logs, server.port), clientLogs(logs, server.port)]) {
      t.is(seen.length, 30)
      t.true(seen.every(({ request, response }) => request.method === 'POST' && response.status === 200))
      const known = seen.filter(({ request }) => request.path !== '')
      t.true(known.length >= 20, `${known.length} paths are known`)
      const unexpected = difference(rows, known.map(toRow)).filter((line) => line.startsWith('unexpected'))
      t.deepEqual(unexpected, [])
    }
  },
)
