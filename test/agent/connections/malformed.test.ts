/** Records that make no sense: never thrown about, always counted, and the next one is read where that is possible. */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { RECORD, RECORD_DATA, RecordKind } from '../../../agent/connections/gen/event.ts'
import { ConnectionReader } from '../../../agent/connections/reader.ts'
import { Events, readAll } from './listener.ts'
import { bare, batch, close, data, open, progress } from './records.ts'

const OPEN = open({ connection: 1 })

/** The record with one field of its head or its sizes changed. */
function spoilt(record: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(record)
  new DataView(copy.buffer).setUint32(at, value, true)
  return copy
}

const DATA = data({ connection: 1, direction: 0, captured: 'thirteen byte' })

const MALFORMED: Record<string, Uint8Array> = {
  'of an unknown kind': bare(99, 1, 64),
  'of a process, which is for another reader': bare(RecordKind.PROCESS, 0, 56),
  'of an unknown connection': data({ connection: 404, direction: 0, captured: 'x' }),
  'of an OPEN with a byte too few': bare(RecordKind.OPEN, 1, 119),
  'of a DATA without room for its fields': bare(RecordKind.DATA, 1, 127),
  'of a DATA that claims more payload than it has': spoilt(DATA, RECORD_DATA.captured, 14),
  'of a DATA that claims less': spoilt(DATA, RECORD_DATA.captured, 12),
  'of a DATA that captured more than its call moved': spoilt(DATA, RECORD_DATA.bytes, 12),
  'of a DATA that skipped more than its call moved': spoilt(DATA, RECORD_DATA.skipped, 1),
  'of a CLOSE with a byte too many': bare(RecordKind.CLOSE, 1, 121),
  'of a PROGRESS with one direction': bare(RecordKind.PROGRESS, 1, 56),
  'of a head alone': bare(RecordKind.DATA, 1),
}

for (const [sentence, record] of Object.entries(MALFORMED)) {
  test(`a record ${sentence} is counted, and the next one is read`, (t) => {
    const { words, malformed } = readAll(
      OPEN,
      record,
      data({ connection: 1, direction: 0, captured: 'next' }),
    )
    t.is(malformed, 1)
    t.is(words.at(-1), 'bytes 0 next')
    t.is(words.length, 2)
  })
}

for (const [sentence, size] of [
  ['zero', 0],
  ['smaller than its head', 15],
  ['larger than what is left', 10_000],
  ['as large as it can be', 2 ** 32 - 1],
  ['negative, if it were signed', 2 ** 31],
] as const) {
  test(`a size that is ${sentence} ends the batch, counted once; the next batch is read`, (t) => {
    const events = new Events()
    const reader = new ConnectionReader(events)
    reader.read(batch(OPEN, spoilt(DATA, RECORD.size, size), DATA))
    t.is(reader.counters.malformed, 1)
    t.is(events.of.get(1)!.length, 1)
    reader.read(DATA)
    t.is(events.of.get(1)!.length, 3)
  })
}

test('a batch that is cut off anywhere loses the record that is cut, and counts it; its padding is no loss', (t) => {
  const whole = batch(OPEN, DATA, close({ connection: 1 }))
  const padded = OPEN.length + DATA.length
  const padding = DATA.length - new DataView(DATA.buffer).getUint32(RECORD.size, true)
  for (let length = 0; length <= whole.length; length++) {
    const reader = new ConnectionReader(new Events())
    reader.read(whole.subarray(0, length))
    const isWhole = length === 0 || length === OPEN.length || length === whole.length
    const isPaddingCut = length >= padded - padding && length <= padded
    t.is(reader.counters.malformed, isWhole || isPaddingCut ? 0 : 1, `cut at ${length}`)
  }
})

/** Random bytes, and records with random bytes changed. */
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) }), { maxLength: 8 })
    .map((changes) => {
      const bytes = batch(OPEN, DATA, progress(1, [{ calls: 1, bytes: 1 }, {}]), close({ connection: 1 }))
      for (const { at, value } of changes) bytes[at % bytes.length] = value
      return bytes
    }),
)

function expectSane(t: ExecutionContext, events: Events): void {
  for (const event of [...events.of.values()].flat()) {
    if (event.event === 'gap') t.true(event.lengthBytes > 0)
    if (event.event === 'operation') t.true(event.count > 0 && event.bytes >= 0)
  }
}

test('whatever the bytes are, reading them throws nothing and hands on nothing impossible', (t) => {
  fc.assert(
    fc.property(fc.array(garbage, { maxLength: 4 }), (batches) => {
      const events = new Events()
      const reader = new ConnectionReader(events)
      reader.read(OPEN)
      for (const one of batches) reader.read(one)
      expectSane(t, events)
    }),
    { numRuns: 2000 },
  )
})
