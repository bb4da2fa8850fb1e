import test from 'ava'
import fc from 'fast-check'
import { OpenOrigin } from '../../../agent/connections/gen/event.ts'
import { ALL_LOGS, ALWAYS, NOT_YET } from '../../../agent/logs/rules.ts'
import { ShardRun } from './shard-run.ts'
import { Socket } from './socket.ts'

const SECOND_NS = 1_000_000_000
/** From one call of a socket to the next. */
const STEP_NS = 10_000
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
const get = (path: string) => `GET ${path} HTTP/1.1\r\n\r\n`

const COLLECTORS = {
  'without connections, requests alone are told': {
    wanted: { connections: false, http1: true, http2: true },
    told: ['server GET / 200 18+0 38+0'],
    operations: { collectors_connections: 4 },
    exchanges: {},
  },
  'without protocols, calls alone are told': {
    wanted: { connections: true, http1: false, http2: false },
    told: ['accept', 'close ok', 'read 1×18 recvfrom', 'write 1×38 writev'],
    operations: {},
    exchanges: { collectors_protocols: 1 },
  },
  'without both, nothing is told': {
    wanted: { connections: false, http1: false, http2: false },
    told: [],
    operations: { collectors_connections: 4 },
    exchanges: { collectors_protocols: 1 },
  },
}

for (const [name, { wanted, told, operations, exchanges }] of Object.entries(COLLECTORS)) {
  test(name, (t) => {
    const run = new ShardRun({ wanted })
    run.read(new Socket().read(get('/')).write(OK).close())
    const words = run.words().toSorted((one, other) => one.localeCompare(other))
    t.deepEqual(words, told)
    t.deepEqual(run.shard.tally.operationsFiltered, operations)
    t.deepEqual(run.shard.tally.exchangesFiltered, exchanges)
    run.expectConservation(t)
  })
}

test('collectors change on connections that are open', (t) => {
  const socket = new Socket()
  const run = new ShardRun().read(socket.read(get('/')).write(OK))
  t.is(run.logs().length, 4)
  run.shard.wanted = { connections: false, http1: true, http2: true }
  t.is(run.read(socket.read(get('/')).write(OK)).logs().length, 1)
  run.shard.wanted = ALL_LOGS
  t.is(run.read(socket.read(get('/')).write(OK)).logs().length, 3)
  run.expectConservation(t)
})

/** One of these, or the flush of either line. */
const step = fc.oneof(
  fc.record({ socket: fc.nat(2), act: fc.constantFrom('read', 'write', 'call', 'take') }),
  fc.record({ socket: fc.constant(0), act: fc.constantFrom('flush old', 'flush new') }),
)

test('of two lines that see the same each call and each request is told by one', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: -1, max: 80 }), (steps, calls) => {
      const turnNs = SECOND_NS + calls * (STEP_NS / 2)
      const old = new ShardRun({ turn: { ...ALWAYS, untilNs: turnNs } })
      const next = new ShardRun({ turn: { ...ALWAYS, fromNs: turnNs } })
      const told: string[] = []
      const flush = (run: ShardRun, force = false) => {
        for (const log of run.logs(force)) told.push(log.request ? `request ${log.request.path}` : log.kind)
      }
      const sockets = [new Socket(), new Socket(), new Socket()]
      let requests = 0
      const read = (socket: Socket) => {
        const records = socket.take()
        for (const run of [old, next]) run.shard.read(Uint8Array.from(records))
      }
      for (const { socket: at, act } of steps) {
        const socket = sockets[at]!
        if (act === 'flush old') flush(old)
        else if (act === 'flush new') flush(next)
        else if (act === 'take') read(socket)
        else if (act === 'call') socket.fold('read', 10)
        else if (act === 'read') socket.read(get(`/${requests++}`))
        else socket.write(OK)
      }
      for (const socket of sockets) read(socket)
      for (const run of [old, next]) {
        flush(run, true)
        run.expectConservation(t)
      }
      for (let i = 0; i < requests; i++) t.is(told.filter((one) => one === `request /${i}`).length, 1)
      t.is(told.filter((one) => one === 'accept').length, sockets.length)
    }),
    { numRuns: 2000 },
  )
})

test('a call before the turn and the request in it, which came with that call, are told by two lines', (t) => {
  const records = new Socket().read(get('/')).write(OK).take()
  const turnNs = SECOND_NS + STEP_NS
  const told = [
    { ...ALWAYS, untilNs: turnNs },
    { ...ALWAYS, fromNs: turnNs },
  ].map((turn) => {
    const run = new ShardRun({ turn })
    run.shard.read(Uint8Array.from(records))
    return run.words(true)
  })
  t.deepEqual(told, [
    ['accept', 'read 1×18 recvfrom'],
    ['write 1×38 writev', 'server GET / 200 18+0 38+0'],
  ])
})

test('a line whose turn has not come tells nothing, and counts that', (t) => {
  const run = new ShardRun({ turn: NOT_YET })
  run.read(new Socket().read(get('/')).write(OK).close())
  t.deepEqual(run.logs(true), [])
  t.deepEqual(run.shard.tally.operationsFiltered, { handover: 4 })
  t.deepEqual(run.shard.tally.exchangesFiltered, { handover: 1 })
})

test('a response to a request that was there before the line is not its own', (t) => {
  const socket = new Socket({ origin: OpenOrigin.SCAN }).write(OK)
  const run = new ShardRun({ turn: { ...ALWAYS, fromNs: SECOND_NS } })
  run.read(socket)
  t.deepEqual(run.shard.tally.exchanges, 1)
  t.deepEqual(run.words(), ['write 1×38 writev'])
  t.deepEqual(run.shard.tally.exchangesFiltered, { handover: 1 })
  run.read(socket.read(get('/next')).write(OK))
  t.is(run.logs().filter(({ request }) => request?.path === '/next').length, 1)
})
