import { Encoder } from 'cbor-x'
import test from 'ava'
import fc from 'fast-check'
import { AccessLogError } from '../../../agent/errors.ts'
import { MESSAGE_FIELDS, MessageKind, type ToAgent } from '../../../agent/helper/gen/wire.ts'
import { decodeMessage, messageName, programStatuses } from '../../../agent/helper/messages.ts'
import * as peer from './fixtures/peer.ts'

const body = (frame: Buffer) => frame.subarray(4)
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString()

test('HELLO', (t) => {
  t.deepEqual(decodeMessage(body(peer.hello())), {
    kind: MessageKind.HELLO,
    protocolVersion: 1,
    eventLayoutVersion: 1,
    helperVersion: '0.0.0-fake',
    pid: process.pid,
    kernelRelease: '6.1.0',
  })
})

test('BATCH is a view into its frame', (t) => {
  const frame = body(peer.batch(3, Buffer.from('records')))
  const message = decodeMessage(frame)
  if (message.kind !== MessageKind.BATCH) return t.fail()
  t.is(message.shard, 3)
  t.is(message.records, 1)
  t.is(utf8(message.payload), 'records')
  t.is(message.payload.buffer, frame.buffer)
})

test('PROCESSES', (t) => {
  const message = decodeMessage(body(peer.processes(Buffer.alloc(56, 'x'))))
  if (message.kind !== MessageKind.PROCESSES) return t.fail()
  t.is(utf8(message.payload), 'x'.repeat(56))
})

test('COUNTERS beyond 2^32 arrive as numbers', (t) => {
  const frame = body(peer.messageOf(5, [1, 2n ** 40n, 0n], []))
  t.deepEqual(decodeMessage(frame), { kind: MessageKind.COUNTERS, kernel: [1, 2 ** 40, 0], helper: [] })
})

test('numbers beyond 2^53 are the nearest that a number can be', (t) => {
  const message = decodeMessage(body(peer.messageOf(5, [2n ** 53n + 1n], [])))
  t.like(message, { kernel: [2 ** 53] })
})

test('PROBLEM and STOPPED', (t) => {
  t.deepEqual(decodeMessage(body(peer.problem('HELPER_X', true, 'here', 'why'))), {
    kind: MessageKind.PROBLEM,
    code: 'HELPER_X',
    fatal: true,
    where: 'here',
    message: 'why',
  })
  t.deepEqual(decodeMessage(body(peer.stopped())), { kind: MessageKind.STOPPED })
})

test('the programs of READY', (t) => {
  const message = decodeMessage(body(peer.ready()))
  if (message.kind !== MessageKind.READY) return t.fail()
  t.deepEqual(programStatuses(message.programs), [{ name: 'connect_socket', status: 'attached', reason: '' }])
  for (const programs of [[1], [['x']], [['x', 'broken', '']], [['x', 'failed', 5]]]) {
    t.throws(() => programStatuses(programs), { instanceOf: AccessLogError })
  }
})

test('fields of a newer helper are ignored', (t) => {
  t.like(decodeMessage(body(peer.messageOf(6, 'HELPER_X', false, 'here', 'why', { more: 1 }))), {
    code: 'HELPER_X',
  })
  t.like(decodeMessage(body(peer.messageOf(3, 0, 1, Buffer.from('abc'), 'more'))), { shard: 0 })
  t.deepEqual(decodeMessage(body(peer.messageOf(7, 'more'))), { kind: MessageKind.STOPPED })
})

