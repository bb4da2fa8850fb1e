import test from 'ava'
import { Receiver } from '../../receiver/receiver.ts'
import {
  batchOf,
  conserved,
  eventually,
  logsOf,
  pathsTo,
  startReceiver,
  startSender,
  vacantAddress,
} from './harness.ts'

test('what is pushed arrives, whole and with its time and names', async (t) => {
  const { receiver, logs } = await startReceiver(t)
  const { sender, statuses } = await startSender(t, receiver.address)
  sender.push(batchOf('/cart'))
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === 1)
  const shared = {
    role: 'server',
    tls: false,
    protocol: 'HTTP/1',
    local: { port: 80, service: 'shop', pod: 'shop-1', container: '', process: 'nginx' },
    remote: { address: '10.0.0.2', port: 40_000 },
  } as const
  t.deepEqual(logs, [
    { kind: 'read', start: '2026-01-31T00:00:00.000000900Z', durationNs: 100, ...shared, syscall: 'Read' },
    {
      kind: 'http',
      start: '2026-01-31T00:00:00.000001000Z',
      durationNs: 1_499_000,
      ...shared,
      request: { method: 'GET', path: '/cart', host: 'shop', headerBytes: 100, bodyBytes: 0 },
      response: { status: 200, headerBytes: 120, bodyBytes: 5 },
    },
  ])
  t.deepEqual(statuses, [{ state: 'connected', problem: undefined }])
  t.deepEqual(sender.counters.delivered, { httpLogs: 1, kernelLogs: 1, operations: 2 })
  conserved(t, sender.counters)
})

test('every stream begins with the node and keeps the order; nothing waits longer than a period', async (t) => {
  const { receiver, paths, streamOf } = await startReceiver(t)
  const { sender } = await startSender(t, receiver.address)
  const sent = pathsTo(200)
  for (const path of sent) {
    sender.push(batchOf(path))
    if (Math.random() < 0.1) await eventually('delivery', () => sender.counters.queued.httpLogs === 0)
  }
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === sent.length)
  t.deepEqual(receiver.ledger.rejected, {})
  t.true(receiver.ledger.completed > 1)
  const streams = Map.groupBy(paths, (path) => streamOf.get(path)!)
  for (const inOrder of streams.values())
    t.deepEqual(
      inOrder,
      sent.filter((path) => inOrder.includes(path)),
    )
  t.deepEqual(paths.toSorted(), sent.toSorted())
  conserved(t, sender.counters)
})

test('a stream that is full is confirmed before its period is over', async (t) => {
  const { receiver } = await startReceiver(t)
  const { sender } = await startSender(t, receiver.address, { periodMs: 60_000, streamMaxBytes: 1_000 })
  const batch = batchOf(...pathsTo(100))
  t.true(batch.frames.byteLength > 1_000)
  sender.push(batch)
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === 100)
  t.pass()
})

test('a backend that is absent at the start is found when it comes', async (t) => {
  const address = await vacantAddress()
  const { sender, codes, statuses } = await startSender(t, address)
  sender.push(batchOf('/early'))
  await eventually('problem', () => codes().includes('BACKEND_UNREACHABLE'))
  await eventually('retries', () => sender.counters.reconnects > 2)
  t.is(statuses.length, 1, 'told once, not for every attempt')
  conserved(t, sender.counters)

  const { paths } = await startReceiver(t, { address })
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === 1)
  t.deepEqual(paths, ['/early'])
  t.deepEqual(sender.status, { state: 'connected', problem: undefined })
})

test('a backend that restarts in the middle loses nothing; what it may have twice is counted', async (t) => {
  const first = await startReceiver(t)
  const { sender } = await startSender(t, first.receiver.address, { periodMs: 50 })
  const sent = pathsTo(300)
  const push = (paths: string[]): void => paths.forEach((path) => sender.push(batchOf(path)))
  push(sent.slice(0, 100))
  await eventually('some logs', () => first.paths.length >= 50)
  first.receiver.stop()
  push(sent.slice(100, 200))
  await eventually('failure', () => sender.status.state === 'connecting')
  conserved(t, sender.counters)
  const second = await startReceiver(t, { address: first.receiver.address })
  push(sent.slice(200))
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === sent.length)

  const received = [...first.paths, ...second.paths]
  t.deepEqual([...new Set(received)].toSorted(), sent.toSorted())
  t.true(received.length - sent.length <= sender.counters.resent.httpLogs)
  t.deepEqual(sender.counters.dropped.queue_full, logsOf(0))
  t.deepEqual({ ...first.receiver.ledger.rejected, ...second.receiver.ledger.rejected }, {})
  conserved(t, sender.counters)
})

test('when the queue is full the oldest are dropped, counted, and the newest arrive in order', async (t) => {
  const address = await vacantAddress()
  const { sender } = await startSender(t, address, { queueMaxLogs: 50 })
  const sent = pathsTo(100)
  for (const path of sent) sender.push(batchOf(path))
  t.deepEqual(sender.counters.queued, logsOf(25))
  t.deepEqual(sender.counters.dropped.queue_full, logsOf(75))
  conserved(t, sender.counters)

  const { paths } = await startReceiver(t, { address })
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === 25)
  t.deepEqual(new Set(paths), new Set(sent.slice(75)))
  conserved(t, sender.counters)
})

test('an idle stream is kept, and found dead when the backend goes', async (t) => {
  const receiver = await Receiver.start()
  const { sender, codes } = await startSender(t, receiver.address)
  await eventually('connection', () => sender.status.state === 'connected')
  receiver.stop()
  await eventually('failure', () => codes().at(-1) === 'BACKEND_UNREACHABLE')
  t.is(codes()[0], undefined)
  t.is(sender.status.state, 'connecting')
})
