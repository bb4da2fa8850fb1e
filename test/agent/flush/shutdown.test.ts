import test from 'ava'
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

test('stop delivers everything that is queued before it returns', async (t) => {
  const { receiver, paths } = await startReceiver(t)
  const { sender } = await startSender(t, receiver.address, { periodMs: 60_000, streamMaxBytes: 2_000 })
  const sent = pathsTo(500)
  for (const path of sent) sender.push(batchOf(path))
  await sender.stop(30_000)
  t.deepEqual(paths.toSorted(), sent.toSorted())
  t.deepEqual(sender.counters.delivered, logsOf(500))
  conserved(t, sender.counters)
})

test('stop with nothing to deliver returns at once, connected or not', async (t) => {
  const { receiver } = await startReceiver(t)
  const connected = await startSender(t, receiver.address)
  await eventually('connection', () => connected.sender.status.state === 'connected')
  await connected.sender.stop(60_000)
  const unconnected = await startSender(t, await vacantAddress())
  await unconnected.sender.stop(60_000)
  conserved(t, unconnected.sender.counters)
})

test('stop tries once more at once, however long the next attempt was away', async (t) => {
  const address = await vacantAddress()
  const backoff = { initialMs: 120_000, maxMs: 120_000 }
  const { sender } = await startSender(t, address, { backoff })
  sender.push(batchOf('/late'))
  await eventually('problem', () => sender.status.problem)
  const { paths } = await startReceiver(t, { address })
  await sender.stop(30_000)
  t.deepEqual(paths, ['/late'])
  t.deepEqual(sender.counters.delivered, logsOf(1))
})

for (const [sentence, faults] of [
  ['never answers', { mute: true }],
  ['reads nothing', { hang: true }],
  ['refuses', { refuse: 'PERMISSION_DENIED' }],
] as const) {
  test(`with a backend that ${sentence}, stop gives up at its deadline and counts what is left`, async (t) => {
    const { receiver } = await startReceiver(t)
    receiver.faults = faults
    const { sender } = await startSender(t, receiver.address)
    for (const path of pathsTo(30)) sender.push(batchOf(path))
    await sender.stop(150)
    const { dropped, delivered } = sender.counters
    t.deepEqual(delivered, logsOf(0))
    t.deepEqual(dropped.shutdown_deadline, logsOf(30))
    conserved(t, sender.counters)
    const { streams } = sender.counters
    sender.push(batchOf('/after'))
    t.deepEqual(sender.counters.dropped.shutdown_deadline, logsOf(31))
    t.is(sender.counters.streams, streams)
    conserved(t, sender.counters)
  })
}
