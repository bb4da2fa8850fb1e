import test from 'ava'
import fc from 'fast-check'
import type { Batch, Parcel } from '../../../agent/flush/batch.ts'
import { BatchQueue } from '../../../agent/flush/queue.ts'

const batch = (bytes: number, logs = 1): Batch => ({
  frames: new Uint8Array(bytes),
  httpLogs: logs,
  kernelLogs: 0,
  operations: 0,
})

/** Sequences from front to back; empties the queue. */
function drain(queue: BatchQueue): number[] {
  const sequences: number[] = []
  for (let parcel = queue.shift(); parcel; parcel = queue.shift()) sequences.push(parcel.sequence)
  return sequences
}

test('batches leave in the order in which they came', (t) => {
  const queue = new BatchQueue(100, 100)
  for (let i = 0; i < 5; i++) queue.push(batch(10))
  t.deepEqual(drain(queue), [0, 1, 2, 3, 4])
  t.is(queue.shift(), undefined)
})

test('beyond its bytes the oldest go, and are counted', (t) => {
  const queue = new BatchQueue(30, 100)
  for (let i = 0; i < 5; i++) queue.push(batch(10, 2))
  t.is(queue.dropped.httpLogs, 4)
  t.is(queue.bytes, 30)
  t.deepEqual(drain(queue), [2, 3, 4])
})

test('beyond its logs the oldest go, and are counted', (t) => {
  const queue = new BatchQueue(1000, 5)
  for (let i = 0; i < 4; i++) queue.push(batch(10, 2))
  t.is(queue.dropped.httpLogs, 4)
  t.deepEqual(drain(queue), [2, 3])
})

test('a batch that is larger than the whole queue is dropped alone with all before it', (t) => {
  const queue = new BatchQueue(30, 100)
  queue.push(batch(10))
  queue.push(batch(31))
  queue.push(batch(10))
  t.is(queue.dropped.httpLogs, 2)
  t.deepEqual(drain(queue), [2])
})

test('what comes back returns to its place, whichever stream ends first', (t) => {
  const queue = new BatchQueue(100, 100)
  for (let i = 0; i < 6; i++) queue.push(batch(10))
  const first = [queue.shift()!, queue.shift()!]
  const second = [queue.shift()!]
  queue.restore(second)
  queue.restore(first)
  t.deepEqual(drain(queue), [0, 1, 2, 3, 4, 5])
})

test('what comes back to a full queue is the oldest, and goes', (t) => {
  const queue = new BatchQueue(20, 100)
  queue.push(batch(10))
  const old = [queue.shift()!]
  queue.push(batch(10))
  queue.push(batch(10))
  queue.restore(old)
  t.is(queue.dropped.httpLogs, 1)
  t.deepEqual(drain(queue), [1, 2])
})

test('whatever happens, the order rises, the bounds hold, and every log is inside, outside or counted', (t) => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 40 }), logs: fc.integer({ min: 0, max: 9 }) }),
    fc.constant('shift' as const),
    fc.constant('restore' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new BatchQueue(100, 30)
      const outside: Parcel[] = []
      let pushed = 0
      for (const step of steps) {
        if (step === 'shift') outside.push(...[queue.shift()].filter((parcel) => parcel !== undefined))
        else if (step === 'restore') queue.restore(outside.splice(0, 1 + (outside.length >> 1)))
        else {
          queue.push(batch(step.push, step.logs))
          pushed += step.logs
        }
        t.true(queue.bytes <= 100 && queue.logs.httpLogs <= 30)
        const out = outside.reduce((sum, { batch }) => sum + batch.httpLogs, 0)
        t.is(queue.logs.httpLogs + queue.dropped.httpLogs + out, pushed)
      }
      const left = queue.length
      const order = drain(queue)
      t.is(order.length, left)
      t.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
      )
      t.is(queue.bytes, 0)
    }),
  )
})
