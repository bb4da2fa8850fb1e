import test from 'ava'
import fc from 'fast-check'
import { HELPER_COUNTERS, KERNEL_COUNTERS } from '../../../agent/helper/gen/wire.ts'
import { addCounts, countBy, type Counters } from '../../../agent/report/counters.ts'
import { summarize, summaryLine, summaryTable } from '../../../agent/report/summary.ts'

function zeros<Name extends string>(list: readonly (readonly [Name, string])[]) {
  return Object.fromEntries(list.map(([name]) => [name, 0])) as Record<Name, number>
}

/** 10 connections with 100 calls, 60 of them folded; 30 exchanges; one output that still holds 5 logs. */
function counters(): Counters {
  return {
    kernel: {
      ...zeros(KERNEL_COUNTERS),
      operations_connect: 4,
      operations_accept: 4,
      adopted: 2,
      records_open: 9,
      dropped_ring_full_open: 1,
      operations_read: 50,
      operations_write: 40,
      operations_close: 10,
      records_data: 30,
      records_close: 10,
      folded: 60,
    },
    helper: { ...zeros(HELPER_COUNTERS), records_drained: 49, records_forwarded: 49 },
    helperLivesLost: 0,
    records: { received: 49, dropped: {} },
    shards: {
      operations: 108,
      operationsLogged: 98,
      operationsFiltered: { exclude_namespace: 10 },
      operationsDropped: {},
      operationsPending: 0,
      recordsLost: 0,
      exchanges: 30,
      exchangesFiltered: { exclude_namespace: 3 },
      exchangesDropped: {},
      exchangesIncomplete: 1,
      connectionsMuted: 0,
    },
    logs: { http: 27, kernel: { connect: 4, accept: 4, close: 10, read: 20, write: 20 } },
    outputs: { backend: { accepted: 85, delivered: 78, dropped: { queue_full: 2 }, pending: 5 } },
  }
}

test('when every stage explains what it saw, the law holds', (t) => {
  const summary = summarize(counters())
  t.true(summary.holds)
  t.deepEqual(
    summary.stages.map(({ stage, unit }) => `${stage} ${unit}`),
    [
      'kernel connections',
      'kernel calls',
      'helper records',
      'agent records',
      'logs operations',
      'logs exchanges',
      'backend logs',
    ],
  )
})

test('a stage that lost something without a reason breaks the law, and only that stage', (t) => {
  const broken = counters()
  broken.records.received -= 1
  const summary = summarize(broken)
  t.false(summary.holds)
  t.deepEqual(
    summary.stages.filter((stage) => !stage.holds).map(({ stage, unit }) => `${stage} ${unit}`),
    ['agent records'],
  )
})

test('one event less or more in any number that counts towards the law breaks it', (t) => {
  const changes: ((numbers: Counters, by: number) => void)[] = [
    ({ kernel }, by) => (kernel.operations_read += by),
    ({ kernel }, by) => (kernel.folded += by),
    ({ kernel }, by) => (kernel.records_open += by),
    ({ helper }, by) => (helper.records_malformed += by),
    ({ records }, by) => countBy(records.dropped, 'malformed', by),
    ({ shards }, by) => (shards.operationsPending += by),
    ({ shards }, by) => countBy(shards.operationsDropped, 'connection_unknown', by),
    ({ shards }, by) => countBy(shards.exchangesDropped, 'x', by),
    ({ logs }, by) => (logs.http += by),
    ({ outputs }, by) => (outputs.backend!.delivered += by),
  ]
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.constantFrom(...changes), fc.integer({ min: 1, max: 1000 }), (change, by) => {
        const numbers = counters()
        change(numbers, by)
        t.false(summarize(numbers).holds)
      }),
    ),
  )
})

test('the table has a row for each stage, and spells out rules and reasons', (t) => {
  t.is(
    summaryTable(summarize(counters())),
    [
      'stage    unit         seen  passed on  filtered  folded  dropped  pending  law',
      'kernel   connections    10          9         0       0        1        0  holds',
      'kernel   calls         100         40         0      60        0        0  holds',
      'helper   records        49         49         0       0        0        0  holds',
      'agent    records        49         49         0       0        0        0  holds',
      'logs     operations    108         98        10       0        0        0  holds',
      'logs     exchanges      30         27         3       0        0        0  holds',
      'backend  logs           85         78         0       0        2        5  holds',
      'kernel connections dropped: ring_full 1',
      'logs operations filtered: exclude_namespace 10',
      'logs exchanges filtered: exclude_namespace 3',
      'backend logs dropped: queue_full 2',
      '',
    ].join('\n'),
  )
})

test('the line is one JSON object of kind summary', (t) => {
  const line = summaryLine(summarize(counters()))
  t.notRegex(line, /\n/)
  const { kind, holds, stages } = JSON.parse(line) as { kind: string; holds: boolean; stages: unknown[] }
  t.is(kind, 'summary')
  t.true(holds)
  t.deepEqual(stages[6], {
    stage: 'backend',
    unit: 'logs',
    seen: 85,
    passed: 78,
    filtered: {},
    folded: 0,
    dropped: { queue_full: 2 },
    pending: 5,
    holds: true,
  })
})

test('counters of shards add up, reasons that only one of them has included', (t) => {
  const sum = { a: 1, by: { x: 1 } as Record<string, number> }
  t.deepEqual(addCounts(sum, { a: 2, by: { x: 1, y: 5 } }), { a: 3, by: { x: 2, y: 5 } })
})

test('adding does not change what is added', (t) => {
  const more = { by: { x: 1 } as Record<string, number> }
  const sum = addCounts<{ by: Record<string, number> }>({ by: {} }, more)
  addCounts(sum, more)
  t.deepEqual([sum, more], [{ by: { x: 2 } }, { by: { x: 1 } }])
})
