/** Who is at the ends of a connection: asked for, waited for, given up, filtered. */
import test from 'ava'
import { ShardRun, filtered, known, unknown, workload } from './shard-run.ts'
import { Socket } from './socket.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

test('the two ends of a connection on this machine name each other', (t) => {
  const run = new ShardRun()
  run.read(Socket.client().write(GET), new Socket().read(GET))
  const logs = run.logs(true)
  t.deepEqual(
    logs.filter(({ kind }) => kind === 'http').map(({ local, remote }) => [local.service, remote.service]),
    [
      ['service-200', 'service-100'],
      ['service-100', 'service-200'],
    ],
  )
  t.deepEqual(logs[0]?.remote, {
    address: '10.0.0.1',
    port: 80,
    service: 'service-100',
    pod: 'host',
    container: '',
    process: 'process-100',
    pid: 100,
  })
})

test('a peer that is not on this machine is an address', (t) => {
  const [log] = new ShardRun().read(new Socket()).logs()
  t.deepEqual(log?.remote, { address: '10.0.0.2', port: 40_000 })
})

test('a peer that comes later is named from then on', (t) => {
  const client = Socket.client()
  const run = new ShardRun().read(client)
  t.is(run.logs()[0]?.remote.service, undefined)
  run.read(new Socket())
  run.read(client.write(GET).read(OK))
  t.is(run.logs().find(({ kind }) => kind === 'http')?.remote.service, 'service-100')
})

test("a connect that failed is nobody's peer", (t) => {
  const run = new ShardRun().read(Socket.client({ success: false }), new Socket({ tgid: 300 }))
  t.is(run.logs().find(({ kind }) => kind === 'accept')?.remote.service, undefined)
})

test('a process is asked for once, with what the kernel knew of it', (t) => {
  const run = new ShardRun()
  run.read(new Socket({ comm: 'nginx', cgroupId: 77 }), new Socket(), new Socket())
  t.deepEqual(run.asked, [{ pid: 100, hint: { comm: 'nginx', cgroupId: 77 } }])
})

test('and again when it became another program', (t) => {
  const run = new ShardRun().read(new Socket())
  run.shard.forget(100)
  run.read(new Socket())
  t.is(run.asked.length, 2)
})

test('a name that comes late is waited for', (t) => {
  const run = new ShardRun({ identify: () => undefined }).read(new Socket().read(GET).write(OK))
  t.deepEqual(run.words(), [])
  t.is(run.shard.tally.operationsPending, 3)
  run.shard.identified(100, known(100))
  const logs = run.logs()
  t.is(logs.length, 4)
  t.true(logs.every(({ local }) => local.service === 'service-100'))
  run.expectConservation(t)
})

test('the name of the other end is waited for too', (t) => {
  const run = new ShardRun({ identify: (pid) => (pid === 100 ? undefined : known(pid)) })
  const [client, server] = [Socket.client(), new Socket()]
  run.read(client, server)
  run.read(client.write(GET).read(OK), server.read(GET).write(OK))
  t.deepEqual(run.words(), [])
  run.shard.identified(100, known(100))
  const [log] = run.logs()
  t.deepEqual([log?.local.service, log?.remote.service], ['service-200', 'service-100'])
})

test('a name that does not come is not waited for longer than patience allows; when it comes, it is used', (t) => {
  const socket = new Socket().read(GET).write(OK)
  const run = new ShardRun({ identify: () => undefined, patienceFlushes: 2 }).read(socket)
  t.deepEqual(run.words(), [])
  t.deepEqual(run.words(), [])
  const nameless = run.logs()
  t.is(nameless.length, 4)
  t.deepEqual(nameless[0]?.local, { address: '10.0.0.1', port: 80 })
  run.shard.identified(100, known(100))
  run.read(socket.read(GET).write(OK))
  t.is(run.logs()[0]?.local.service, 'service-100')
  run.expectConservation(t)
})

test('flushes before their time cost no patience', (t) => {
  const run = new ShardRun({ identify: () => undefined, patienceFlushes: 1 }).read(
    new Socket().read(GET).write(OK),
  )
  for (let i = 0; i < 10; i++) t.is(run.shard.flush(false, false).textLogs, 0)
  run.shard.identified(100, known(100))
  t.is(run.logs()[0]?.local.service, 'service-100')
})

test('a forced flush does not wait for a name', (t) => {
  const run = new ShardRun({ identify: () => undefined }).read(new Socket().read(GET).write(OK))
  t.is(run.words(true).length, 4)
  t.is(run.shard.tally.operationsPending, 0)
})

test('a process that nobody knows has logs by address', (t) => {
  const [log] = new ShardRun({ identify: unknown }).read(new Socket()).logs()
  t.deepEqual(log?.local, { address: '10.0.0.1', port: 80 })
})

test('a process that a rule filters has no logs, and everything of it is counted by the rule', (t) => {
  const run = new ShardRun({ identify: filtered })
  const socket = new Socket().read(GET).write(OK).close()
  t.deepEqual(run.read(socket).words(), [])
  const { operationsFiltered, exchangesFiltered, operationsLogged, operationsPending, exchanges } =
    run.shard.tally
  t.deepEqual(operationsFiltered, { exclude_cluster: 4 })
  t.deepEqual(exchangesFiltered, { exclude_cluster: 1 })
  t.deepEqual([operationsLogged, operationsPending, exchanges], [0, 0, 1])
  run.expectConservation(t)
})

test('the peer of a filtered process is logged, and names it', (t) => {
  const run = new ShardRun({ identify: (pid) => (pid === 100 ? filtered(pid) : known(pid)) })
  run.read(Socket.client().write(GET), new Socket().read(GET))
  const logs = run.logs(true)
  t.deepEqual([...new Set(logs.map(({ local }) => local.service))], ['service-200'])
  t.is(logs[0]?.remote.service, 'service-100')
})

test('an answer that nobody asked for is kept for the next connection', (t) => {
  const run = new ShardRun()
  run.shard.identified(100, { workload: workload(100, 'early'), filteredBy: undefined })
  const [log] = run.read(new Socket()).logs()
  t.is(log?.local.service, 'early')
  t.deepEqual(run.asked, [])
})
