import test from 'ava'
import { ConnectionRole, DataFlag, OpenOrigin, RecordSyscall } from '../../../agent/connections/gen/event.ts'
import { ConnectionReader } from '../../../agent/connections/reader.ts'
import { type Event, Events, readAll } from './listener.ts'
import { batch, close, data, open, progress } from './records.ts'

const OPEN = open({ connection: 1 })
const READ = RecordSyscall.READ
const WRITE = RecordSyscall.WRITE

test('the facts of a connection', (t) => {
  const events = new Events()
  const reader = new ConnectionReader(events)
  reader.read(
    open({
      connection: 2 ** 52 + 1,
      sock: 0xffff_9123_4567_89abn,
      tgid: 4321,
      comm: 'a long name here',
      cgroupId: 99,
      role: ConnectionRole.CLIENT,
      origin: OpenOrigin.CONNECT,
      startNs: 10,
      endNs: 20,
      local: ['192.0.2.1', 40_000],
      remote: ['192.0.2.2', 443],
      netns: 4_026_531_992,
    }),
  )
  t.deepEqual(events.of.get(2 ** 52 + 1), [
    {
      event: 'opened',
      role: 'client',
      facts: {
        id: 2 ** 52 + 1,
        sock: 0xffff_9123_4567_89abn,
        pid: 4321,
        comm: 'a long name here',
        cgroupId: 99,
        origin: 'connect',
        role: 'client',
        local: { address: '192.0.2.1', port: 40_000 },
        remote: { address: '192.0.2.2', port: 443 },
        netns: 4_026_531_992,
        success: true,
        startNs: 10,
        endNs: 20,
      },
    },
  ])
})

for (const [origin, word] of [
  [OpenOrigin.CONNECT, 'connect'],
  [OpenOrigin.ACCEPT, 'accept'],
  [OpenOrigin.IO, 'io'],
  [OpenOrigin.SCAN, 'scan'],
] as const) {
  test(`origin ${origin} is ${word}`, (t) => {
    const events = new Events()
    new ConnectionReader(events).read(open({ connection: 1, origin }))
    t.is((events.of.get(1)![0] as Event & { event: 'opened' }).facts.origin, word)
  })
}

test('IPv6 ends are text of RFC 5952', (t) => {
  const events = new Events()
  const loopback = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0))
  new ConnectionReader(events).read(open({ connection: 1, local: [loopback, 80], remote: [loopback, 9] }))
  const { facts } = events.of.get(1)![0] as Event & { event: 'opened' }
  t.deepEqual(
    [facts.local, facts.remote],
    [
      { address: '::1', port: 80 },
      { address: '::1', port: 9 },
    ],
  )
})

test('a failed connect is opened and closed at once, and not known afterwards', (t) => {
  const { words, connections, malformed } = readAll(open({ connection: 1, success: false }))
  t.deepEqual(words, ['closed'])
  t.is(connections, 0)
  t.is(malformed, 0)
})

