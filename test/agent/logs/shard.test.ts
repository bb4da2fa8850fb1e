import test from 'ava'
import { ConnectionRole, OpenOrigin } from '../../../agent/connections/gen/event.ts'
import { ShardRun } from './shard-run.ts'
import { Socket } from './socket.ts'

const GET = 'GET /a?secret=1 HTTP/1.1\r\nHost: h\r\n\r\n' // 37 bytes
const POST = 'POST /p HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' // 38 bytes and 5
const UPGRADE = 'HTTP/1.1 101 Switching Protocols\r\n\r\n'

test('an exchange comes after the kernel logs that carried it', (t) => {
  const run = new ShardRun().read(new Socket().read(GET).write(OK))
  t.deepEqual(run.words(), [
    'accept',
    'read 1×37 recvfrom',
    'write 1×43 writev',
    'server GET /a 200 37+0 38+5',
  ])
  t.deepEqual(run.words(), [])
  run.expectConservation(t)
})

test('times are those of the calls, on the wall clock', (t) => {
  const [accept, read, write, http] = new ShardRun().read(new Socket().read(GET).write(OK)).logs()
  t.like(accept, { start: '1970-01-01T00:00:01.000000000Z', durationNs: 1000 })
  t.like(read, { start: '1970-01-01T00:00:01.000009000Z', durationNs: 1000 })
  t.like(write, { start: '1970-01-01T00:00:01.000019000Z', durationNs: 1000 })
  t.like(http, { start: '1970-01-01T00:00:01.000010000Z', durationNs: 10_000 })
})

test('the client side of the same', (t) => {
  const run = new ShardRun().read(Socket.client().write(POST).read(OK).close())
  t.deepEqual(run.words(), [
    'connect ok',
    'write 1×43 writev',
    'read 1×43 recvfrom',
    'client POST /p 200 39+4 38+5',
    'close ok',
  ])
  run.expectConservation(t)
})

test('a connection that was there before has no log of its beginning', (t) => {
  for (const origin of [OpenOrigin.SCAN, OpenOrigin.IO]) {
    const run = new ShardRun().read(new Socket({ origin }).read(GET).write(OK))
    t.deepEqual(run.words(), ['read 1×37 recvfrom', 'write 1×43 writev', 'server GET /a 200 37+0 38+5'])
  }
})

test('a connect that failed is one log, and no close', (t) => {
  const run = new ShardRun().read(Socket.client({ success: false }))
  t.deepEqual(run.words(), ['connect failed'])
  t.deepEqual(run.shard.tally.operations, { connect: 1, accept: 0, close: 0, read: 0, write: 0 })
  t.is(run.shard.tally.connections, 0)
  run.expectConservation(t)
})

test('a close that failed says so', (t) => {
  t.deepEqual(new ShardRun().read(new Socket().close(-5)).words(), ['accept', 'close failed'])
})

