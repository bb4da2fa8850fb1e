import test from 'ava'
import type { SenderCounters } from '../../../agent/flush/tally.ts'
import {
  type Counters as HelperMessage,
  HELPER_COUNTERS,
  KERNEL_COUNTERS,
  MessageKind,
} from '../../../agent/helper/gen/wire.ts'
import { type ShardTally, emptyTally } from '../../../agent/logs/tally.ts'
import { type HelperAccount, type Stages, collect } from '../../../agent/report/collect.ts'

const names = (table: readonly (readonly [string, string])[]): string[] => table.map(([name]) => name)

/** Counters of which these are not zero. */
function told(counts: Record<string, number>): HelperMessage {
  const numbers = (table: readonly (readonly [string, string])[]) =>
    names(table).map((name) => counts[name] ?? 0)
  return { kind: MessageKind.COUNTERS, kernel: numbers(KERNEL_COUNTERS), helper: numbers(HELPER_COUNTERS) }
}

const life = (counts: Record<string, number>, more: Partial<HelperAccount> = {}): HelperAccount => ({
  counters: told(counts),
  received: 0,
  lost: false,
  ...more,
})

function stages(more: Partial<Stages> = {}): Stages {
  return {
    helperLives: [],
    records: { received: 0, dropped: {} },
    shards: [emptyTally()],
    text: undefined,
    backend: undefined,
    ...more,
  }
}

test('every counter of the kernel and of the helper has its name', (t) => {
  const { kernel, helper } = collect(stages())
  t.deepEqual(Object.keys(kernel), names(KERNEL_COUNTERS))
  t.deepEqual(Object.keys(helper), names(HELPER_COUNTERS))
  t.true([...Object.values(kernel), ...Object.values(helper)].every((count) => count === 0))
})

test('the lives of the helper are summed name by name', (t) => {
  const { kernel, helper, helperLivesLost } = collect(
    stages({
      helperLives: [
        life({ operations_read: 5, folded: 1, records_drained: 3, stalls: 1 }),
        life({ operations_read: 7, records_drained: 4 }),
      ],
    }),
  )
  t.like(kernel, { operations_read: 12, folded: 1, operations_write: 0 })
  t.like(helper, { records_drained: 7, stalls: 1 })
  t.is(helperLivesLost, 0)
})

test('a helper that crashed had forwarded what arrived, whatever it told last', (t) => {
  const { helper, helperLivesLost } = collect(
    stages({
      helperLives: [
        life(
          { records_drained: 10, records_forwarded: 9, records_malformed: 1, batches: 2 },
          { received: 50, lost: true },
        ),
        life({ records_drained: 4, records_forwarded: 4 }, { received: 4 }),
      ],
    }),
  )
  t.like(helper, { records_forwarded: 54, records_drained: 55, records_malformed: 1, batches: 2 })
  t.is(helperLivesLost, 1)
})

test('a helper that crashed before it told anything', (t) => {
  const { helper, kernel, helperLivesLost } = collect(
    stages({ helperLives: [{ counters: undefined, received: 7, lost: true }] }),
  )
  t.like(helper, { records_forwarded: 7, records_drained: 7, records_malformed: 0 })
  t.is(kernel.operations_read, 0)
  t.is(helperLivesLost, 1)
})

test('a helper that told nothing and was not lost counts nothing', (t) => {
  const { helper } = collect(stages({ helperLives: [{ counters: undefined, received: 0, lost: false }] }))
  t.true(Object.values(helper).every((count) => count === 0))
})

test('records of an older helper, with fewer counters, leave the others at zero', (t) => {
  const counters: HelperMessage = { kind: MessageKind.COUNTERS, kernel: [1, 2], helper: [3] }
  const { kernel, helper } = collect(stages({ helperLives: [{ counters, received: 3, lost: false }] }))
  t.deepEqual(Object.values(kernel).slice(0, 3), [1, 2, 0])
  t.deepEqual(Object.values(helper).slice(0, 2), [3, 0])
})

const TALLY: ShardTally = {
  records: 20,
  recordsMalformed: 1,
  recordsLost: 2,
  connections: 3,
  connectionsMuted: 4,
  operations: { connect: 1, accept: 2, close: 3, read: 10, write: 20 },
  operationsLogged: 30,
  operationsFiltered: { process: 5 },
  operationsPending: 1,
  exchanges: 9,
  exchangesIncomplete: 2,
  exchangesFiltered: { process: 1 },
  logs: { connect: 1, accept: 2, close: 3, read: 4, write: 5, http: 8 },
}

test('one shard', (t) => {
  const { shards, logs } = collect(stages({ shards: [TALLY] }))
  t.deepEqual(shards, {
    operations: 36,
    operationsLogged: 30,
    operationsFiltered: { process: 5 },
    operationsDropped: {},
    operationsPending: 1,
    recordsLost: 2,
    exchanges: 9,
    exchangesFiltered: { process: 1 },
    exchangesDropped: {},
    exchangesIncomplete: 2,
    connectionsMuted: 4,
  })
  t.deepEqual(logs, { http: 8, kernel: { connect: 1, accept: 2, close: 3, read: 4, write: 5 } })
})

test('several shards are summed, rule by rule, and stay what they are', (t) => {
  const other: ShardTally = {
    ...emptyTally(),
    operationsFiltered: { process: 2, exclude_cluster: 7 },
    exchanges: 1,
  }
  const before = structuredClone([TALLY, other])
  const { shards } = collect(stages({ shards: [TALLY, other] }))
  t.deepEqual(shards.operationsFiltered, { process: 7, exclude_cluster: 7 })
  t.is(shards.exchanges, 10)
  t.is(shards.operations, 36)
  t.deepEqual([TALLY, other], before)
})

test('records that were dropped on the way are passed on', (t) => {
  const records = { received: 5, dropped: { malformed: 1 } }
  t.deepEqual(collect(stages({ records })).records, records)
})

test('outputs in use, and no others', (t) => {
  t.deepEqual(collect(stages()).outputs, {})
  const counters = { accepted: 9, delivered: 5, dropped: { reader_slow: 3, output_failed: 0 }, pending: 1 }
  t.deepEqual(collect(stages({ text: { name: 'table', counters } })).outputs, { table: counters })
})

test('the backend counts logs of both kinds; what is queued or unconfirmed is pending', (t) => {
  const logs = (httpLogs: number, kernelLogs: number) => ({ httpLogs, kernelLogs, operations: 1000 })
  const backend = {
    accepted: logs(10, 20),
    delivered: logs(4, 8),
    dropped: { queue_full: logs(1, 2), shutdown_deadline: logs(0, 3) },
    queued: logs(3, 4),
    unconfirmed: logs(2, 3),
  } as unknown as SenderCounters
  const { outputs } = collect(stages({ backend }))
  t.deepEqual(outputs, {
    backend: { accepted: 30, delivered: 12, dropped: { queue_full: 3, shutdown_deadline: 3 }, pending: 12 },
  })
})
