/** Real worker threads: batches in, flushed logs out. */
import test, { type ExecutionContext } from 'ava'
import type { Batch } from '../../../agent/logs/encode.ts'
import type { Identity } from '../../../agent/logs/names.ts'
import { Shards, type ShardsListener, type ShardsOptions } from '../../../agent/logs/shards.ts'
import type { Log } from '../../e2e/harness/agent.ts'
import { until } from '../../e2e/harness/until.ts'
import { inWords, known } from './shard-run.ts'
import { Socket } from './socket.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const EXCHANGE = ['accept', 'read 1×28 recvfrom', 'write 1×43 writev', 'server GET /a 200 28+0 38+5']

class Listener implements ShardsListener {
  readonly congestion: boolean[] = []
  readonly batches: Batch[] = []
  readonly logs: Log[] = []
  readonly muted: number[] = []
  readonly failures: string[] = []
  asked = 0

  congested(full: boolean): void {
    this.congestion.push(full)
  }

  flushed(batches: Batch[], text: Uint8Array, textLogs: number): void {
    const lines = Buffer.from(text).toString().split('\n').slice(0, -1)
    if (lines.length !== textLogs) throw new Error(`${textLogs} logs are ${lines.length} lines`)
    this.batches.push(...batches)
    this.logs.push(...lines.map((line) => JSON.parse(line) as Log))
  }

  identify(pid: number): Identity {
    this.asked++
    return known(pid)
  }

  mute(_sock: bigint, connection: number): void {
    this.muted.push(connection)
  }

  failed(_shard: number, error: Error): void {
    this.failures.push(error.message)
  }
}

const SETUP: ShardsOptions['setup'] = {
  backend: false,
  text: 'json',
  bootTimeNs: 0n,
  flushMaxCount: 1000,
  flushPeriodMs: 10,
  headBytesMax: 8192,
  endpointsMax: 100,
}

/** Two threads that end with the test. */
function start(
  t: ExecutionContext,
  setup: Partial<ShardsOptions['setup']> = {},
  more: Partial<ShardsOptions> = {},
) {
  const listener = new Listener()
  const options = { shards: 2, queueSize: 5000, stopDeadlineMs: 60_000, ...more }
  const shards = new Shards({ ...options, setup: { ...SETUP, ...setup } }, listener)
  t.teardown(() => shards.stop())
  return { shards, listener }
}

test('batches go to the shard they are for, and come back as logs with names', async (t) => {
  const { shards, listener } = start(t)
  t.true(shards.send(0, new Socket().read(GET).write(OK).take(), 3))
  t.true(shards.send(1, new Socket({ tgid: 101 }).read(GET).write(OK).take(), 3))
  await until('logs of both', () => listener.logs.length === 8)
  for (const service of ['service-100', 'service-101']) {
    t.deepEqual(listener.logs.filter(({ local }) => local.service === service).map(inWords), EXCHANGE)
  }
  t.deepEqual(
    shards.tallies.map(({ records, exchanges }) => [records, exchanges]),
    [
      [3, 1],
      [3, 1],
    ],
  )
})

test('the two ends of a local connection name each other, because they share a shard', async (t) => {
  const { shards, listener } = start(t)
  shards.send(1, Socket.client().write(GET).take(), 2)
  shards.send(1, new Socket().read(GET).write(OK).close().take(), 4)
  await shards.stop()
  const server = listener.logs.find((log) => log.kind === 'http' && log.role === 'server')
  t.is(server?.remote.service, 'service-200')
})

test('another period counts at once, and other names on open connections', async (t) => {
  const { shards, listener } = start(t, { flushPeriodMs: 600_000 })
  const socket = new Socket().read(GET).write(OK)
  shards.send(0, socket.take(), 3)
  shards.tune(5000, 1000, 10)
  await until('its logs', () => listener.logs.length === 4)
  shards.rename(100, { workload: { ...known(100).workload!, service: 'late' }, filteredBy: undefined })
  shards.send(0, socket.read(GET).write(OK).take(), 2)
  await until('more', () => listener.logs.length === 7)
  t.is(listener.logs.at(-1)?.local.service, 'late')
})

test('another count of logs is flushed at once', async (t) => {
  const { shards, listener } = start(t, { flushPeriodMs: 600_000 })
  shards.tune(5000, 1, 600_000)
  // The first is still waiting for its name when it is flushed.
  await until('logs before their time', () => {
    shards.send(0, new Socket().read(GET).write(OK).take(), 3)
    return listener.logs.length > 0
  })
  t.pass()
})

test('a remote address is asked for where all threads can be answered', async (t) => {
  const { shards, listener } = start(t, { remotes: true })
  const asked: string[] = []
  const cart = { service: 'cart', pod: '', container: '', process: '', pid: 0 }
  Object.assign(listener, {
    locate: (address: string, port: number) => {
      asked.push(`${address}:${port}`)
      return Promise.resolve(cart)
    },
  })
  shards.send(
    0,
    Socket.client({ remote: ['10.1.0.1', 8080] })
      .write(GET)
      .read(OK)
      .take(),
    3,
  )
  await until('its logs', () => listener.logs.length === 4)
  t.is(listener.logs[0]?.remote.service, 'cart')
  t.deepEqual(asked, ['10.1.0.1:8080'])
})

