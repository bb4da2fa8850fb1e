import test from 'ava'
import { conservationProblems } from './harness/conservation.ts'
import { type FullRow, type Row, difference } from './harness/rows.ts'

const full = (row: Row): FullRow => ({
  grpcStatus: undefined,
  responseBodyBytes: 0,
  requestBodyBytes: 0,
  responseBytes: 0,
  requestBytes: 0,
  ...row,
})
const GET = { method: 'GET', path: '/', status: 200, responseBodyBytes: 5 }

test('the same rows in another order are no difference', (t) => {
  const other = { ...GET, path: '/b' }
  t.deepEqual(difference([GET, other], [full(other), full(GET)]), [])
})

test('only fields that the server knows are compared', (t) => {
  t.deepEqual(difference([{ method: 'GET', path: '/', status: 200 }], [full(GET)]), [])
})

test('a row too few, one too many and one that differs are all named', (t) => {
  t.deepEqual(difference([GET, GET], [full(GET)]), ['missing 1 × GET / 200 responseBodyBytes=5'])
  t.deepEqual(difference([GET], [full(GET), full(GET)]), ['unexpected 1 × GET / 200 responseBodyBytes=5'])
  t.deepEqual(difference([GET], [full({ ...GET, responseBodyBytes: 6 })]), [
    'missing 1 × GET / 200 responseBodyBytes=5',
    'unexpected 1 × GET / 200 responseBodyBytes=6',
  ])
})

test('logs where none were expected are a difference', (t) => {
  t.is(difference([], [full(GET)]).length, 1)
})

const STAGE = {
  stage: 'kernel',
  unit: 'calls',
  seen: 5,
  passed: 3,
  filtered: { rule: 1 },
  folded: 1,
  dropped: { ring_full: 0 },
  pending: 0,
}

test('a summary that explains everything and lost nothing has no problems', (t) => {
  t.deepEqual(conservationProblems({ stages: [STAGE] }), [])
})

test('an unexplained loss, an explained one and a missing summary are all problems', (t) => {
  const unexplained = { ...STAGE, folded: 0 }
  const explained = { ...STAGE, folded: 0, dropped: { ring_full: 1 } }
  t.deepEqual(conservationProblems({ stages: [unexplained, explained] }), [
    'kernel: saw 5 calls, explains 4',
    'kernel: lost 1 calls for ring_full',
  ])
  t.is(conservationProblems({}).length, 1)
})
