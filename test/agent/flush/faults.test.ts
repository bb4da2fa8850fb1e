import test from 'ava'
import fc from 'fast-check'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SenderCounters } from '../../../agent/flush/tally.ts'
import type { Faults } from '../../receiver/receiver.ts'
import { batchOf, conserved, eventually, logsOf, pathsTo, startReceiver, startSender } from './harness.ts'

for (const [sentence, faults, code] of [
  ['reads nothing', { hang: true }, 'BACKEND_SILENT'],
  ['reads and never answers', { mute: true }, 'BACKEND_SILENT'],
  ['is overloaded from the start', { refuse: 'RESOURCE_EXHAUSTED' }, 'BACKEND_BUSY'],
  ['gives up in the middle of a stream', { exhaustAfter: 1 }, 'BACKEND_BUSY'],
  ['refuses this agent', { refuse: 'PERMISSION_DENIED' }, 'BACKEND_REFUSED'],
  ['asks who this is', { refuse: 'UNAUTHENTICATED' }, 'BACKEND_REFUSED'],
  ['does not know the service', { refuse: 'UNIMPLEMENTED' }, 'BACKEND_UNSUPPORTED'],
  ['fails in its own way', { refuse: 'INTERNAL' }, 'BACKEND_FAILED'],
  ['is going away', { refuse: 'UNAVAILABLE' }, 'BACKEND_UNREACHABLE'],
] as const) {
  test(`a backend that ${sentence} is ${code}, keeps being tried, and gets everything once it is well`, async (t) => {
    const { receiver, paths } = await startReceiver(t)
    receiver.faults = faults
    const { sender, statuses, codes } = await startSender(t, receiver.address, { confirmTimeoutMs: 100 })
    const sent = pathsTo(20)
    for (let i = 0; i < sent.length; i += 2) sender.push(batchOf(...sent.slice(i, i + 2)))
    await eventually('problem', () => codes().includes(code))
    const refused = code === 'BACKEND_REFUSED' || code === 'BACKEND_UNSUPPORTED'
    t.is(statuses.at(-1)!.state, refused ? 'refused' : 'connecting')
    await eventually('attempts', () => receiver.ledger.streams > 3)
    t.is(codes().filter((told) => told === code).length, 1)
    t.deepEqual(sender.counters.delivered, logsOf(0))
    conserved(t, sender.counters)

    receiver.faults = {}
    await eventually('confirmation', () => sender.counters.delivered.httpLogs === sent.length)
    t.deepEqual([...new Set(paths)].toSorted(), sent.toSorted())
    t.deepEqual(sender.status, { state: 'connected', problem: undefined })
    t.deepEqual(receiver.ledger.rejected, {})
    conserved(t, sender.counters)
  })
}

test('a backend that never takes more than five messages of a stream gets them all, a batch at a time', async (t) => {
  const { receiver, paths } = await startReceiver(t)
  receiver.faults = { exhaustAfter: 5 }
  const { sender } = await startSender(t, receiver.address, { periodMs: 1_000 })
  const sent = pathsTo(40)
  for (let i = 0; i < sent.length; i += 4) sender.push(batchOf(...sent.slice(i, i + 4)))
  await eventually('confirmation', () => sender.counters.delivered.httpLogs === sent.length)
  t.deepEqual([...new Set(paths)].toSorted(), sent.toSorted())
  t.true(sender.counters.resent.httpLogs > 0)
  conserved(t, sender.counters)
})

test('a slow backend holds back the writing: what is unconfirmed stays bounded, the rest waits', async (t) => {
  const { receiver } = await startReceiver(t)
  receiver.faults = { hang: true }
  const unconfirmedMaxBytes = 200_000
  const { sender } = await startSender(t, receiver.address, { unconfirmedMaxBytes, periodMs: 60_000 })
  const batch = batchOf(...pathsTo(100))
  const perBatch = batch.frames.byteLength
  for (let i = 0; i < 100; i++) sender.push(batch)
  await eventually('the pause', () => sender.counters.unconfirmed.httpLogs * (perBatch / 100) >= 60_000)
  const { unconfirmed, queued } = sender.counters
  t.true((unconfirmed.httpLogs / 100) * perBatch <= unconfirmedMaxBytes + perBatch)
  t.deepEqual(unconfirmed.httpLogs + queued.httpLogs, 10_000)
  conserved(t, sender.counters)
})

test('the token is sent, and a wrong one is refused', async (t) => {
  const { receiver, paths } = await startReceiver(t, { token: 'secret' })
  const wrong = await startSender(t, receiver.address, { authentication: 'guess' })
  wrong.sender.push(batchOf('/wrong'))
  await eventually('refusal', () => wrong.codes().includes('BACKEND_REFUSED'))
  const right = await startSender(t, receiver.address, { authentication: 'secret' })
  right.sender.push(batchOf('/right'))
  await eventually('confirmation', () => right.sender.counters.delivered.httpLogs === 1)
  t.deepEqual(paths, ['/right'])
})

test('a host that does not exist is told by name, and tried again', async (t) => {
  const { sender, statuses } = await startSender(t, 'no-such-host.invalid:11800')
  await eventually('problem', () => sender.status.problem)
  t.is(sender.status.problem?.code, 'BACKEND_NAME_UNKNOWN')
  t.regex(sender.status.problem!.message, /no-such-host\.invalid:11800/)
  await eventually('retries', () => sender.counters.reconnects > 1)
  t.is(statuses.length, 1)
})

test('whatever the backend does and whenever, every log is delivered or accounted for', async (t) => {
  const faults = fc.constantFrom<Faults>(
    {},
    { hang: true },
    { mute: true },
    { exhaustAfter: 2 },
    { refuse: 'RESOURCE_EXHAUSTED' },
    { refuse: 'UNAVAILABLE' },
    { slowMs: 1 },
  )
  const step = fc.record({ faults, batches: fc.nat(8), turns: fc.nat(300) })
  const run = async (
    steps: { faults: Faults; batches: number; turns: number }[],
    stop: boolean,
  ): Promise<void> => {
    const { receiver, paths } = await startReceiver(t)
    const { sender } = await startSender(t, receiver.address, { confirmTimeoutMs: 50, queueMaxLogs: 40 })
    let pushed = 0
    for (const { faults, batches, turns } of steps) {
      receiver.faults = faults
      for (let i = 0; i < batches; i++) sender.push(batchOf(`/${pushed++}`))
      conserved(t, sender.counters)
      for (let i = 0; i < turns; i++) await nextTurn()
      conserved(t, sender.counters)
    }
    receiver.faults = {}
    const atRest = ({ queued, unconfirmed }: SenderCounters): boolean =>
      queued.httpLogs + unconfirmed.httpLogs === 0
    if (!stop) await eventually('rest', () => atRest(sender.counters))
    await sender.stop(30_000)
    const { delivered, dropped } = sender.counters
    t.true(new Set(paths).size >= delivered.httpLogs)
    t.is(delivered.httpLogs + dropped.queue_full.httpLogs, pushed)
    t.deepEqual(receiver.ledger.rejected, {})
    conserved(t, sender.counters)
    receiver.stop()
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 5 }), fc.boolean(), run), {
    numRuns: 20,
    endOnFailure: true,
  })
})
