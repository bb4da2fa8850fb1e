import test from 'ava'
import fc from 'fast-check'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { batchOf, bootTimeNs, node, startSender } from '../agent/flush/harness.ts'
import { type Ledger, StreamRules, emptyLedger } from './ledger.ts'
import type { ReceivedLog } from './logs.ts'
import { outlineOf } from './outline.ts'
import { type Message, decodeMessage, encodeMessage } from './protocol.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

const at = (ns: number) => ({ offset: { offset: String(ns) } })
const times = { startTime: at(5), endTime: at(6) }
const nodeMessage = decodeMessage(node)
const kubernetes = (serviceName: string) => ({
  kubernetes: { serviceName, podName: `${serviceName}-1`, port: 80 },
})
const ip = { ip: { host: '10.0.0.9', port: 80 } }
const connection = { local: kubernetes('shop'), remote: kubernetes('cart') }
const http = { ...times, request: { path: '/' }, response: { statusCode: 200 } }
const whole: Message = { ...nodeMessage, connection, kernelLogs: [{ read: times }], protocolLog: { http } }

/** What a backend would do with these messages on one stream. */
function judge(messages: Message[]): Pick<Ledger, 'httpLogs' | 'kernelLogs' | 'rejected'> {
  const ledger = emptyLedger()
  const rules = new StreamRules(ledger)
  for (const message of messages) rules.enter(encodeMessage(message))
  const { httpLogs, kernelLogs, rejected } = ledger
  return { httpLogs, kernelLogs, rejected }
}

const { node: _, ...withoutNode } = whole
const { connection: __, ...withoutConnection } = whole

for (const [sentence, messages, httpLogs, kernelLogs, rejected] of [
  ['a whole message is taken', [whole], 1, 1, {}],
  ['node and connection stay in force', [whole, { protocolLog: { http } }], 2, 1, {}],
  ['a node of its own message is enough', [nodeMessage, withoutNode], 1, 1, {}],
  ['a stream without a node is rejected', [withoutNode], 0, 0, { node_missing: 2 }],
  ['a node without a boot time is none', [{ ...whole, node: { name: 'a' } }], 0, 0, { node_missing: 2 }],
  ['a node that comes late saves what follows', [withoutNode, whole], 1, 1, { node_missing: 2 }],
  ['logs without a connection are rejected', [withoutConnection], 0, 0, { connection_missing: 2 }],
  [
    'a connection without a remote end is rejected',
    [{ ...whole, connection: { local: kubernetes('shop') } }],
    0,
    0,
    { connection_incomplete: 2 },
  ],
  [
    'an empty address is none',
    [{ ...whole, connection: { local: kubernetes('shop'), remote: {} } }],
    0,
    0,
    { connection_incomplete: 2 },
  ],
  [
    'traffic of a service with itself is rejected',
    [{ ...whole, connection: { local: kubernetes('shop'), remote: kubernetes('shop') } }],
    0,
    0,
    { same_service: 2 },
  ],
  [
    'two bare addresses are the same unknown',
    [{ ...whole, connection: { local: ip, remote: ip } }],
    0,
    0,
    { same_service: 2 },
  ],
  [
    'a name and a bare address differ',
    [{ ...whole, connection: { local: kubernetes('shop'), remote: ip } }],
    1,
    1,
    {},
  ],
  [
    'an invalid connection also replaces a valid one',
    [whole, { connection: { local: ip, remote: ip }, kernelLogs: [{ close: times }] }],
    1,
    1,
    { same_service: 1 },
  ],
  [
    'operations without both times are rejected, the others taken',
    [
      {
        ...whole,
        kernelLogs: [{ read: { startTime: at(5) } }, { accept: times }, { write: { endTime: at(5) } }],
      },
    ],
    1,
    1,
    { operation_time_missing: 2 },
  ],
  [
    'a time of zero is none',
    [{ ...whole, kernelLogs: [{ close: { startTime: at(0), endTime: at(1) } }] }],
    1,
    0,
    { operation_time_missing: 1 },
  ],
  ['an empty operation is none', [{ ...whole, kernelLogs: [{}] }], 1, 0, { operation_unknown: 1 }],
  [
    'an exchange without an end is rejected',
    [{ ...whole, protocolLog: { http: { ...http, endTime: {} } } }],
    0,
    1,
    { http_time_missing: 1 },
  ],
  [
    'an exchange without a request is rejected',
    [{ ...whole, protocolLog: { http: { ...times, response: {} } } }],
    0,
    1,
    { http_request_missing: 1 },
  ],
  [
    'an exchange without a path is rejected',
    [{ ...whole, protocolLog: { http: { ...http, request: { host: 'a' } } } }],
    0,
    1,
    { http_path_missing: 1 },
  ],
  [
    'an exchange without a response is rejected',
    [{ ...whole, protocolLog: { http: { ...times, request: { path: '/' } } } }],
    0,
    1,
    { http_response_missing: 1 },
  ],
  [
    'a status that is not known is taken',
    [{ ...whole, protocolLog: { http: { ...http, response: {} } } }],
    1,
    1,
    {},
  ],
] as [string, Message[], number, number, Ledger['rejected']][]) {
  test(sentence, (t) => {
    t.deepEqual(judge(messages), { httpLogs, kernelLogs, rejected })
  })
}

