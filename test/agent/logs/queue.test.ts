import { Worker } from 'node:worker_threads'
import test from 'ava'
import fc from 'fast-check'
import { QueueReader, QueueWriter, queueMemory } from '../../../agent/logs/queue.ts'
import { batchOf } from './queue-batches.ts'
import type { FromReader } from './queue-reader.ts'

const CAPACITY_BYTES = 4096

/** @param position bytes that have gone through it before: both counters are the first in the memory */
function newQueue(position = 0): { writer: QueueWriter; reader: QueueReader } {
  const memory = queueMemory(CAPACITY_BYTES)
  new Int32Array(memory, 0, 2).fill(position | 0)
  return { writer: new QueueWriter(memory), reader: new QueueReader(memory) }
}

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

test('batches leave in the order in which they came, byte for byte', (t) => {
  const { writer, reader } = newQueue()
  for (let i = 1; i < 5; i++) t.true(writer.offer(filled(i * 100, i), i))
  for (let i = 1; i < 5; i++) {
    t.deepEqual([...reader.take()!], [...filled(i * 100, i)])
    reader.release()
  }
  t.is(reader.take(), undefined)
})

test('an empty batch is a batch', (t) => {
  const { writer, reader } = newQueue()
  writer.offer(new Uint8Array(), 0)
  t.is(reader.take()?.length, 0)
  reader.release()
  t.is(reader.take(), undefined)
})

test('the largest batch is the capacity without its head; a larger one never fits', (t) => {
  const { writer, reader } = newQueue()
  t.false(writer.offer(filled(CAPACITY_BYTES - 7, 1), 1))
  t.true(writer.offer(filled(CAPACITY_BYTES - 8, 1), 1))
  t.is(writer.usedBytes, CAPACITY_BYTES)
  t.false(writer.offer(new Uint8Array(), 0))
  t.is(reader.take()?.length, CAPACITY_BYTES - 8)
  reader.release()
  t.is(writer.usedBytes, 0)
})

test('a batch that is refused leaves no trace', (t) => {
  const { writer, reader } = newQueue()
  writer.offer(filled(3000, 1), 3)
  t.false(writer.offer(filled(3000, 2), 5))
  t.is(writer.queuedRecords, 3)
  t.is(reader.take()?.[0], 1)
  reader.release()
  t.is(reader.take(), undefined)
  t.is(writer.queuedRecords, 0)
})

test('records are queued until their batch is released', (t) => {
  const { writer, reader } = newQueue()
  writer.offer(filled(8, 1), 7)
  reader.take()
  t.is(writer.queuedRecords, 7)
  reader.release()
  t.is(writer.queuedRecords, 0)
})

test('records are counted modulo 2^32', (t) => {
  const { writer, reader } = newQueue()
  for (const records of [0xffff_fff0, 0x20]) {
    writer.offer(filled(8, 1), records)
    t.is(writer.queuedRecords, records)
    reader.take()
    reader.release()
    t.is(writer.queuedRecords, 0)
  }
})

test('only a reader that sleeps has to be woken, and once', (t) => {
  const { writer, reader } = newQueue()
  t.false(writer.mustWake())
  t.true(reader.sleep())
  t.true(writer.mustWake())
  t.false(writer.mustWake())
})

test('a reader that sleeps can be woken by one that comes between its last look and its sleep', (t) => {
  const { writer, reader } = newQueue()
  t.is(reader.take(), undefined)
  writer.offer(filled(8, 1), 1)
  t.false(writer.mustWake())
  t.false(reader.sleep())
  t.is(reader.take()?.length, 8)
})

test('a reader does not fall asleep when something is there', (t) => {
  const { writer, reader } = newQueue()
  writer.offer(filled(8, 1), 1)
  t.false(reader.sleep())
  t.false(writer.mustWake())
})

test('room is told to a writer that watches', (t) => {
  const { writer, reader } = newQueue()
  for (const isWatched of [false, true, false]) {
    writer.watch(isWatched)
    writer.offer(filled(8, 1), 1)
    reader.take()
    t.is(reader.release(), isWatched)
  }
})

test('any batches, taken at any time: the queue is a queue, and its numbers are true', (t) => {
  const step = fc.oneof(
    fc.record({ length: fc.oneof(fc.nat(40), fc.nat(CAPACITY_BYTES)), records: fc.nat(9) }),
    fc.constant('take' as const),
  )
  const position = fc.oneof(
    fc.nat(CAPACITY_BYTES / 8).map((eights) => eights * 8),
    fc.nat(CAPACITY_BYTES / 8).map((eights) => 0x1_0000_0000 - eights * 8),
  )
  fc.assert(
    fc.property(position, fc.array(step, { maxLength: 200 }), (position, steps) => {
      const { writer, reader } = newQueue(position)
      const model: { length: number; records: number; byte: number }[] = []
      let byte = 0
      for (const step of steps) {
        if (step !== 'take') {
          byte = (byte + 1) % 251
          if (writer.offer(filled(step.length, byte), step.records)) model.push({ ...step, byte })
        } else {
          const expected = model.shift()
          const taken = reader.take()
          t.is(taken?.length, expected?.length)
          if (taken === undefined) continue
          t.true(taken.every((one) => one === expected?.byte))
          reader.release()
        }
        t.is(
          writer.queuedRecords,
          model.reduce((sum, { records }) => sum + records, 0),
        )
        t.true(writer.usedBytes <= CAPACITY_BYTES)
        if (model.length === 0) t.true(reader.sleep())
      }
    }),
    { numRuns: 500 },
  )
})

test('two threads: every batch arrives, in order and whole, though both of them sleep and wake', async (t) => {
  const BATCHES = 50_000
  const memory = queueMemory(CAPACITY_BYTES)
  const writer = new QueueWriter(memory)
  const thread = new Worker(new URL('queue-reader.ts', import.meta.url), { workerData: memory })
  t.teardown(() => thread.terminate())
  const report = Promise.withResolvers<FromReader>()
  let onRoom = () => {}
  let waits = 0
  let wakes = 0
  thread.on('message', (message: FromReader) => (message === 'room' ? onRoom() : report.resolve(message)))
  thread.on('error', report.reject)
  const send = async (batch: Uint8Array): Promise<void> => {
    while (!writer.offer(batch, 1)) {
      const room = new Promise<void>((resolve) => (onRoom = resolve))
      writer.watch(true)
      if (writer.offer(batch, 1)) break
      waits++
      await room
    }
    writer.watch(false)
    if (!writer.mustWake()) return
    wakes++
    thread.postMessage('wake')
  }
  for (let i = 0; i < BATCHES; i++) await send(batchOf(i))
  await send(new Uint8Array())
  t.deepEqual(await report.promise, { batches: BATCHES, wrong: 0 })
  t.is(writer.queuedRecords, 0)
  t.true(waits > 0 && wakes > 0, `the writer waited ${waits} times, the reader was woken ${wakes} times`)
})