const refused: Record<string, Buffer> = {
  'no bytes': hex(''),
  'a number': hex('01'),
  'a map': hex('a10203'),
  'an empty array': hex('80'),
  'an array without a kind': hex('8161 41'),
  'a kind nobody knows': hex('81 18 63'),
  'a command': hex('81 18 23'),
  'an array of unknown length': hex('9f 07 ff'),
  'text that is too long for its frame': hex('85 06 78 ff 41'),
  'an array that claims more than memory': hex('83 05 9b 00ffffffffffffff 80'),
  'a batch without its payload': hex('83 03 00 01'),
  'a batch cut off in its head': hex('84 03 00 19'),
  'a batch whose payload is text': hex('84 03 00 01 61 41'),
  'a batch whose payload ends early': hex('84 03 00 01 43 4141'),
  'a batch whose payload claims 2^53 bytes': hex('84 03 00 01 5b 0020000000000000 41'),
  'a batch with a negative shard': hex('84 03 20 01 41 41'),
  'a batch with a number in reserved form': hex('84 03 1c 01 41 41'),
  'a batch with bytes after it': hex('84 03 00 01 41 41 00'),
  'a message with bytes after it': hex('81 07 00'),
  'a field that is missing': body(peer.messageOf(6, 'HELPER_X', false, 'here')),
  'text for a number': body(peer.messageOf(1, 'one', 1, 'v', 1, 'r')),
  'a negative number': body(peer.messageOf(1, -1, 1, 'v', 1, 'r')),
  'a fraction': body(peer.messageOf(1, 1.5, 1, 'v', 1, 'r')),
  'a number for a truth value': body(peer.messageOf(6, 'HELPER_X', 1, 'here', 'why')),
  'null for text': body(peer.messageOf(6, null, false, 'here', 'why')),
  'counters that are not all numbers': body(peer.messageOf(5, [1, 'x'], [])),
}

for (const [sentence, frame] of Object.entries(refused)) {
  test(`refused: ${sentence}`, (t) => {
    const error = t.throws(() => decodeMessage(frame), { instanceOf: AccessLogError })
    t.is(error?.code, 'HELPER_GARBAGE')
  })
}

const GOOD = [
  peer.hello(),
  peer.ready(),
  peer.batch(1, Buffer.alloc(9)),
  peer.counters(1),
  peer.problem('X', true, '', ''),
]

test('no bytes make it fail in another way, and it still decodes afterwards', (t) => {
  const mutated = fc
    .tuple(fc.constantFrom(...GOOD.map(body)), fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }))
    .map(([frame, changes]) => {
      const copy = Uint8Array.from(frame)
      for (const [at, byte] of changes) copy[at % copy.length] = byte
      return copy
    })
  const isCodedOrMessage = (frame: Uint8Array): boolean => {
    try {
      return messageName(decodeMessage(frame).kind) !== ''
    } catch (error) {
      return error instanceof AccessLogError && error.code === 'HELPER_GARBAGE'
    }
  }
  const anything = fc.oneof(mutated, fc.uint8Array({ maxLength: 64 }))
  fc.assert(
    fc.property(
      anything,
      (frame) => isCodedOrMessage(frame) && decodeMessage(body(peer.stopped())).kind === 7,
    ),
    { numRuns: 5_000 },
  )
  t.pass()
})

test('every message that its own fields describe is decoded to them', (t) => {
  const values = {
    uint: fc.nat(),
    uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    int: fc.integer(),
    bool: fc.boolean(),
    text: fc.string(),
    bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    uint_array: fc.array(fc.nat()),
    array: fc.array(fc.tuple(fc.string(), fc.nat())),
  }
  const cbor = new Encoder({ useRecords: false })
  for (const kind of [1, 2, 3, 4, 5, 6, 7] as ToAgent['kind'][]) {
    const fields = MESSAGE_FIELDS[kind]
    const contents = fc.tuple(...fields.map(([, type]) => values[type] as fc.Arbitrary<unknown>))
    fc.assert(
      fc.property(contents, (content) => {
        const expected = Object.fromEntries(fields.map(([name], index) => [name, content[index]]))
        t.deepEqual(decodeMessage(cbor.encode([kind, ...content])) as unknown, { kind, ...expected })
      }),
      { numRuns: 50 },
    )
  }
})
