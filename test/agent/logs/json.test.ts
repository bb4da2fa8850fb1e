import test from 'ava'
import fc from 'fast-check'
import { RecordSyscall } from '../../../agent/connections/gen/event.ts'
import { jsonLines } from '../../../agent/logs/json.ts'
import type { ConnectionView, LogEntry } from '../../../agent/logs/model.ts'
import { WallClock } from '../../../agent/logs/time.ts'
import { EXCHANGE, READ, VIEW } from './samples.ts'

/** 2026-01-31T12:00:00Z is when the machine booted. */
const clock = new WallClock(1_769_860_800_000_000_000n)

const lines = (entry: Partial<LogEntry>, view: ConnectionView = VIEW): string =>
  jsonLines(clock, view, { kernelLogs: [], exchange: undefined, ...entry })

const LOCAL =
  '"local":{"address":"10.0.0.1","port":80,"service":"nginx.service","pod":"web-1","container":"","process":"nginx","pid":7}'
const ENDS = `${LOCAL},"remote":{"address":"10.0.0.2","port":40000}`

test('an exchange', (t) => {
  t.is(
    lines({ exchange: EXCHANGE }),
    '{"kind":"http","start":"2026-01-31T12:00:01.000000000Z","durationNs":1500000,"role":"server","tls":false,' +
      `"protocol":"HTTP/1.1",${ENDS},` +
      '"request":{"method":"GET","path":"/a","host":"example.org","headerBytes":78,"bodyBytes":0},' +
      '"response":{"status":200,"headerBytes":230,"bodyBytes":600}}\n',
  )
})

test('a call of gRPC tells what it ended with, be it OK', (t) => {
  const response = (grpcStatus: number) =>
    (JSON.parse(lines({ exchange: { ...EXCHANGE, grpcStatus } })) as { response: object }).response
  t.deepEqual(response(0), { status: 200, grpcStatus: 0, headerBytes: 230, bodyBytes: 600 })
  t.deepEqual(response(14), { status: 200, grpcStatus: 14, headerBytes: 230, bodyBytes: 600 })
})

test('an exchange with a trace, and one of which something is unknown', (t) => {
  const trace = { provider: 1, traceId: 'a"b', segmentId: 's', spanId: '3' } as const
  const [line] = lines({ exchange: { ...EXCHANGE, trace, incomplete: ['response.bodyBytes'] } }).split('\n')
  t.true(
    line?.endsWith(
      '"bodyBytes":0,"trace":{"provider":1,"traceId":"a\\"b","segmentId":"s","spanId":"3"}},' +
        '"response":{"status":200,"headerBytes":230,"bodyBytes":600},"incomplete":["response.bodyBytes"]}',
    ),
    line,
  )
})

const TAIL = `"protocol":"HTTP/1","role":"server","tls":false,${ENDS}}\n`
const HEAD = '"start":"2026-01-31T12:00:01.000000000Z","durationNs":1000,'

test('kernel logs', (t) => {
  const more = { success: true, bytes: 0, syscall: 0 }
  const kernelLogs = [
    { ...READ, ...more, kind: 'connect', success: false },
    { ...READ, ...more, kind: 'accept' },
    READ,
    { ...READ, kind: 'write', syscall: RecordSyscall.SENDFILE64, bytes: 5_000_000_000, count: 12 },
    { ...READ, kind: 'write', syscall: RecordSyscall.NONE },
    { ...READ, ...more, kind: 'close' },
  ] as const
  t.is(
    lines({ kernelLogs }),
    `{"kind":"connect",${HEAD}"success":false,${TAIL}` +
      `{"kind":"accept",${HEAD}${TAIL}` +
      `{"kind":"read",${HEAD}"syscall":"recvfrom","bytes":78,"count":1,${TAIL}` +
      `{"kind":"write",${HEAD}"syscall":"sendfile64","bytes":5000000000,"count":12,${TAIL}` +
      `{"kind":"write",${HEAD}"bytes":78,"count":1,${TAIL}` +
      `{"kind":"close",${HEAD}"success":true,${TAIL}`,
  )
})

test('every system call that moves bytes has the name it has in the kernel', (t) => {
  const names = Object.entries(RecordSyscall)
    .filter(([, number]) => number > 0 && number < RecordSyscall.CONNECT)
    .map(
      ([, syscall]) =>
        (JSON.parse(lines({ kernelLogs: [{ ...READ, syscall }] })) as { syscall: string }).syscall,
    )
  t.deepEqual(names, [
    'read',
    'readv',
    'recvfrom',
    'recvmsg',
    'recvmmsg',
    'write',
    'writev',
    'sendto',
    'sendmsg',
    'sendmmsg',
    'sendfile64',
    'splice',
  ])
})

test('an entry is its kernel logs, then its exchange', (t) => {
  const kinds = lines({ kernelLogs: [READ, { ...READ, kind: 'write' }], exchange: EXCHANGE })
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { kind: string }).kind)
  t.deepEqual(kinds, ['read', 'write', 'http'])
})

test('whatever strangers send, a log is one line of JSON that says what they sent', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constant('\u001b[2J\n\r\u0000\u2028"\\'),
  )
  fc.assert(
    fc.property(text, text, text, (method, path, host) => {
      const line = lines({ exchange: { ...EXCHANGE, method, path, host } })
      t.is(line.indexOf('\n'), line.length - 1)
      t.like(JSON.parse(line), { request: { method, path, host } })
      t.notRegex(line.slice(0, -1), /[\u0000-\u001f]/)
    }),
  )
})

test('names with quotes and backslashes stay names', (t) => {
  const workload = { service: 'a"b', pod: 'c\\d', container: 'e\nf', process: 'g\th', pid: 1 }
  const view = { ...VIEW, local: { ...VIEW.local, workload } }
  t.like(JSON.parse(lines({ exchange: EXCHANGE }, view)), { local: workload })
})