test('an exchange under way is not cut by a flush', (t) => {
  const socket = new Socket().read(GET)
  const run = new ShardRun().read(socket)
  t.deepEqual(run.words(), [])
  t.is(run.shard.tally.operationsPending, 2)
  run.read(socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n'))
  t.deepEqual(run.words(), [])
  run.read(socket.write('x'.repeat(50)))
  t.deepEqual(run.words(), [
    'accept',
    'read 1×37 recvfrom',
    'write 1×39 writev',
    'write 1×50 writev',
    'server GET /a 200 37+0 39+50',
  ])
  run.expectConservation(t)
})

test('a body that was folded is one operation of unknown kind and the true size', (t) => {
  const socket = new Socket().read(GET).write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
  const run = new ShardRun().read(socket.fold('write', 60_000, 6).fold('write', 40_000, 4).progress())
  t.deepEqual(run.words(), [
    'accept',
    'read 1×37 recvfrom',
    'write 1×43 writev',
    'write 10×100000',
    'server GET /a 200 37+0 43+100000',
  ])
  run.expectConservation(t)
})

test('many calls for one exchange are summed, so that memory has a bound', (t) => {
  const socket = new Socket().read(GET).write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')
  for (let i = 0; i < 100; i++) socket.write('x')
  const run = new ShardRun().read(socket)
  const words = run.words()
  t.is(words.filter((word) => word.startsWith('write')).length, 30)
  t.true(words.includes('write 72×72 writev'))
  t.is(words.at(-1), 'server GET /a 200 37+0 40+100')
  t.is(run.shard.tally.operationsLogged, 103)
  run.expectConservation(t)
})

test('pipelined exchanges have the calls that came before each of them', (t) => {
  const run = new ShardRun().read(
    new Socket()
      .read(GET + GET)
      .write(OK)
      .write(OK),
  )
  t.deepEqual(run.words(), [
    'accept',
    'read 1×74 recvfrom',
    'write 1×43 writev',
    'server GET /a 200 37+0 38+5',
    'write 1×43 writev',
    'server GET /a 200 37+0 38+5',
  ])
})

test('what is not HTTP is one log for each direction and flush', (t) => {
  const socket = new Socket()
    .read('\x16\x03\x01')
    .write('\x16\x03\x03')
    .fold('read', 900, 9)
    .fold('write', 70, 7)
  const run = new ShardRun().read(socket.progress())
  t.deepEqual(run.words(), ['accept', 'read 10×903', 'write 8×73'])
  run.read(socket.fold('read', 5).fold('read', 6).progress())
  t.deepEqual(run.words(), ['read 2×11'])
  run.read(socket.close())
  t.deepEqual(run.words(), ['close ok'])
  run.expectConservation(t)
})

test('a log of several calls reaches from the beginning of the first to the end of the last', (t) => {
  const [, read] = new ShardRun().read(new Socket().read('\x00').read('\x00').read('\x00')).logs()
  t.like(read, { count: 3, syscall: 'recvfrom', start: '1970-01-01T00:00:01.000009000Z', durationNs: 21_000 })
})

test('the role that a backlog suggested is corrected by who reads requests', (t) => {
  const scanned = new Socket({ origin: OpenOrigin.SCAN, role: ConnectionRole.CLIENT }).read(GET).write(OK)
  const [read, , http] = new ShardRun().read(scanned).logs()
  t.is(http?.role, 'server')
  t.is(read?.role, 'server')
  const client = new Socket({ origin: OpenOrigin.IO, role: ConnectionRole.SERVER }).write(GET).read(OK)
  t.is(new ShardRun().read(client).words().at(-1), 'client GET /a 200 37+0 38+5')
})

test('the protocol is HTTP/1 from the first exchange on', (t) => {
  const socket = new Socket()
  const run = new ShardRun().read(socket)
  t.deepEqual(
    run.logs().map(({ protocol }) => protocol),
    ['TCP'],
  )
  run.read(socket.read(GET).write(OK).close())
  t.deepEqual(
    run.logs().map(({ protocol }) => protocol),
    ['HTTP/1', 'HTTP/1', 'HTTP/1.1', 'HTTP/1'],
  )
})

test('a forced flush logs what is known', (t) => {
  const run = new ShardRun().read(new Socket().read(GET))
  t.deepEqual(run.words(true), [
    'accept',
    'read 1×37 recvfrom',
    'server GET /a 0 37+0 0+0 response response.headers response.bodyBytes',
  ])
  t.is(run.shard.tally.operationsPending, 0)
  run.expectConservation(t)
})

test('a forced flush says of a body that goes on that its size is not known', (t) => {
  const socket = new Socket().read(GET).write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789')
  t.is(new ShardRun().read(socket).words(true).at(-1), 'server GET /a 200 37+0 40+10 response.bodyBytes')
})

test('a connection that speaks something else is muted, once', (t) => {
  const socket = new Socket().read('\x16\x03\x01\x02\x00').write('\x16\x03\x03').read('\x17\x03\x03')
  const run = new ShardRun().read(socket)
  t.deepEqual(run.muted, [{ sock: socket.sock, connection: socket.id }])
  t.is(run.shard.tally.connectionsMuted, 1)
})

test('a connection that became a tunnel is muted after its exchange was logged, once', (t) => {
  const socket = new Socket().read(GET).write(UPGRADE).read('\x81\x85').write('\x81\x05hello')
  const run = new ShardRun().read(socket)
  t.deepEqual(run.muted, [{ sock: socket.sock, connection: socket.id }])
  t.true(run.words().includes('server GET /a 101 37+0 36+0'))
})

test('a connection that speaks HTTP is not muted', (t) => {
  t.deepEqual(new ShardRun().read(new Socket().read(GET).write(OK).read(GET).write(OK)).muted, [])
})

test('a new life of the helper ends what was under way, without a close that nobody saw', (t) => {
  const socket = new Socket().read(GET)
  const run = new ShardRun().read(socket)
  run.shard.reset()
  t.deepEqual(run.words(), [
    'accept',
    'read 1×37 recvfrom',
    'server GET /a 0 37+0 0+0 response response.headers response.bodyBytes',
  ])
  run.read(socket.write(OK))
  t.is(run.shard.tally.recordsMalformed, 1)
  run.expectConservation(t)
})

test('a lost record is counted, and its calls and bytes are logged all the same', (t) => {
  const socket = new Socket().read(GET)
  const run = new ShardRun().read(socket)
  run.read(socket.write(OK).loseLast().close())
  t.deepEqual(run.words(), [
    'accept',
    'read 1×37 recvfrom',
    'write 1×43',
    'close ok',
    'server GET /a 0 37+0 0+0 response response.headers response.bodyBytes',
  ])
  t.is(run.shard.tally.recordsLost, 1)
  run.expectConservation(t)
})

test('a shard counts what it did', (t) => {
  const run = new ShardRun()
  run.read(
    new Socket().read(GET).write(OK).close(),
    new Socket().read(GET),
    Socket.client({ success: false }),
  )
  run.words(true)
  t.deepEqual(run.shard.tally, {
    records: 7,
    recordsMalformed: 0,
    recordsLost: 0,
    connections: 1,
    connectionsMuted: 0,
    operations: { connect: 1, accept: 2, close: 1, read: 2, write: 1 },
    operationsLogged: 7,
    operationsFiltered: {},
    operationsPending: 0,
    exchanges: 2,
    exchangesIncomplete: 1,
    exchangesFiltered: {},
    logs: { connect: 1, accept: 2, close: 1, read: 2, write: 1, http: 2 },
  })
})

test('what waits is known, so that a flush can come before its time', (t) => {
  const run = new ShardRun()
  t.is(run.shard.waiting, 0)
  run.read(new Socket(), new Socket())
  t.is(run.shard.waiting, 2)
  run.read(new Socket().read(GET).write(OK).read(GET).write(OK))
  t.is(run.shard.waiting, 7)
  run.words()
  t.is(run.shard.waiting, 0)
})
