/** Whose remote addresses are: asked for, waited for, given up. And what is a probe. */
import test from 'ava'
import type { Identity } from '../../../agent/logs/names.ts'
import { ShardRun, filtered, known, workload } from './shard-run.ts'
import { Socket } from './socket.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const PROBE = 'GET /healthz?full=1 HTTP/1.1\r\nHost: h\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const CART = workload(0, 'cart')
const remotes = (run: ShardRun, force = false) => [
  ...new Set(run.logs(force).map(({ remote }) => remote.service)),
]

test('a remote address is named, a client’s peer with its port', (t) => {
  const run = new ShardRun({ locate: () => CART })
  run.read(
    Socket.client({ remote: ['10.1.0.1', 8080] })
      .write(GET)
      .read(OK),
  )
  run.read(new Socket({ remote: ['10.1.0.2', 40_123] }).read(GET).write(OK))
  t.deepEqual(remotes(run), ['cart'])
  t.deepEqual(run.located, ['10.1.0.1:8080', '10.1.0.2:0'])
})

test('an address is asked for once while its answer is kept', (t) => {
  const run = new ShardRun({ locate: () => null })
  for (let i = 0; i < 5; i++) run.read(new Socket({ remote: ['10.1.0.2', 40_000 + i] }).read(GET).write(OK))
  t.deepEqual(remotes(run), [undefined])
  t.is(run.located.length, 1)
  for (let i = 0; i < 10; i++) run.logs()
  run.read(new Socket({ remote: ['10.1.0.2', 40_009] }).read(GET).write(OK))
  t.is(run.located.length, 2)
})

test('a name that comes late is waited for, but not longer than patience allows', (t) => {
  const run = new ShardRun({ locate: () => undefined, patienceFlushes: 2 })
  run.read(new Socket({ remote: ['10.1.0.1', 1] }).read(GET).write(OK))
  run.read(new Socket({ remote: ['10.1.0.2', 1] }).read(GET).write(OK))
  t.deepEqual(remotes(run), [])
  t.false(run.shard.isNamed)
  run.shard.located('10.1.0.1', 0, CART)
  t.deepEqual(remotes(run), ['cart'])
  t.deepEqual(remotes(run), [undefined])
  run.expectConservation(t)
})

test('the end waits for nobody', (t) => {
  const run = new ShardRun({ locate: () => undefined }).read(new Socket().read(GET).write(OK))
  t.is(run.logs(true).length, 4)
  t.is(run.shard.tally.operationsPending, 0)
})

test('an end on this machine is who it is, whatever its address says', (t) => {
  const run = new ShardRun({ locate: () => CART })
  run.read(Socket.client().write(GET).read(OK), new Socket().read(GET).write(OK))
  const names = remotes(run).map(String)
  t.deepEqual(
    names.toSorted((a, b) => a.localeCompare(b)),
    ['service-100', 'service-200'],
  )
})

test('an open connection is called by its new name, and filtered by its new rule', (t) => {
  const socket = new Socket().read(GET).write(OK)
  const run = new ShardRun().read(socket)
  t.is(run.logs().at(-1)?.local.service, 'service-100')
  run.shard.renamed(100, { workload: workload(100, 'late'), filteredBy: undefined })
  run.read(socket.read(GET).write(OK))
  t.is(run.logs().at(-1)?.local.service, 'late')
  run.shard.renamed(100, filtered(100))
  run.read(socket.read(GET).write(OK), new Socket().read(GET))
  t.deepEqual(run.logs(), [])
  t.is(run.asked.length, 1)
  run.expectConservation(t)
})

const RULES = [
  { kind: 'http', port: 80, path: '/healthz' },
  { kind: 'tcp', port: 81, path: '' },
] as const
const probed = (pid: number): Identity => ({
  ...known(pid),
  probes: { rules: RULES, nodeAddresses: new Set(['192.0.2.1']) },
})
const fromNode = (port = 80) => new Socket({ local: ['10.0.0.1', port], remote: ['192.0.2.1', 40_000] })

test('a probe is counted as filtered, with its connection', (t) => {
  const run = new ShardRun({ identify: probed })
  run.read(fromNode().read(PROBE).write(OK).close())
  t.deepEqual(run.words(), [])
  t.deepEqual(run.shard.tally.exchangesFiltered, { exclude_probes: 1 })
  t.deepEqual(run.shard.tally.operationsFiltered, { exclude_probes: 4 })
  run.expectConservation(t)
})

test('a connection on which nothing was said is a probe where one connects only', (t) => {
  const run = new ShardRun({ identify: probed })
  run.read(fromNode(81).close())
  t.deepEqual(run.words(), [])
  run.read(fromNode(80).close())
  t.deepEqual(run.words(), ['accept', 'close ok'])
  t.deepEqual(run.shard.tally.operationsFiltered, { exclude_probes: 2 })
})

test('what is no probe is logged: another path, another peer, or probes that are wanted', (t) => {
  const run = new ShardRun({ identify: probed })
  run.read(fromNode().read(GET).write(OK))
  t.is(run.logs().length, 4)
  run.read(new Socket().read(PROBE).write(OK))
  t.is(run.logs().length, 4)
  const all = new ShardRun().read(fromNode().read(PROBE).write(OK))
  t.is(all.logs().length, 4)
})
