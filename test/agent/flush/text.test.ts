import { Writable } from 'node:stream'
import test from 'ava'
import { TextOutput } from '../../../agent/flush/text.ts'

/** A standard output whose reader takes what it is allowed to take. */
class SlowReader extends Writable {
  taken = ''
  readonly #waiting: { text: string; done: (error?: Error) => void }[] = []

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#waiting.push({ text: chunk.toString(), done })
  }

  /** Takes everything, also what comes by that. */
  async take(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.taken += next.text
      next.done()
      await new Promise(setImmediate)
    }
  }

  /** The reader is gone. */
  async leave(): Promise<void> {
    this.#waiting.shift()?.done(new Error('write EPIPE'))
    await new Promise(setImmediate)
  }
}

function outputWith(maxBytes: number) {
  const reader = new SlowReader()
  const failures: string[] = []
  const output = new TextOutput(reader, maxBytes, (error) => failures.push(error.message))
  return { reader, failures, output }
}

const NOTHING = { accepted: 0, delivered: 0, dropped: { reader_slow: 0, output_failed: 0 }, pending: 0 }

test('logs are pending until the operating system has them', async (t) => {
  const { reader, output } = outputWith(1000)
  output.write(Buffer.from('a\nb\n'), 2)
  t.deepEqual(output.counters, { ...NOTHING, accepted: 2, pending: 2 })
  await reader.take()
  t.deepEqual(output.counters, { ...NOTHING, accepted: 2, delivered: 2 })
  t.is(reader.taken, 'a\nb\n')
})

test('what a slow reader cannot take is dropped whole and counted; what comes when it reads again is not', async (t) => {
  const { reader, output } = outputWith(10)
  output.write(Buffer.from('0123456789\n'), 3)
  output.write(Buffer.from('too much\n'), 4)
  t.deepEqual(output.counters, {
    accepted: 7,
    delivered: 0,
    dropped: { reader_slow: 4, output_failed: 0 },
    pending: 3,
  })
  await reader.take()
  output.write(Buffer.from('again\n'), 1)
  await reader.take()
  t.deepEqual(output.counters, {
    accepted: 8,
    delivered: 4,
    dropped: { reader_slow: 4, output_failed: 0 },
    pending: 0,
  })
  t.is(reader.taken, '0123456789\nagain\n')
})

test('what waits is bounded by the limit and one flush', (t) => {
  const { reader, output } = outputWith(100)
  for (let i = 0; i < 1000; i++) output.write(Buffer.from(`${'x'.repeat(49)}\n`), 1)
  t.true(reader.writableLength <= 150)
  t.is(output.counters.dropped.reader_slow, 997)
})

test('the ready line, titles and the summary are never dropped', async (t) => {
  const { reader, output } = outputWith(5)
  output.write(Buffer.from('logs\nlogs\n'), 2)
  output.line('summary\n')
  await reader.take()
  t.is(reader.taken, 'logs\nlogs\nsummary\n')
  t.is(output.counters.accepted, 2)
})

test('nothing is nothing; logs that have no text are delivered all the same', async (t) => {
  const { reader, output } = outputWith(1000)
  output.write(Buffer.from(''), 0)
  t.deepEqual(output.counters, NOTHING)
  output.write(Buffer.from(''), 5)
  await reader.take()
  t.deepEqual(output.counters, { ...NOTHING, accepted: 5, delivered: 5 })
})

test('a reader that is gone is told once, and everything is counted as failed from then on', async (t) => {
  const { reader, failures, output } = outputWith(1000)
  output.write(Buffer.from('first\n'), 1)
  output.write(Buffer.from('second\n'), 2)
  await reader.leave()
  output.write(Buffer.from('third\n'), 4)
  output.line('summary\n')
  t.deepEqual(failures, ['write EPIPE'])
  t.deepEqual(output.counters, { ...NOTHING, accepted: 7, dropped: { reader_slow: 0, output_failed: 7 } })
})

test('drained waits for what was written before', async (t) => {
  const { reader, output } = outputWith(1000)
  output.write(Buffer.from('logs\n'), 1)
  let isDrained = false
  const drained = output.drained(60_000).then(() => (isDrained = true))
  await new Promise(setImmediate)
  t.false(isDrained)
  await reader.take()
  await drained
  t.is(output.counters.pending, 0)
})

test('but not longer than its deadline', async (t) => {
  const { output } = outputWith(1000)
  output.write(Buffer.from('logs\n'), 1)
  await output.drained(1)
  t.is(output.counters.pending, 1)
})

test('and not for a reader that is gone, before or meanwhile', async (t) => {
  const { reader, output } = outputWith(1000)
  output.write(Buffer.from('logs\n'), 1)
  const drained = output.drained(60_000)
  await reader.leave()
  await drained
  await output.drained(60_000)
  t.is(output.counters.dropped.output_failed, 1)
})
