import test from 'ava'
import { DataFlag } from '../../../agent/connections/gen/event.ts'
import { readAll } from './listener.ts'
import { close, data, open } from './records.ts'

const OPEN = open({ connection: 1 })
const { TLS, PLAINTEXT } = DataFlag

const record = (fields: Partial<Parameters<typeof data>[0]>) =>
  data({ connection: 1, direction: 0, flags: TLS, ...fields })
const plain = (fields: Partial<Parameters<typeof data>[0]>) => record({ flags: TLS | PLAINTEXT, ...fields })

const CASES: Record<string, { records: Uint8Array[]; words: string[]; lost?: number }> = {
  'a record that says so secures the connection, once, before its call': {
    records: [
      record({ bytes: 5 }),
      record({ bytes: 9, before: { bytes: 5, calls: 1, records: 1, lastEndNs: 4000 } }),
    ],
    words: ['secured', 'read 1×5 3000-4000 1', 'read 1×9 3000-4000 1'],
  },
  'plaintext is bytes, and no call of the connection': {
    records: [record({ bytes: 30 }), plain({ captured: 'GET / HTTP/1.1\r\n\r\n' })],
    words: ['secured', 'read 1×30 3000-4000 1', 'bytes 0 GET / HTTP/1.1\r\n\r\n'],
  },
  'plaintext that was not captured is a gap': {
    records: [plain({ direction: 1, captured: 'HTTP', bytes: 10 })],
    words: ['secured', 'bytes 1 HTTP', 'gap 1 6 3000-4000'],
  },
  'records of the plaintext that were lost are a gap, and counted': {
    records: [
      plain({ captured: 'a' }),
      plain({ captured: 'b', before: { bytes: 101, calls: 2, records: 2, lastEndNs: 3500 }, startNs: 3600 }),
    ],
    words: ['secured', 'bytes 0 a', 'gap 0 100 3500-3500 framing=0 ended=false lost=true', 'bytes 0 b'],
    lost: 1,
  },
  'the totals of the plaintext and of the records are apart': {
    records: [
      record({ bytes: 500 }),
      plain({ captured: 'x', peer: { bytes: 0 } }),
      record({ bytes: 60, before: { bytes: 500, calls: 1, records: 1, lastEndNs: 4000 } }),
      plain({ captured: 'y', before: { bytes: 1, calls: 1, records: 1, lastEndNs: 4000 } }),
    ],
    words: ['secured', 'read 1×500 3000-4000 1', 'bytes 0 x', 'read 1×60 3000-4000 1', 'bytes 0 y'],
  },
  'what was said in the clear before is told as such': {
    records: [
      data({ connection: 1, direction: 1, captured: 'CONNECT a:443 HTTP/1.1' }),
      record({ bytes: 7 }),
      plain({ captured: 'secret' }),
    ],
    words: [
      'write 1×22 3000-4000 6',
      'bytes 1 CONNECT a:443 HTTP/1.1',
      'secured',
      'read 1×7 3000-4000 1',
      'bytes 0 secret',
    ],
  },
  'records that passed without being told are calls, and no gap': {
    records: [
      record({ bytes: 7 }),
      close({
        connection: 1,
        totals: [{ bytes: 107, calls: 3, records: 1, foldedStartNs: 4100, lastEndNs: 4500 }, {}],
      }),
    ],
    words: ['secured', 'read 1×7 3000-4000 1', 'read 2×100 4100-4500 0', 'closed 9000-9500 true'],
  },
}

for (const [sentence, { records, words, lost = 0 }] of Object.entries(CASES)) {
  test(sentence, (t) => {
    const read = readAll(OPEN, ...records)
    t.deepEqual(read.words, words)
    t.is(read.lost, lost)
    t.is(read.malformed, 0)
  })
}