test('frames for the backend arrive as they were made', async (t) => {
  const { shards, listener } = start(t, { backend: true, text: 'none' })
  shards.send(0, new Socket().read(GET).write(OK).take(), 3)
  await shards.stop()
  t.like(listener.batches, [{ httpLogs: 1, kernelLogs: 3, operations: 3 }])
  t.true(listener.batches[0]!.frames.length > 100)
})

test('stop flushes what waits, and the last counters are there when it is done', async (t) => {
  const { shards, listener } = start(t, { flushPeriodMs: 60_000 })
  for (let i = 0; i < 500; i++) shards.send(i % 2, new Socket().read(GET).take(), 2)
  await shards.stop()
  t.is(listener.logs.length, 1500)
  t.is(
    shards.tallies.reduce((sum, { operationsLogged }) => sum + operationsLogged, 0),
    1000,
  )
  t.true(shards.tallies.every(({ operationsPending }) => operationsPending === 0))
})

test('names come in time however much is flushed before the main thread has a moment', async (t) => {
  const { shards, listener } = start(t, { flushMaxCount: 2, flushPeriodMs: 60_000 })
  // The event loop of this thread does not turn meanwhile.
  for (let i = 0; i < 400; i++) shards.send(0, new Socket().read(GET).write(OK).take(), 3)
  await shards.stop()
  t.is(listener.logs.length, 1600)
  t.is(listener.logs.filter(({ local }) => local.service === undefined).length, 0)
  t.is(listener.asked, 1)
})

test('a full queue is told, and that it has room again', async (t) => {
  const { shards, listener } = start(t, {}, { queueSize: 1 })
  shards.send(0, new Socket().read(GET).write(OK).take(), 3)
  t.deepEqual(listener.congestion, [true])
  await until('room', () => listener.congestion.length === 2)
  t.deepEqual(listener.congestion, [true, false])
  t.is(shards.queuedRecords, 0)
})

test('whoever goes on when a queue is full hears that a batch had no room, and nothing that had is lost', async (t) => {
  const { shards, listener } = start(t, { flushPeriodMs: 60_000 })
  const socket = new Socket()
  let accepted = 0
  let refused = 0
  for (let i = 0; i < 200; i++) {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`)
    if (shards.send(0, socket.take(), 1)) accepted++
    else refused++
  }
  t.true(refused > 0)
  t.true(listener.congestion.includes(true))
  await shards.stop()
  t.is(shards.tallies[0]!.records, accepted + (accepted > 0 ? 1 : 0))
})

test('a batch for a shard that is not there is refused', (t) => {
  const { shards } = start(t)
  t.false(shards.send(2, new Socket().take(), 1))
})

test('a new life of the helper comes between the batches of the old one and its own', async (t) => {
  const { shards, listener } = start(t)
  const old = new Socket().read(GET)
  shards.send(0, old.take(), 2)
  shards.reset()
  shards.send(0, old.write(OK).take(), 1)
  shards.send(0, new Socket().read(GET).write(OK).take(), 3)
  await shards.stop()
  t.is(shards.tallies[0]!.recordsMalformed, 1)
  t.deepEqual(listener.logs.map(inWords).slice(0, 3), [
    'accept',
    'read 1×28 recvfrom',
    'server GET /a 0 28+0 0+0 response response.headers response.bodyBytes',
  ])
  t.deepEqual(listener.logs.map(inWords).slice(3), EXCHANGE)
})

test('a new life is told also when there was no room left at all at its beginning', async (t) => {
  const { shards } = start(t)
  const old = new Socket()
  const opened = old.take()
  // In one of the two an entry of 24 bytes comes first, so that entries of 16 fill it to the last byte.
  const malformed = [0, 1].map((shard) => {
    shards.send(shard, opened, 1)
    let batches = shard === 1 && shards.send(shard, new Uint8Array(16), 0) ? 1 : 0
    for (const length of [65_528, 8]) while (shards.send(shard, new Uint8Array(length), 0)) batches++
    return batches
  })
  shards.reset()
  const read = old.read(GET).take()
  for (const shard of [0, 1]) await until('room', () => shards.send(shard, read, 1))
  await shards.stop()
  t.deepEqual(
    shards.tallies.map(({ recordsMalformed }) => recordsMalformed),
    malformed.map((batches) => batches + 1),
  )
})

test('a process that ended is asked for again', async (t) => {
  const { shards, listener } = start(t)
  shards.send(0, new Socket().take(), 1)
  await until('the first log', () => listener.logs.length === 1)
  shards.forget(100)
  shards.send(0, new Socket().take(), 1)
  await until('the second log', () => listener.logs.length === 2)
  t.is(listener.asked, 2)
})

test('connections that nobody reads are muted', async (t) => {
  const { shards, listener } = start(t)
  const socket = new Socket().read('\x16\x03\x01\x02\x00')
  shards.send(1, socket.take(), 2)
  await until('a muted connection', () => listener.muted.length === 1)
  t.deepEqual(listener.muted, [socket.id])
})

test('a thread that dies is told, and nobody waits for it at the end', async (t) => {
  const { shards, listener } = start(t, { bootTimeNs: 'no clock at all' as unknown as bigint })
  await until('both failures', () => listener.failures.length === 2)
  await shards.stop()
  t.is(listener.failures.length, 2)
})

test('a thread that does not answer is not waited for beyond the deadline', async (t) => {
  const { shards, listener } = start(t, {}, { stopDeadlineMs: 0 })
  await shards.stop()
  t.deepEqual(listener.logs, [])
  t.deepEqual(listener.failures, [])
})
