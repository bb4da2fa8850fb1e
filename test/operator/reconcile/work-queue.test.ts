import test from 'ava'
import { WorkQueue } from '../../../operator/reconcile/work-queue.ts'
import { until } from '../../e2e/harness/until.ts'

function gated(workers: number) {
  const started: string[] = []
  const gates: (() => void)[] = []
  let active = 0
  let most = 0
  const failures: string[] = []
  const failing = new Set<string>()
  const queue = new WorkQueue({
    workers,
    backoff: { initialMs: 2, maxMs: 4 },
    random: () => 0,
    failed: (key, error) => failures.push(`${key} ${(error as Error).message}`),
    work: async (key) => {
      started.push(key)
      most = Math.max(most, ++active)
      await new Promise<void>((open) => gates.push(open))
      active--
      if (failing.delete(key)) throw new Error('refused')
    },
  })
  const open = () => gates.shift()?.()
  return { queue, started, open, failing, failures, most: () => most }
}

test('a key that waits is one key, however often it is added', async (t) => {
  const { queue, started, open } = gated(1)
  for (const key of ['a', 'b', 'b', 'b']) queue.add(key)
  t.is(queue.depth, 1)
  open()
  await until('b is worked on', () => started.length === 2)
  open()
  await until('the queue is idle', () => queue.isIdle)
  t.deepEqual(started, ['a', 'b'])
})

test('a key that is added while it is worked on is worked on once more, never twice at once', async (t) => {
  const { queue, started, open } = gated(4)
  queue.add('a')
  queue.add('a')
  queue.add('a')
  t.deepEqual(started, ['a'])
  open()
  await until('the second round', () => started.length === 2)
  open()
  await until('the queue is idle', () => queue.isIdle)
  t.deepEqual(started, ['a', 'a'])
})

test('no more keys are worked on at once than there are workers', async (t) => {
  const { queue, started, open, most } = gated(2)
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key)
  await until('everything was worked on', () => (open(), started.length === 5 && queue.isIdle))
  t.is(most(), 2)
})

test('a key whose work failed is tried again after a wait', async (t) => {
  const { queue, started, open, failing, failures } = gated(1)
  failing.add('a')
  queue.add('a')
  open()
  await until('the second attempt', () => started.length === 2)
  open()
  await until('the queue is idle', () => queue.isIdle)
  t.deepEqual(failures, ['a refused'])
})

test('a delayed key does not begin before its time, unless it is added at once', async (t) => {
  const { queue, started, open } = gated(1)
  queue.addAfter('later', 60_000)
  queue.addAfter('soon', 5)
  t.deepEqual(started, [])
  await until('the delay is over', () => started.length === 1)
  queue.add('later')
  open()
  await until('it did not wait', () => started.length === 2)
  t.deepEqual(started, ['soon', 'later'])
  open()
  await until('the queue is idle', () => queue.isIdle)
})

test('nothing begins after the queue is closed', async (t) => {
  const { queue, started, open } = gated(1)
  queue.add('a')
  queue.add('b')
  queue.addAfter('c', 1)
  queue.close()
  queue.add('d')
  open()
  await until('the queue is idle', () => queue.isIdle)
  t.deepEqual(started, ['a'])
})
