import test from 'ava'
import fc from 'fast-check'
import { RecordSyscall } from '../../../agent/connections/gen/event.ts'
import { FrameWriter, encodeConnection } from '../../../agent/logs/encode.ts'
import type { ConnectionView, Endpoint, KernelLog, LogEntry, Workload } from '../../../agent/logs/model.ts'
import type { Exchange, TraceContext } from '../../../agent/protocols/analyzer.ts'
import {
  type Address,
  type Http,
  type KernelLog as WireKernelLog,
  type Message,
  type Operation,
  type Timestamp,
  decodeMessage,
  encodeMessage,
} from '../../receiver/protocol.ts'

/** What the protocol's own library would write, given what the mapping rules say. Zero values are left out. */
function reference(view: ConnectionView | undefined, entry: LogEntry): Message {
  return present<Message>({
    connection: view && referenceConnection(view),
    kernelLogs: entry.kernelLogs.length ? entry.kernelLogs.map(referenceKernelLog) : undefined,
    protocolLog: entry.exchange && { http: referenceHttp(entry.exchange) },
  })
}

function referenceConnection(view: ConnectionView): NonNullable<Message['connection']> {
  const self = view.local.workload?.service === view.remote.workload?.service
  return present({
    local: referenceAddress(view.local),
    remote: referenceAddress(self ? { ...view.remote, workload: undefined } : view.remote),
    role: view.role === 'server' ? 'server' : undefined,
    tlsMode: view.tls ? 'TLS' : undefined,
    protocol: view.protocol === 'TCP' ? undefined : view.protocol === 'HTTP/1' ? 'HTTP_1' : 'HTTP_2',
  } as const)
}

function referenceAddress({ address, port, workload }: Endpoint): Address {
  if (!workload) return { ip: present({ host: address || undefined, port: port || undefined }) }
  return {
    kubernetes: present({
      serviceName: workload.service || undefined,
      podName: workload.pod || undefined,
      containerName: workload.container || undefined,
      processName: workload.process || undefined,
      port: port || undefined,
    }),
  }
}

const READS: Record<number, string> = { 2: 'Readv', 3: 'RecvFrom', 4: 'RecvMsg', 5: 'RecvMmsg' }
const WRITES: Record<number, string> = {
  7: 'Writev',
  8: 'SendTo',
  9: 'SendMsg',
  10: 'SendMmsg',
  11: 'SendFile64',
  12: 'SendFile',
}

function referenceKernelLog(log: KernelLog): WireKernelLog {
  const outcome = log.kind === 'connect' || log.kind === 'close'
  const syscall = log.kind === 'read' ? READS[log.syscall] : WRITES[log.syscall]
  const operation = present<Operation>({
    startTime: timestamp(log.startNs),
    endTime: timestamp(log.endNs),
    success: outcome && log.success ? true : undefined,
    syscall: outcome || log.kind === 'accept' ? undefined : syscall,
  })
  return { [log.kind]: operation }
}

function referenceHttp(exchange: Exchange): Http {
  return present<Http>({
    startTime: timestamp(exchange.startNs),
    endTime: timestamp(exchange.endNs),
    version: exchange.version === 'HTTP/2' ? 'HTTP2' : undefined,
    request: present({
      method: referenceMethod(exchange.method),
      path: exchange.path.toWellFormed() || '/',
      sizeOfHeadersBytes: long(exchange.requestHeaderBytes),
      sizeOfBodyBytes: long(exchange.requestBodyBytes),
      trace: exchange.trace && referenceTrace(exchange.trace),
      host: exchange.host.toWellFormed() || undefined,
    }),
    response: present({
      statusCode: exchange.status || undefined,
      sizeOfHeadersBytes: long(exchange.responseHeaderBytes),
      sizeOfBodyBytes: long(exchange.responseBodyBytes),
    }),
  })
}

function referenceMethod(method: string): string | number | undefined {
  if (method === 'GET') return undefined
  const named = ['POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'].includes(method)
  return named ? method[0] + method.slice(1).toLowerCase() : 127
}

const referenceTrace = (trace: TraceContext) =>
  present({
    provider: trace.provider === 1 ? ('SkyWalking' as const) : undefined,
    traceId: trace.traceId || undefined,
    traceSegmentId: trace.segmentId || undefined,
    spanId: trace.spanId || undefined,
  })

const timestamp = (ns: number): Timestamp => ({ offset: { offset: String(ns) } })
const long = (value: number): string | undefined => (value === 0 ? undefined : String(value))

/** The object without its undefined members. */
function present<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}

