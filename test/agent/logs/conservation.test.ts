/** Whatever comes in whatever order: every operation is logged, filtered or waits, and nothing is made up. */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { Identity } from '../../../agent/logs/names.ts'
import type { Log } from '../../e2e/harness/agent.ts'
import { ShardRun, filtered, known, unknown } from './shard-run.ts'
import { Socket } from './socket.ts'

const TEXTS = [
  'GET / HTTP/1.1\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  '\x16\x03\x01',
  'x',
]

const SOCKETS = 4
const socket = fc.nat(SOCKETS - 1)
const text = fc.constantFrom(...TEXTS)
const direction = fc.constantFrom<'read' | 'write'>('read', 'write')
const pid = fc.constantFrom(1, 2, 3)
const identity = fc.constantFrom<(pid: number) => Identity>(known, known, filtered, unknown)

type Step =
  | { step: 'call'; socket: number; direction: 'read' | 'write'; text: string; more: number; isLost: boolean }
  | { step: 'fold'; socket: number; direction: 'read' | 'write'; bytes: number; calls: number }
  | { step: 'close' | 'read'; socket: number }
  | { step: 'identified'; pid: number; identity: (pid: number) => Identity }
  | { step: 'forget'; pid: number }
  | { step: 'flush' | 'reset' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        step: fc.constant('call' as const),
        socket,
        direction,
        text,
        more: fc.constantFrom(0, 0, 0, 500),
        isLost: fc.constantFrom(false, false, false, true),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant('fold' as const),
        socket,
        direction,
        bytes: fc.integer({ min: 1, max: 9999 }),
        calls: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ step: fc.constantFrom('close' as const, 'read' as const), socket }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('identified' as const), pid, identity }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('forget' as const), pid }) },
    { weight: 2, arbitrary: fc.record({ step: fc.constant('flush' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ step: fc.constantFrom('flush' as const, 'flush' as const, 'reset' as const) }),
    },
  ),
  { maxLength: 80 },
)

/** Sockets that are replaced by new ones when they are closed. */
class Sockets {
  readonly #open: Socket[] = Array.from({ length: SOCKETS }, (_, i) => opened(i))

  at(i: number): Socket {
    return this.#open[i]!
  }

  close(i: number): Socket {
    const closed = this.at(i).close()
    this.#open[i] = opened(i)
    return closed
  }

  all(): readonly Socket[] {
    return this.#open
  }
}

/** Both ends of two connections, by turns. */
function opened(i: number): Socket {
  const port = 40_000 + (i >> 1)
  const fields = { tgid: 1 + (i % 3) }
  if (i % 2 === 0) return new Socket({ ...fields, remote: ['10.0.0.2', port] })
  return Socket.client({ ...fields, local: ['10.0.0.2', port] })
}

function play(t: ExecutionContext, run: ShardRun, steps: readonly Step[]): Log[] {
  const sockets = new Sockets()
  const logs: Log[] = []
  for (const step of steps) {
    if (step.step === 'call') {
      const socket = sockets.at(step.socket)
      socket[step.direction](step.text, { bytes: step.text.length + step.more })
      if (step.isLost) socket.loseLast()
    } else if (step.step === 'fold') sockets.at(step.socket).fold(step.direction, step.bytes, step.calls)
    else if (step.step === 'close') run.read(sockets.close(step.socket))
    else if (step.step === 'read') run.read(sockets.at(step.socket).progress())
    else if (step.step === 'identified') run.shard.identified(step.pid, step.identity(step.pid))
    else if (step.step === 'forget') run.shard.forget(step.pid)
    else if (step.step === 'reset') run.shard.reset()
    else logs.push(...run.logs())
    run.expectConservation(t)
  }
  for (const socket of sockets.all()) run.read(socket.progress())
  logs.push(...run.logs(true))
  run.expectConservation(t)
  return logs
}

const operationsIn = (log: Log): number => (log.kind === 'http' ? 0 : (log.count ?? 1))
const numberOf = (logs: readonly Log[], kind: string): number =>
  logs.filter((log) => log.kind === kind).length

test('operations = logged + filtered + pending at any time, pending = 0 at the end, and the logs say the same', (t) => {
  fc.assert(
    fc.property(steps, fc.boolean(), (steps, isAnswered) => {
      const run = new ShardRun({ identify: isAnswered ? known : () => undefined })
      const logs = play(t, run, steps)
      const { tally } = run.shard
      t.is(tally.operationsPending, 0)
      t.is(
        logs.reduce((sum, log) => sum + operationsIn(log), 0),
        tally.operationsLogged,
      )
      for (const kind of ['connect', 'accept', 'close', 'read', 'write', 'http'] as const)
        t.is(numberOf(logs, kind), tally.logs[kind])
      const exchangesFiltered = Object.values(tally.exchangesFiltered).reduce((sum, count) => sum + count, 0)
      t.is(tally.exchanges, tally.logs.http + exchangesFiltered)
    }),
    { numRuns: 500 },
  )
})

test('bytes in read and write logs are the bytes that were moved', (t) => {
  const calls = steps.map((all) => all.filter(({ step }) => step !== 'reset' && step !== 'identified'))
  fc.assert(
    fc.property(calls, (steps) => {
      const logs = play(t, new ShardRun(), steps)
      const moved = { read: 0, write: 0 }
      for (const step of steps) {
        if (step.step === 'call') moved[step.direction] += step.text.length + step.more
        if (step.step === 'fold') moved[step.direction] += step.bytes
      }
      for (const kind of ['read', 'write'] as const) {
        const bytes = logs.reduce((sum, log) => sum + (log.kind === kind ? (log.bytes ?? 0) : 0), 0)
        t.is(bytes, moved[kind])
      }
      t.true(logs.every(({ durationNs }) => durationNs >= 0))
    }),
    { numRuns: 300 },
  )
})