const CASES: Record<string, { records: Uint8Array[]; words: string[]; lost?: number }> = {
  'a call whose bytes were captured': {
    records: [data({ connection: 1, direction: 0, captured: 'GET /', startNs: 30, endNs: 40 })],
    words: [`read 1×5 30-40 ${READ}`, 'bytes 0 GET /'],
  },
  'a call of which the beginning was captured': {
    records: [data({ connection: 1, direction: 1, captured: 'HTTP', bytes: 1004, startNs: 30, endNs: 40 })],
    words: [`write 1×1004 30-40 ${WRITE}`, 'bytes 1 HTTP', 'gap 1 1000 30-40'],
  },
  'a call of which the rest was walked over': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'HTTP',
        bytes: 1004,
        walkedFraming: 12,
        flags: DataFlag.WALK_ENDED,
        startNs: 30,
        endNs: 40,
      }),
    ],
    words: [
      `write 1×1004 30-40 ${WRITE}`,
      'bytes 1 HTTP',
      'gap 1 1000 30-40 framing=12 ended=true lost=false',
    ],
  },
  'a call of which the rest was walked over, in vain': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'HTTP',
        bytes: 1004,
        walkedFraming: 3,
        flags: DataFlag.WALK_LOST,
        startNs: 30,
        endNs: 40,
      }),
    ],
    words: [
      `write 1×1004 30-40 ${WRITE}`,
      'bytes 1 HTTP',
      'gap 1 1000 30-40 framing=3 ended=false lost=true',
    ],
  },
  'a call of which nothing could be read': {
    records: [
      data({ connection: 1, direction: 0, bytes: 77, flags: DataFlag.UNREADABLE, startNs: 30, endNs: 40 }),
    ],
    words: [`read 1×77 30-40 ${READ}`, 'gap 0 77 30-40'],
  },
  'folded calls before a call': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'x',
        startNs: 300,
        endNs: 310,
        before: { bytes: 5000, calls: 4, foldedStartNs: 100, lastEndNs: 200 },
      }),
    ],
    words: ['write 4×5000 100-200 0', 'gap 1 5000 100-200', `write 1×1 300-310 ${WRITE}`, 'bytes 1 x'],
  },
  'folded calls of the other direction that ended first come first': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'x',
        startNs: 300,
        endNs: 310,
        before: { bytes: 500, calls: 1, foldedStartNs: 210, lastEndNs: 220 },
        peer: { bytes: 70, calls: 2, foldedStartNs: 100, lastEndNs: 200 },
      }),
    ],
    words: [
      'read 2×70 100-200 0',
      'gap 0 70 100-200',
      'write 1×500 210-220 0',
      'gap 1 500 210-220',
      `write 1×1 300-310 ${WRITE}`,
      'bytes 1 x',
    ],
  },
  'and those that ended last come last': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'x',
        startNs: 300,
        endNs: 310,
        before: { bytes: 500, calls: 1, foldedStartNs: 10, lastEndNs: 20 },
        peer: { bytes: 70, calls: 2, foldedStartNs: 100, lastEndNs: 200 },
      }),
    ],
    words: [
      'write 1×500 10-20 0',
      'gap 1 500 10-20',
      'read 2×70 100-200 0',
      'gap 0 70 100-200',
      `write 1×1 300-310 ${WRITE}`,
      'bytes 1 x',
    ],
  },
  'a call that begins with bytes walked over: they share a gap with the folded calls before': {
    records: [
      data({
        connection: 1,
        direction: 1,
        captured: 'HTTP/1.1',
        skipped: 105,
        bytes: 113,
        startNs: 300,
        endNs: 310,
        before: {
          bytes: 1000,
          calls: 1,
          foldedStartNs: 100,
          lastEndNs: 200,
          framingBytes: 15,
          chunkedEnds: 1,
        },
      }),
    ],
    words: [
      'write 1×1000 100-200 0',
      `write 1×113 300-310 ${WRITE}`,
      'gap 1 1105 100-310 framing=15 ended=true lost=false',
      'bytes 1 HTTP/1.1',
    ],
  },
  'a record that was lost is counted, its bytes are a gap, and a walk over all of it is not believed': {
    records: [
      data({
        connection: 1,
        direction: 0,
        captured: 'x',
        startNs: 300,
        endNs: 310,
        before: { bytes: 90, calls: 1, records: 1, lastEndNs: 200, framingBytes: 9, chunkedEnds: 1 },
      }),
    ],
    words: [
      'read 1×90 200-200 0',
      'gap 0 90 200-200 framing=9 ended=true lost=true',
      `read 1×1 300-310 ${READ}`,
      'bytes 0 x',
    ],
    lost: 1,
  },
  'a lost record after a known call began after it': {
    records: [
      data({ connection: 1, direction: 0, captured: 'x', startNs: 100, endNs: 150 }),
      data({
        connection: 1,
        direction: 0,
        captured: 'y',
        startNs: 300,
        endNs: 310,
        before: { bytes: 91, calls: 2, records: 2, lastEndNs: 200 },
      }),
    ],
    words: [
      `read 1×1 100-150 ${READ}`,
      'bytes 0 x',
      'read 1×90 150-200 0',
      'gap 0 90 150-200 framing=0 ended=false lost=true',
      `read 1×1 300-310 ${READ}`,
      'bytes 0 y',
    ],
    lost: 1,
  },
  'a record that another one overtook': {
    records: [
      data({
        connection: 1,
        direction: 0,
        captured: 'second',
        startNs: 300,
        endNs: 310,
        before: { bytes: 5, calls: 1, records: 1, lastEndNs: 200 },
      }),
      data({ connection: 1, direction: 0, captured: 'first', startNs: 100, endNs: 200 }),
    ],
    words: [
      'read 1×5 200-200 0',
      'gap 0 5 200-200 framing=0 ended=false lost=true',
      `read 1×6 300-310 ${READ}`,
      'bytes 0 second',
    ],
  },
  'progress tells of folded calls once': {
    records: [
      progress(1, [{}, { bytes: 70, calls: 7, foldedStartNs: 10, lastEndNs: 20 }]),
      progress(1, [{}, { bytes: 70, calls: 7, foldedStartNs: 10, lastEndNs: 20 }]),
      progress(1, [{}, { bytes: 80, calls: 8, foldedStartNs: 10, lastEndNs: 40 }]),
    ],
    words: ['write 7×70 10-20 0', 'gap 1 70 10-20', 'write 1×10 20-40 0', 'gap 1 10 20-40'],
  },
  'the walk of a call that is under way waits for its bytes': {
    records: [
      progress(1, [{}, { bytes: 70, calls: 1, lastEndNs: 20 }]),
      progress(1, [{}, { bytes: 70, calls: 1, lastEndNs: 20, framingBytes: 8, chunkedEnds: 1 }]),
      progress(1, [{}, { bytes: 90, calls: 2, lastEndNs: 40, framingBytes: 8, chunkedEnds: 1 }]),
    ],
    words: [
      'write 1×70 20-20 0',
      'gap 1 70 20-20',
      'write 1×20 20-40 0',
      'gap 1 20 20-40 framing=8 ended=true lost=false',
    ],
  },
  'counters wrap without a jump': {
    records: [
      progress(1, [
        { bytes: 10, calls: 2 ** 32 - 1, records: 0, lastEndNs: 10, framingBytes: 2 ** 32 - 2 },
        {},
      ]),
      progress(1, [
        { bytes: 30, calls: 2 ** 32 + 1, records: 0, lastEndNs: 20, framingBytes: 2 ** 32 + 3 },
        {},
      ]),
    ],
    words: [
      `read ${2 ** 32 - 1}×10 10-10 0`,
      `gap 0 10 10-10 framing=${2 ** 32 - 2} ended=false lost=false`,
      'read 2×20 10-20 0',
      'gap 0 20 10-20 framing=5 ended=false lost=false',
    ],
  },
  'the close tells what is left, and itself': {
    records: [
      close({
        connection: 1,
        startNs: 500,
        endNs: 600,
        totals: [
          { bytes: 3, calls: 1, lastEndNs: 400, foldedStartNs: 390 },
          { bytes: 4, calls: 1, lastEndNs: 300, foldedStartNs: 290 },
        ],
      }),
    ],
    words: [
      'write 1×4 290-300 0',
      'gap 1 4 290-300',
      'read 1×3 390-400 0',
      'gap 0 3 390-400',
      'closed 500-600 true',
    ],
  },
  'a close that failed': {
    records: [close({ connection: 1, startNs: 500, endNs: 600, result: -5 })],
    words: ['closed 500-600 false'],
  },
}