test('bytes that are not a message are counted as malformed, whatever they are', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const ledger = emptyLedger()
      new StreamRules(ledger).enter(Buffer.from(bytes))
      t.is(ledger.messages, 1)
    }),
  )
  const ledger = emptyLedger()
  new StreamRules(ledger).enter(encodeMessage(whole).subarray(0, -1))
  t.deepEqual(ledger.rejected, { malformed: 1 })
})

test('the outline counts what the protocol library decodes', (t) => {
  const operation = fc.constantFrom({ connect: times }, { accept: times }, { close: times }, { read: {} }, {})
  fc.assert(
    fc.property(fc.array(operation), fc.boolean(), (kernelLogs, withHttp) => {
      const message: Message = { ...whole, kernelLogs, ...(withHttp ? {} : { protocolLog: {} }) }
      const outline = outlineOf(encodeMessage(message))
      t.is(outline.kernelLogs, decodeMessage(encodeMessage(message)).kernelLogs?.length ?? 0)
      t.is(outline.http, withHttp ? 'valid' : 'http_request_missing')
    }),
  )
})

async function startMain(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const [line] = (await once(createInterface({ input: child.stderr }), 'line')) as [string]
  const address = `127.0.0.1:${/port (\d+)$/.exec(line)?.[1]}`
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    const [code] = (await once(child, 'close')) as [number | null]
    return code
  }
  return { address, lines, stop }
}

const summary = {
  kind: 'summary',
  httpLogs: 2,
  kernelLogs: 2,
  rejected: {},
  messages: 2,
  streams: 1,
  completed: 1,
}

test('as a program it prints a line for each log, a summary when it is stopped, and exits 0', async (t) => {
  const { address, lines, stop } = await startMain('--output', 'json', '--token', 'secret')
  const { sender } = await startSender(t, address, { authentication: 'secret', periodMs: 60_000 })
  sender.push(batchOf('/a', '/b'))
  await sender.stop(30_000)
  t.is(await stop('SIGTERM'), 0)
  const logs = lines.map((line) => JSON.parse(line) as ReceivedLog)
  t.deepEqual(
    logs.map(({ kind, request }) => [kind, request?.path]),
    [
      ['read', undefined],
      ['http', '/a'],
      ['read', undefined],
      ['http', '/b'],
      ['summary', undefined],
    ],
  )
  t.is(Date.parse(logs[1]!.start), Number(bootTimeNs / 1_000_000n))
  t.deepEqual(logs.at(-1) as unknown, summary)
})

test('as a program it can only count', async (t) => {
  const { address, lines, stop } = await startMain('--output', 'none')
  const { sender } = await startSender(t, address, { periodMs: 60_000 })
  sender.push(batchOf('/a', '/b'))
  await sender.stop(30_000)
  t.is(await stop('SIGINT'), 0)
  t.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    [summary],
  )
})

test('as a program it shows a table', async (t) => {
  const { address, lines, stop } = await startMain()
  const { sender } = await startSender(t, address, { periodMs: 60_000 })
  sender.push(batchOf('/a'))
  await sender.stop(30_000)
  t.is(await stop('SIGTERM'), 0)
  t.deepEqual(lines, [
    '2026-01-31T00:00:00.000000900Z read         0.000 ms  shop:80 ◂ 10.0.0.2:40000  Read',
    '2026-01-31T00:00:00.000001000Z http         1.499 ms  shop:80 ◂ 10.0.0.2:40000  GET /a 200',
    'accepted: 1 http, 1 kernel; rejected: none; 1 messages in 1 streams, 1 of them completed',
  ])
})

for (const [sentence, args] of [
  ['an unknown output', ['--output', 'xml']],
  ['a port that is none', ['--port', '70000']],
  ['an unknown option', ['--colour']],
] as const) {
  test(`as a program it explains ${sentence} and exits 2`, async (t) => {
    const failure = await t.throwsAsync<Error & { code?: number; stderr?: string }>(
      promisify(execFile)(process.execPath, [MAIN, ...args]),
    )
    t.is(failure!.code, 2)
    t.regex(failure!.stderr!, /^receiver: .*\n?.*\nusage: /)
  })
}
