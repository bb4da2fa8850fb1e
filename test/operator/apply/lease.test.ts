import test from 'ava'
import {
  type LeaseObject,
  claimed,
  isFree,
  microTime,
  observe,
  released,
} from '../../../operator/apply/lease.ts'
import { TokenBucket } from '../../../operator/apply/token-bucket.ts'

const TIME = '2026-11-24T12:00:00.000000Z'
const name = { name: 'accesslog-operator', namespace: 'accesslog' }

function held(holderIdentity: string, resourceVersion: string): LeaseObject {
  const lease = claimed(undefined, name, holderIdentity, 15, TIME)
  return { ...lease, metadata: { ...lease.metadata, resourceVersion } }
}

test('a lease is free when it has not changed for as long as it was promised, by the clock of who looks', (t) => {
  const first = observe(undefined, held('a', '1'), 1000)
  t.false(isFree(first, 15_999))
  t.true(isFree(first, 16_000))
  t.true(isFree(observe(first, held('a', '1'), 15_000), 16_000))
  t.false(isFree(observe(first, held('a', '2'), 15_000), 16_000))
})

test('a lease that was given back is free at once', (t) => {
  t.true(isFree(observe(undefined, released(held('a', '1'), TIME), 0), 0))
})

test('who takes over counts a transition and begins anew, who renews does not', (t) => {
  const first = held('a', '1')
  t.is(first.spec.leaseTransitions, 0)
  const renewed = claimed(first, name, 'a', 15, 'later')
  t.deepEqual(
    [renewed.spec.leaseTransitions, renewed.spec.acquireTime, renewed.spec.renewTime],
    [0, TIME, 'later'],
  )
  const taken = claimed(first, name, 'b', 15, 'later')
  t.deepEqual(
    [taken.spec.leaseTransitions, taken.spec.acquireTime, taken.spec.holderIdentity],
    [1, 'later', 'b'],
  )
  t.is(taken.metadata.resourceVersion, '1', 'so that of two one fails')
})

test('times have microseconds', (t) => t.is(microTime(new Date(0)), '1970-01-01T00:00:00.000000Z'))

test('a bucket lets a burst through at once, then the rate, and fills up again', (t) => {
  const bucket = new TokenBucket({ perSecond: 20, burst: 3 }, 0)
  t.deepEqual(
    [0, 0, 0, 0, 0].map((nowMs) => bucket.take(nowMs)),
    [0, 0, 0, 50, 100],
  )
  t.is(bucket.take(150), 0)
  t.deepEqual(
    [10_000, 10_000, 10_000, 10_000].map((nowMs) => bucket.take(nowMs)),
    [0, 0, 0, 50],
  )
})

test('in the long run a bucket gives its rate', (t) => {
  const bucket = new TokenBucket({ perSecond: 20, burst: 5 }, 0)
  let nowMs = 0
  for (let i = 0; i < 205; i++) nowMs += bucket.take(nowMs)
  t.is(Math.round(nowMs), 10_000)
})
