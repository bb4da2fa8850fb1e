import test from 'ava'
import { Conversation } from '../../../agent/logs/conversation.ts'
import type { Batch } from '../../../agent/logs/encode.ts'
import type { KernelLog, LogEntry } from '../../../agent/logs/model.ts'
import { ShardOutputs, type TextFormat, logsIn } from '../../../agent/logs/outputs.ts'
import { Shard } from '../../../agent/logs/shard.ts'
import { WallClock } from '../../../agent/logs/time.ts'
import { viewOf } from '../../../agent/logs/view.ts'
import { LogReader, type ReceivedLog } from '../../receiver/logs.ts'
import { decodeMessage } from '../../receiver/protocol.ts'
import { EXCHANGE, FACTS } from './samples.ts'
import { known, workload } from './shard-run.ts'
import { Socket } from './socket.ts'

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

/** A shard that knows every process and writes what it is told to. */
function shardWith(options: { backend: boolean; text: TextFormat }): Shard {
  const shard: Shard = new Shard({
    outputs: new ShardOutputs({ ...options, clock: new WallClock(0n) }),
    requests: { identify: (pid) => shard.identified(pid, known(pid)), mute: () => {} },
    headBytesMax: 8192,
    endpointsMax: 100,
    patienceFlushes: 1,
  })
  return shard
}

/** The logs of batches as the backend reads them, one stream for each batch. */
function received(batches: readonly Batch[]): ReceivedLog[] {
  return batches.flatMap(({ frames }) => {
    const reader = new LogReader()
    return [...messagesIn(frames)].flatMap((message) => reader.read(decodeMessage(message)))
  })
}

function* messagesIn(frames: Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(frames)
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    yield bytes.subarray(at + 5, end)
    at = end
  }
}

/** What both forms of a log tell. */
function essence({ kind, start, durationNs, role, local, remote, request, response }: ReceivedLog) {
  const services = [local.service, remote.service]
  return { kind, start, durationNs, role, services, path: request?.path, status: response?.status }
}

test('frames for the backend and lines for standard output tell the same', (t) => {
  const shard = shardWith({ backend: true, text: 'json' })
  const [client, server] = [Socket.client(), new Socket()]
  for (const socket of [client, server]) shard.read(socket.take())
  shard.read(server.read(GET).write(OK).close().take())
  shard.read(client.write(GET).read(OK).take())
  const { batches, text, textLogs } = shard.flush(false)
  const lines = Buffer.from(text)
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReceivedLog)
  const logs = received(batches)
  t.is(lines.length, textLogs)
  // Lines come when exchanges end, frames by connection.
  for (const role of ['server', 'client']) {
    const ofRole = (log: ReceivedLog): boolean => log.role === role
    t.deepEqual(logs.filter(ofRole).map(essence), lines.filter(ofRole).map(essence))
  }
  t.deepEqual(
    batches.map(({ httpLogs, kernelLogs, operations }) => ({ httpLogs, kernelLogs, operations })),
    [{ httpLogs: 2, kernelLogs: 7, operations: 7 }],
  )
})

test('the connection is written anew in every batch, for a batch may go to a stream of its own', (t) => {
  const shard = shardWith({ backend: true, text: 'none' })
  const socket = new Socket().read(GET).write(OK)
  shard.read(socket.take())
  const first = received(shard.flush(false).batches)
  shard.read(socket.read(GET).write(OK).take())
  const second = received(shard.flush(false).batches)
  t.is(first.length, 4)
  t.is(second.length, 3)
  t.is(second[0]?.local.service, 'service-100')
})

test('with a backend alone no text is made, and the other way round', (t) => {
  const backend = shardWith({ backend: true, text: 'none' })
  backend.read(new Socket().read(GET).write(OK).take())
  t.like(backend.flush(false), { text: { length: 0 }, textLogs: 0, batches: { length: 1 } })
  const text = shardWith({ backend: false, text: 'json' })
  text.read(new Socket().read(GET).write(OK).take())
  t.like(text.flush(false), { batches: [], textLogs: 4 })
})

test('a table has a row for each exchange, and counts the kernel logs it stands for', (t) => {
  const shard = shardWith({ backend: false, text: 'table' })
  shard.read(new Socket().read(GET).write(OK).take())
  const { text, textLogs } = shard.flush(false)
  t.is(Buffer.from(text).toString().split('\n').length, 2)
  t.is(textLogs, 4)
})

test('nothing to write is nothing written', (t) => {
  t.deepEqual(shardWith({ backend: true, text: 'json' }).flush(false), {
    batches: [],
    text: new Uint8Array(0),
    textLogs: 0,
  })
})

test('when a batch is full another one is begun, and no log is lost between them', (t) => {
  const outputs = new ShardOutputs({ backend: true, text: 'none', clock: new WallClock(0n) })
  const conversation = new Conversation(FACTS, 'server')
  conversation.workload = workload(1)
  const read: KernelLog = {
    kind: 'read',
    startNs: 1,
    endNs: 2,
    success: true,
    syscall: 1,
    bytes: 9,
    count: 1,
  }
  const entry: LogEntry = { kernelLogs: [read], exchange: { ...EXCHANGE, path: `/${'x'.repeat(8000)}` } }
  for (let i = 0; i < 3000; i++) outputs.write(conversation, viewOf(conversation), entry)
  const { batches } = outputs.take()
  t.true(batches.length > 1)
  t.is(
    batches.reduce((sum, { httpLogs }) => sum + httpLogs, 0),
    3000,
  )
  for (const batch of batches) {
    const logs = received([batch])
    t.is(logs.length, batch.httpLogs + batch.kernelLogs)
    t.true(logs.every(({ local }) => local.service === 'service-1'))
  }
})

test('logs of an entry are its kernel logs and its exchange', (t) => {
  const read: KernelLog = {
    kind: 'read',
    startNs: 1,
    endNs: 2,
    success: true,
    syscall: 1,
    bytes: 9,
    count: 50,
  }
  t.is(logsIn({ kernelLogs: [read, read], exchange: undefined }), 2)
  t.is(logsIn({ kernelLogs: [read, read], exchange: EXCHANGE }), 3)
})
