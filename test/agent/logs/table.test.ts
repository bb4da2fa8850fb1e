import test from 'ava'
import fc from 'fast-check'
import type { ConnectionView, Endpoint } from '../../../agent/logs/model.ts'
import { tableHeader, tableRow } from '../../../agent/logs/table.ts'
import { WallClock } from '../../../agent/logs/time.ts'
import type { Exchange } from '../../../agent/protocols/analyzer.ts'
import { EXCHANGE, READ, VIEW } from './samples.ts'

const clock = new WallClock(1_769_860_800_000_000_000n)

const row = (exchange: Partial<Exchange> = {}, view: Partial<ConnectionView> = {}): string =>
  tableRow(clock, { ...VIEW, ...view }, { kernelLogs: [READ], exchange: { ...EXCHANGE, ...exchange } })

/** The cells of a row, by the columns of the header. */
function cells(line: string): Record<string, string> {
  const header = tableHeader()
  const starts = [...header.matchAll(/\S+/g)].map(({ 0: title, index }) => ({ title, index }))
  // Right-aligned titles end their column: a cell may begin before its title.
  const ends = { STATUS: true, LATENCY: true, REQ: true, RESP: true } as Record<string, true>
  let from = 0
  return Object.fromEntries(
    starts.map(({ title, index }, i) => {
      const to = ends[title] ? index + title.length : (starts[i + 1]?.index ?? Infinity)
      const next = starts[i + 1]
      const end = ends[title] || !next || !ends[next.title] ? to : from + 34
      const cell = line.slice(from, end).trim()
      from = end
      return [title, cell]
    }),
  )
}

test('the title', (t) => {
  t.is(
    tableHeader(),
    'TIME          SERVICE             PEER                     METHOD   PATH                              STATUS    LATENCY       REQ      RESP  TLS\n',
  )
})

test('a row', (t) => {
  t.is(
    row(),
    '12:00:01.000  nginx.service       <- 10.0.0.2:40000        GET      /a                                   200     1.50ms       78B      830B  -\n',
  )
})

test('an entry without an exchange has no row', (t) => {
  t.is(tableRow(clock, VIEW, { kernelLogs: [READ], exchange: undefined }), '')
})

test('a call of gRPC shows what it ended with behind the status', (t) => {
  t.is(cells(row({ grpcStatus: 5 }))['STATUS'], '200/5')
  t.is(cells(row({ grpcStatus: 16 }))['STATUS'], '200/16')
  t.is(cells(row({ grpcStatus: 0, status: 0 }))['STATUS'], '?/0')
})

const remote = (address: string, port = 443): Endpoint => ({ address, port, workload: undefined })

test('the peer: who is called, who calls, by name or address', (t) => {
  const named = { ...remote('10.0.0.2'), workload: VIEW.local.workload }
  const peers = [
    row({}, { role: 'client', remote: remote('10.0.0.2') }),
    row({}, { remote: remote('2001:db8::1') }),
    row({}, { remote: named }),
  ].map((line) => line.slice(34, 57).trim())
  t.deepEqual(peers, ['-> 10.0.0.2:443', '<- [2001:db8::1]:443', '<- nginx.service'])
})

test('a process without a name is its address', (t) => {
  t.is(
    row({}, { local: remote('10.0.0.1', 80) })
      .slice(14, 32)
      .trim(),
    '10.0.0.1:80',
  )
})

test('what is unknown is a question mark', (t) => {
  const line = row({ method: '', path: '', status: 0 })
  t.like(cells(line), { METHOD: '?', PATH: '?', STATUS: '?' })
})

for (const [ns, text] of [
  [0, '0us'],
  [999, '1us'],
  [1_000, '1us'],
  [999_499, '999us'],
  [1_000_000, '1.00ms'],
  [12_345_678, '12.35ms'],
  [999_990_000, '999.99ms'],
  [1_000_000_000, '1.00s'],
  [61_000_000_000, '61.00s'],
  [86_400_000_000_000, '86400.00s'],
  [864_000_000_000_000, '864000s'],
] as const) {
  test(`a latency of ${ns} ns is ${text}`, (t) => {
    t.is(cells(row({ endNs: EXCHANGE.startNs + ns }))['LATENCY'], text)
  })
}

for (const [bytes, text] of [
  [0, '0B'],
  [9999, '9999B'],
  [10_000, '10.0kB'],
  [9_949_000, '9949.0kB'],
  [9_999_999, '10.0MB'],
  [10_000_000, '10.0MB'],
  [9_876_543_210, '9876.5MB'],
  [123_456_789_012, '123.5GB'],
  [5_000_000_000_000, '5000.0GB'],
] as const) {
  test(`a response of ${bytes} bytes is ${text}`, (t) => {
    t.is(cells(row({ responseHeaderBytes: 0, responseBodyBytes: bytes }))['RESP'], text)
  })
}

test('a size is head and body', (t) => {
  const line = row({
    requestHeaderBytes: 1,
    requestBodyBytes: 2,
    responseHeaderBytes: 30,
    responseBodyBytes: 40,
  })
  t.like(cells(line), { REQ: '3B', RESP: '70B' })
})

test('a long cell is cut, and the columns stay where they are', (t) => {
  const service = 'a-very-long-service-name.service'
  const local = { ...VIEW.local, workload: { ...VIEW.local.workload!, service } }
  const line = row({ path: `/${'long'.repeat(20)}` }, { local })
  t.true(line.includes('a-very-long-servi…  <- 10.0.0.2:40000'))
  t.is(line.indexOf('200'), row().indexOf('200'))
})

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

test('nothing that strangers send can steer the terminal, reorder its text or begin a line', (t) => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '\u001b[2J',
      '\u009b31m',
      'a\r\nb',
      '\u0000',
      '\u202e',
      '\u2066',
      '\u0008\u0008',
      '\u007f',
      '\u2028',
    ),
  )
  fc.assert(
    fc.property(nasty, nasty, nasty, (method, path, service) => {
      const workload = { ...VIEW.local.workload!, service }
      const line = row(
        { method, path },
        { local: { ...VIEW.local, workload }, remote: { ...VIEW.remote, workload } },
      )
      t.is(line.indexOf('\n'), line.length - 1)
      t.notRegex(line, CONTROL)
      t.true(line.isWellFormed())
    }),
    { numRuns: 500 },
  )
})

test('letters of other scripts are shown', (t) => {
  t.true(row({ path: '/straße/日本' }).includes('/straße/日本'))
})
