import test, { type ExecutionContext } from 'ava'
import type { Log } from './harness/agent.ts'
import { Nginx } from './harness/nginx.ts'
import { RawClient, get } from './harness/raw-client.ts'
import { serverLogs, toRow } from './harness/rows.ts'
import { expectRows, observe } from './harness/scenario.ts'
import { ScriptServer } from './harness/script-server.ts'
import { drained, served } from './harness/server.ts'

async function startNode(t: ExecutionContext): Promise<ScriptServer> {
  const server = await ScriptServer.node()
  t.teardown(() => server.stop())
  return server
}

async function connect(t: ExecutionContext, port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  t.teardown(() => client.destroy())
  return client
}

const ofServer = (logs: Log[], port: number, kind: Log['kind']): Log[] =>
  logs.filter((log) => log.kind === kind && log.role === 'server' && log.local.port === port)

test.serial('a connection opened before the agent: its next request is logged', async (t) => {
  const server = await startNode(t)
  const client = await connect(t, server.port)
  await client.write(get('/bytes/100'))
  await client.responses(1)
  await served(server, 1)
  const { logs } = await observe(t, server.pids, async () => {
    await client.write(get('/bytes/200'))
    await client.responses(2)
    await served(server, 2)
  })
  expectRows(t, server.rows().slice(1), serverLogs(logs, server.port))
  t.deepEqual(ofServer(logs, server.port, 'accept'), [])
})

test.serial('100 idle connections opened before the agent', async (t) => {
  const server = await startNode(t)
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(t, server.port)))
  const { logs } = await observe(t, server.pids, async () => {
    await Promise.all(clients.map((client, i) => client.write(get(`/bytes/${i}`))))
    await served(server, 100)
  })
  expectRows(t, server.rows(), serverLogs(logs, server.port))
})

test.serial('a request whose first half was sent before the agent', async (t) => {
  const server = await startNode(t)
  const client = await connect(t, server.port)
  const request = get('/bytes/10', { 'X-Late': 'yes' })
  await client.write(request.slice(0, 20))
  await drained(server)
  const { logs } = await observe(t, server.pids, async () => {
    await client.write(request.slice(20))
    await client.responses(1)
    await client.write(get('/bytes/20'))
    await client.responses(2)
    await served(server, 2)
  })
  const whole = serverLogs(logs, server.port).filter((log) => !log.incomplete)
  t.deepEqual(
    whole.map((log) => toRow(log).path),
    ['/bytes/20'],
    'only the request that was seen whole is complete',
  )
})

test.serial('SIGKILL of the server closes its open connections', async (t) => {
  const server = await startNode(t)
  const { logs } = await observe(t, server.pids, async (agent) => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(t, server.port)))
    await Promise.all(clients.map((client) => client.write(get('/bytes/10'))))
    await served(server, 5)
    await server.stop('SIGKILL')
    await agent.count('close', 5, (log) => log.kind === 'close' && log.local.port === server.port)
  })
  expectRows(t, server.rows(), serverLogs(logs, server.port))
  t.is(ofServer(logs, server.port, 'accept').length, 5)
  t.is(ofServer(logs, server.port, 'close').length, 5)
})

test.serial('the master of nginx is enough to watch its workers, reloaded ones too', async (t) => {
  const nginx = await Nginx.start({ workers: 2 })
  t.teardown(() => nginx.stop())
  const { logs } = await observe(t, nginx.pids.slice(0, 1), async () => {
    const before = await connect(t, nginx.port)
    await before.write(get('/small.txt'))
    await before.responses(1)
    await nginx.reload()
    const after = await connect(t, nginx.port)
    await after.write(get('/return'))
    await after.responses(1)
    await served(nginx, 2)
  })
  expectRows(t, nginx.rows(), serverLogs(logs, nginx.port))
})

test.serial('bytes that are no HTTP are counted by read and write logs', async (t) => {
  const server = await ScriptServer.raw({})
  t.teardown(() => server.stop())
  const noise = '\u0000\u0001binary protocol\u00ff'.repeat(50)
  const { logs } = await observe(t, server.pids, async () => {
    const client = await connect(t, server.port)
    await client.write(noise)
    await client.write(noise)
    await client.close()
  })
  const reads = ofServer(logs, server.port, 'read')
  t.is(
    reads.reduce((sum, log) => sum + (log.bytes ?? 0), 0),
    2 * noise.length,
  )
  t.deepEqual(serverLogs(logs, server.port), [])
  t.is(ofServer(logs, server.port, 'close').length, 1)
})
