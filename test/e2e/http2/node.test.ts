import test, { type ExecutionContext } from 'ava'
import { AgentRun } from '../harness/agent.ts'
import { conservationProblems } from '../harness/conservation.ts'
import { Http2Client, type Order } from '../harness/http2-client.ts'
import { clientLogs, difference, serverLogs, toRow } from '../harness/rows.ts'
import { expectServerLog, observe } from '../harness/scenario.ts'
import { ScriptServer } from '../harness/script-server.ts'
import { served } from '../harness/server.ts'

async function start(t: ExecutionContext): Promise<ScriptServer> {
  const server = await ScriptServer.http2()
  t.teardown(() => server.stop())
  return server
}

async function connect(t: ExecutionContext, server: ScriptServer): Promise<Http2Client> {
  const client = await Http2Client.connect(server.url)
  t.teardown(() => client.kill())
  return client
}

/** On one connection, in this order. */
const ORDERS: Record<string, Order[]> = {
  'bodies of none to 10 MB, at once': [
    { paths: ['/bytes/0', '/bytes/1', '/bytes/16384', '/bytes/16385', '/bytes/1048576', '/bytes/10485760'] },
  ],
  '500 streams at once': [{ paths: Array.from({ length: 500 }, (_, i) => `/bytes/${i}`) }],
  '1000 requests one after the other': [{ paths: ['/bytes/100'], count: 1000 }],
  'errors and answers without a body': [
    { paths: ['/status/204', '/status/304', '/status/404', '/status/500', '/status/599'] },
  ],
  'interim heads and trailers': [{ paths: ['/hints/', '/trailers/', '/hints/'], count: 3 }],
  'HEAD has no body': [{ paths: ['/bytes/1000'], method: 'HEAD' }, { paths: ['/bytes/1000'] }],
  'query strings are no part of the path': [{ paths: ['/bytes/5?token=secret', '/bytes/6?'] }],
  'uploads of none to 1 MB, at once': [
    { paths: ['/upload/a', '/upload/b'], method: 'POST', bodyBytes: 1_048_576 },
    { paths: ['/upload/c'], method: 'PUT', bodyBytes: 0 },
    { paths: ['/upload/d'], method: 'PATCH', bodyBytes: 100 },
  ],
  'heads larger than a frame': [
    { paths: ['/head/40000', '/bytes/1', '/head/17000'] },
    { paths: ['/bytes/2'] },
  ],
  'streams that the server resets': [{ paths: ['/reset/', '/bytes/1', '/reset/'] }],
}

for (const [name, orders] of Object.entries(ORDERS)) {
  test.serial(`${name}: server and client, each as the server counted`, async (t) => {
    const server = await start(t)
    const count = orders.reduce((sum, { paths, count: times = 1 }) => sum + paths.length * times, 0)
    const { logs } = await expectServerLog(t, server, count, async () => {
      const client = await connect(t, server)
      for (const order of orders) await client.request(order)
      await client.stop()
    })
    t.true(serverLogs(logs, server.port).every(({ protocol }) => protocol === 'HTTP/2'))
  })
}

test.serial('both ends of one connection tell the same', async (t) => {
  const server = await start(t)
  const client = await connect(t, server)
  const { logs } = await observe(t, [...server.pids, client.pid], async () => {
    await client.request({ paths: ['/bytes/1', '/bytes/100000', '/hints/'], count: 5 })
    await client.request({ paths: ['/upload/a'], method: 'POST', bodyBytes: 200_000 })
    await served(server, 16)
  })
  const [ofServer, ofClient] = [serverLogs(logs, server.port), clientLogs(logs, server.port)]
  t.deepEqual(difference(ofServer.map(toRow), ofClient.map(toRow)), [])
  t.deepEqual(difference(server.rows(), ofClient.map(toRow)), [])
})

test.serial('a stream that the client resets is logged with what was sent of it', async (t) => {
  const server = await start(t)
  const { logs } = await observe(t, server.pids, async () => {
    const client = await connect(t, server)
    await client.request({ paths: ['/hang/'], method: 'POST', bodyBytes: 70, cancelAfterMs: 20 })
    await client.request({ paths: ['/bytes/3'] })
    await served(server, 1)
    await client.stop()
  })
  const rows = serverLogs(logs, server.port).map(({ request, response, incomplete }) => [
    request.path,
    request.bodyBytes,
    response.status,
    incomplete ?? [],
  ])
  t.deepEqual(rows, [
    ['/hang/', 70, 0, ['response', 'response.headers', 'response.bodyBytes']],
    ['/bytes/3', 0, 200, []],
  ])
})

test.serial('on a connection that is older than the agent every stream that begins is logged', async (t) => {
  const server = await start(t)
  const client = await connect(t, server)
  const old = { paths: ['/bytes/1', '/bytes/2', '/status/404'], count: 10 }
  await client.request(old)
  const before = server.rows().length
  const agent = await AgentRun.watching(server.pids)
  t.teardown(() => agent.process.stop('SIGKILL'))
  await client.request(old)
  await client.request({ paths: ['/upload/new', '/status/418'], count: 2 })
  await served(server, before + 34)
  const { logs, summary } = await agent.stop()
  t.deepEqual(conservationProblems(summary), [])
  const seen = serverLogs(logs, server.port)
  t.deepEqual(difference(server.rows().slice(before), seen.map(toRow)), [])
  for (const log of seen) {
    // nghttp2 has put the authority, which never changes, into the table before: it can only be unknown.
    t.deepEqual(log.incomplete, ['request.headers'])
    t.is(log.request.host, '')
    t.true(log.durationNs > 0)
  }
})
