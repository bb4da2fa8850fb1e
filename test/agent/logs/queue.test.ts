import test from 'ava'
import fc from 'fast-check'
import { QueueReader, QueueWriter, queueMemory } from '../../../agent/logs/queue.ts'

const CAPACITY_BYTES = 4096

function newQueue(): { writer: QueueWriter; reader: QueueReader } {
  const memory = queueMemory(CAPACITY_BYTES)
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

test('only a reader that sleeps has to be woken, and once', (t) => {
  const { writer, reader } = newQueue()
  t.false(writer.mustWake())
  t.true(reader.sleep())
  t.true(writer.mustWake())
  t.false(writer.mustWake())
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
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { writer, reader } = newQueue()
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