for (const [sentence, { records, words, lost = 0 }] of Object.entries(CASES)) {
  test(sentence, (t) => {
    const result = readAll(OPEN, ...records)
    t.deepEqual(result.words, words)
    t.is(result.lost, lost)
    t.is(result.malformed, 0)
  })
}

test('several connections in one batch are kept apart', (t) => {
  const events = new Events()
  const reader = new ConnectionReader(events)
  reader.read(
    batch(
      open({ connection: 1 }),
      open({ connection: 2 }),
      data({ connection: 2, direction: 0, captured: 'two' }),
      data({ connection: 1, direction: 0, captured: 'one' }),
      close({ connection: 2, totals: [{ bytes: 3, calls: 1, records: 1, lastEndNs: 4000 }, {}] }),
    ),
  )
  t.deepEqual(
    [1, 2].map((id) => events.of.get(id)!.map(({ event }) => event)),
    [
      ['opened', 'operation', 'bytes'],
      ['opened', 'operation', 'bytes', 'closed'],
    ],
  )
  t.is(reader.counters.connections, 1)
})

test('a new life of the helper: everything known is over, and its ids mean something else', (t) => {
  const events = new Events()
  const reader = new ConnectionReader(events)
  reader.read(batch(open({ connection: 1 }), data({ connection: 1, direction: 0, captured: 'old' })))
  reader.reset()
  t.is(reader.counters.connections, 0)
  reader.read(batch(data({ connection: 1, direction: 0, captured: 'stray' })))
  t.is(reader.counters.malformed, 1)
  reader.read(batch(open({ connection: 1 }), data({ connection: 1, direction: 0, captured: 'new' })))
  t.deepEqual(
    events.of.get(1)!.map(({ event }) => event),
    ['opened', 'operation', 'bytes', 'closed', 'opened', 'operation', 'bytes'],
  )
})

const FRAMES = DataFlag.FRAMES | DataFlag.ALIGNED

test('a call without its DATA is handed on as one, with what is left out', (t) => {
  const record = data({ connection: 1, direction: 0, captured: 'frames', bytes: 1006, flags: FRAMES })
  t.deepEqual(readAll(OPEN, record).words, [
    `read 1×1006 3000-4000 ${READ}`,
    'framed 0 frames omitted=1000 aligned',
  ])
})

test('the rest of DATA that a call begins with is a gap before its frames', (t) => {
  const record = data({
    connection: 1,
    direction: 1,
    captured: 'frames',
    bytes: 1056,
    skipped: 50,
    flags: DataFlag.FRAMES,
  })
  t.deepEqual(readAll(OPEN, record).words, [
    `write 1×1056 3000-4000 ${WRITE}`,
    'gap 1 50 3000-4000',
    'framed 1 frames omitted=1000',
  ])
})

test('a call that is nothing but the middle of a body is a gap, at whose end a frame may begin', (t) => {
  const middle = data({ connection: 1, direction: 1, bytes: 1000, skipped: 1000, flags: DataFlag.FRAMES })
  t.deepEqual(readAll(OPEN, middle).words, [`write 1×1000 3000-4000 ${WRITE}`, 'gap 1 1000 3000-4000'])
})