/** Splits frames by their headers. */
function bodies(frames: Uint8Array): Buffer[] {
  const bytes = Buffer.from(frames)
  const messages: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== 0) throw new Error(`compressed flag at ${at}`)
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    messages.push(bytes.subarray(at + 5, end))
    at = end
  }
  return messages
}

/** Every method, size and string of a real log; the strings also beyond ASCII and beyond one-byte lengths. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 100, maxLength: 400 }),
)
const anyText = fc.oneof(
  text,
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((c) => String.fromCharCode(...c)),
)
const timeNs = fc.oneof(
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) || 1),
)
const size = fc.oneof(fc.nat(2000), fc.maxSafeInteger().map(Math.abs))
const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'HEAD',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  '',
)

const exchanges: fc.Arbitrary<Exchange> = fc.record({
  startNs: timeNs,
  endNs: timeNs,
  method,
  path: anyText,
  host: anyText,
  version: fc.constantFrom('HTTP/1.0', 'HTTP/1.1', 'HTTP/2'),
  requestHeaderBytes: size,
  requestBodyBytes: size,
  status: fc.constantFrom(0, 101, 200, 404, 503, 999),
  grpcStatus: fc.constantFrom(undefined, 0, 16),
  responseHeaderBytes: size,
  responseBodyBytes: size,
  trace: fc.option(
    fc.record({ provider: fc.constantFrom(0, 1), traceId: text, segmentId: text, spanId: text }),
    { nil: undefined },
  ),
  incomplete: fc.constant([]),
})

const kernelLogs: fc.Arbitrary<KernelLog> = fc.record({
  kind: fc.constantFrom('connect', 'accept', 'close', 'read', 'write'),
  startNs: timeNs,
  endNs: timeNs,
  success: fc.boolean(),
  syscall: fc.integer({ min: 0, max: 15 }),
  bytes: fc.nat(),
  count: fc.integer({ min: 1, max: 9 }),
})

const workload: fc.Arbitrary<Workload> = fc.record({
  service: fc.oneof(fc.constant('shop::cart.default'), text),
  pod: text,
  container: text,
  process: text,
  pid: fc.nat(),
})

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 0, max: 65_535 }),
  workload: fc.option(workload, { nil: undefined }),
})

const views: fc.Arbitrary<ConnectionView> = fc.record({
  role: fc.constantFrom('client', 'server'),
  tls: fc.boolean(),
  protocol: fc.constantFrom('TCP', 'HTTP/1', 'HTTP/2'),
  local: endpoint,
  remote: endpoint,
})

const entries: fc.Arbitrary<LogEntry> = fc
  .record({
    kernelLogs: fc.array(kernelLogs, { maxLength: 5 }),
    exchange: fc.option(exchanges, { nil: undefined }),
  })
  .filter(({ kernelLogs, exchange }) => kernelLogs.length > 0 || exchange !== undefined)

const minute: Exchange = {
  startNs: 1_000,
  endNs: 61_000_000_001_000,
  method: 'GET',
  path: '/a',
  host: 'h',
  version: 'HTTP/1.1',
  requestHeaderBytes: 100,
  requestBodyBytes: 0,
  status: 200,
  grpcStatus: undefined,
  responseHeaderBytes: 120,
  responseBodyBytes: 5,
  trace: undefined,
  incomplete: [],
}
const read: KernelLog = { kind: 'read', startNs: 1, endNs: 2, success: true, syscall: 1, bytes: 9, count: 1 }
const view: ConnectionView = {
  role: 'server',
  tls: false,
  protocol: 'HTTP/1',
  local: {
    address: '10.0.0.1',
    port: 80,
    workload: { service: 'shop', pod: 'shop-1', container: '', process: 'nginx', pid: 7 },
  },
  remote: { address: '10.0.0.2', port: 40_000, workload: undefined },
}

test('every entry is, byte for byte, what the protocol library writes', (t) => {
  fc.assert(
    fc.property(views, entries, (view, entry) => {
      const writer = new FrameWriter(16)
      t.true(writer.write(encodeConnection(view), entry))
      const [message, ...more] = bodies(writer.take()!.frames)
      t.deepEqual(more, [])
      t.deepEqual(decodeMessage(message!), decodeMessage(encodeMessage(reference(view, entry))))
      t.deepEqual(message!, encodeMessage(reference(view, entry)))
    }),
    { numRuns: 500 },
  )
})

test('a batch is its entries in order, with a connection where it changes and in the first of them', (t) => {
  const step = fc.record({ which: fc.integer({ min: 0, max: 2 }), entry: entries, cut: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(views, { minLength: 3, maxLength: 3 }),
      fc.array(step, { minLength: 1 }),
      (views, steps) => {
        const connections = views.map(encodeConnection)
        const writer = new FrameWriter(64)
        let current: number | undefined
        let expected: Message[] = []
        const check = (): void => {
          const batch = writer.take()
          t.deepEqual(bodies(batch?.frames ?? new Uint8Array()), expected.map(encodeMessage))
          expected = []
          current = undefined
        }
        for (const { which, entry, cut } of steps) {
          t.true(writer.write(connections[which]!, entry))
          expected.push(reference(which === current ? undefined : views[which], entry))
          current = which
          if (cut) check()
        }
        check()
      },
    ),
  )
})

test('a batch counts its logs, and the operations that they stand for', (t) => {
  const writer = new FrameWriter()
  const connection = encodeConnection(view)
  writer.write(connection, { kernelLogs: [read, { ...read, count: 41 }], exchange: minute })
  writer.write(connection, { kernelLogs: [read], exchange: undefined })
  const { frames: _, ...counts } = writer.take()!
  t.deepEqual(counts, { httpLogs: 1, kernelLogs: 3, operations: 43 })
  t.is(writer.take(), undefined)
})

test('an entry with very many kernel logs becomes several messages, the exchange in the last', (t) => {
  const writer = new FrameWriter()
  const logs = Array.from({ length: 10_000 }, (_, i) => ({ ...read, startNs: i + 1 }))
  t.true(writer.write(encodeConnection(view), { kernelLogs: logs, exchange: minute }))
  const messages = bodies(writer.take()!.frames).map(decodeMessage)
  t.deepEqual(
    messages.map((m) => [m.kernelLogs?.length, m.connection !== undefined, m.protocolLog !== undefined]),
    [
      [4096, true, false],
      [4096, false, false],
      [1808, false, true],
    ],
  )
  t.deepEqual(
    messages.flatMap((m) => m.kernelLogs!),
    logs.map(referenceKernelLog),
  )
})

test('what does not fit is refused whole; after take it fits', (t) => {
  const writer = new FrameWriter(1024, 2048)
  const connection = encodeConnection(view)
  const entry = { kernelLogs: [read], exchange: minute }
  let written = 0
  while (writer.write(connection, entry)) written++
  t.true(written > 0)
  t.true(writer.size <= 2048)
  t.is(bodies(writer.take()!.frames).length, written)
  t.true(writer.write(connection, entry))
  t.false(
    new FrameWriter(1024, 2048).write(connection, {
      ...entry,
      exchange: { ...minute, path: '/'.repeat(2048) },
    }),
  )
})

for (const [sentence, ns, offset] of [
  ['an hour', 3.6e12, '3600000000000'],
  ['the last exact number', 2 ** 53 - 1, '9007199254740991'],
  ['a year of uptime', 31_536_000e9, '31536000000000000'],
  ['zero', 0, undefined],
  ['before boot', -5, undefined],
  ['not a number', Number.NaN, undefined],
  ['endless', Number.POSITIVE_INFINITY, '9223372036854774784'],
] as const) {
  test(`a time of ${sentence} is offset ${offset}`, (t) => {
    const writer = new FrameWriter()
    writer.write(encodeConnection(view), { kernelLogs: [{ ...read, startNs: ns }], exchange: undefined })
    const { startTime, endTime } = decodeMessage(bodies(writer.take()!.frames)[0]!).kernelLogs![0]!.read!
    t.is(startTime!.offset!.offset ?? '0', offset ?? '0')
    t.is(endTime!.offset!.offset, '2')
  })
}

test('a splice is written as its nearest relative', (t) => {
  const writer = new FrameWriter()
  const kernelLogs = (['read', 'write'] as const).map((kind) => ({
    ...read,
    kind,
    syscall: RecordSyscall.SPLICE,
  }))
  writer.write(encodeConnection(view), { kernelLogs, exchange: undefined })
  const [reading, writing] = decodeMessage(bodies(writer.take()!.frames)[0]!).kernelLogs!
  t.is(reading!.read!.syscall, undefined)
  t.is(writing!.write!.syscall, 'SendFile')
})

test('a service that calls itself names its remote side by address, or the backend would drop it', (t) => {
  const itself = encodeConnection({ ...view, remote: { ...view.local, address: '127.0.0.1', port: 5 } })
  t.deepEqual(decodeMessage(itself).connection!.remote, { ip: { host: '127.0.0.1', port: 5 } })
  t.is(decodeMessage(itself).connection!.local!.kubernetes!.serviceName, 'shop')
})
