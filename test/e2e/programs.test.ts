import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Log, type Observation, REPOSITORY } from './harness/agent.ts'
import { Owned, run } from './harness/owned.ts'
import { type Row, clientLogs, serverLogs } from './harness/rows.ts'
import { expectRows, observe } from './harness/scenario.ts'

const PROGRAMS = join(REPOSITORY, 'build/programs')

/** Bytes of test/programs/exchange.h. */
const REQUEST = 43
const HEAD = 38
const RESPONSE = HEAD + 5
/** Head of recvmmsg_sendmmsg.c. */
const POST = 56

interface Expected {
  /** Server-side bytes by system call; `folded` are bodies, of which only the sum is told. */
  read: Record<string, number>
  write: Record<string, number>
  exchanges?: number
  /** Of each exchange, where it is not GET /program with an answer of 5 bytes. */
  row?: Partial<Row>
  /** The server's bytes pass through no user memory: counted, but not read. */
  opaque?: boolean
}

const PLAIN: Expected = { read: { read: REQUEST }, write: { write: RESPONSE } }

/** Each test/programs/NAME.c says what it does; this says what must be seen of it. */
const EXPECTED: Record<string, Expected> = {
  read_write: PLAIN,
  readv_writev: { read: { readv: REQUEST }, write: { writev: RESPONSE } },
  recvfrom_sendto: { read: { recvfrom: REQUEST }, write: { sendto: RESPONSE } },
  recvmsg_sendmsg: { read: { recvmsg: REQUEST }, write: { sendmsg: RESPONSE } },
  recvmmsg_sendmmsg: {
    read: { recvmmsg: POST + 5 },
    write: { sendmmsg: RESPONSE },
    row: { method: 'POST', requestBytes: POST + 5 },
  },
  peek: PLAIN,
  sendfile: {
    read: { read: REQUEST },
    write: { write: 43, folded: 100_000 },
    row: { responseBodyBytes: 100_000 },
  },
  splice: { read: { splice: REQUEST }, write: { splice: RESPONSE }, opaque: true },
  dup: PLAIN,
  fork: PLAIN,
  close_range: PLAIN,
  threads: { read: { read: 400 * REQUEST }, write: { write: 400 * RESPONSE }, exchanges: 400 },
  half_close: PLAIN,
  accept_loop: PLAIN,
  connect_nonblocking: PLAIN,
}

test.before('the programs are built', async (t) => {
  const { code, stderr } = await run('make', ['-s', '-C', join(REPOSITORY, 'test/programs')])
  t.is(code, 0, stderr)
})

async function observeProgram(t: ExecutionContext, name: string): Promise<Observation & { port: number }> {
  const program = new Owned(join(PROGRAMS, name), [])
  t.teardown(() => program.stop('SIGKILL'))
  const [, port] = await program.line(/^port (\d+)$/)
  const observation = await observe(t, [program.pid], async () => {
    program.writeLine('go')
    t.deepEqual(await program.exited, { code: 0, signal: null }, program.stderr)
  })
  return { ...observation, port: Number(port) }
}

/** Sum of bytes of one kind of kernel log, by system call. */
function bytesBySyscall(logs: readonly Log[], kind: 'read' | 'write'): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const log of logs.filter((each) => each.kind === kind)) {
    const name = log.syscall ?? 'folded'
    sums[name] = (sums[name] ?? 0) + (log.bytes ?? 0)
  }
  return sums
}

for (const [name, { read, write, exchanges = 1, row: special, opaque = false }] of Object.entries(EXPECTED)) {
  test.serial(name, async (t) => {
    const { logs, port } = await observeProgram(t, name)
    const ofServer = logs.filter((log) => log.role === 'server' && log.local.port === port)
    t.deepEqual(bytesBySyscall(ofServer, 'read'), read)
    t.deepEqual(bytesBySyscall(ofServer, 'write'), write)
    const row = {
      method: 'GET',
      path: '/program',
      status: 200,
      responseBodyBytes: 5,
      requestBytes: REQUEST,
      ...special,
    }
    expectRows(t, opaque ? [] : Array(exchanges).fill(row), serverLogs(logs, port))
    expectRows(t, Array(exchanges).fill(row), clientLogs(logs, port))
    const connections = name === 'threads' ? 8 : 1
    const counted = (kind: Log['kind'], of: readonly Log[]): number =>
      of.filter((log) => log.kind === kind).length
    const ofClient = logs.filter((log) => log.role === 'client' && log.remote.port === port)
    t.is(counted('accept', ofServer), connections)
    t.is(counted('close', ofServer), connections)
    t.is(counted('connect', ofClient), connections)
    t.is(counted('close', ofClient), connections)
  })
}

test.serial('partial_write: what counts is what each call returned', async (t) => {
  const { logs, port } = await observeProgram(t, 'partial_write')
  const written = bytesBySyscall(
    logs.filter((log) => log.role === 'server'),
    'write',
  )
  t.is(written['write'], 44)
  t.is((written['writev'] ?? 0) + (written['folded'] ?? 0), 8_000_000)
  const row = { method: 'GET', path: '/program', status: 200, responseBodyBytes: 8_000_000 }
  expectRows(t, [row], serverLogs(logs, port))
})

test.serial('connect_refused: a blocking and a non-blocking connect without success', async (t) => {
  const { logs, port } = await observeProgram(t, 'connect_refused')
  const connects = logs.filter((log) => log.kind === 'connect')
  t.deepEqual(
    connects.map((log) => [log.success, log.role, log.remote.port]),
    [
      [false, 'client', port],
      [false, 'client', port],
    ],
  )
  t.true(connects.every((log) => log.durationNs > 0))
})

test.serial('connect_nonblocking: success is the end of the handshake', async (t) => {
  const { logs } = await observeProgram(t, 'connect_nonblocking')
  const connects = logs.filter((log) => log.kind === 'connect')
  t.deepEqual(
    connects.map((log) => log.success),
    [true],
  )
  t.true((connects[0]?.durationNs ?? 0) > 0)
})

test.serial('unix_socket: no connection, no log', async (t) => {
  const { logs } = await observeProgram(t, 'unix_socket')
  t.deepEqual(logs, [])
})
