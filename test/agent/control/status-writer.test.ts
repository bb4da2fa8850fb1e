import test from 'ava'
import fc from 'fast-check'
import { STATUS_TIMINGS, StatusSchedule } from '../../../agent/control/status-writer.ts'

const { minIntervalMs, heartbeatMs, firstHeartbeatMs, spreadMs } = STATUS_TIMINGS

test('the first change is written at once, within the spread', (t) => {
  const schedule = new StatusSchedule(STATUS_TIMINGS, () => 1)
  schedule.changed(1_000)
  t.true(schedule.dueMs() <= 1_000 + spreadMs)
})

test('a change soon after a write waits for the interval', (t) => {
  const schedule = new StatusSchedule(STATUS_TIMINGS, () => 0)
  schedule.wrote(-20_000)
  schedule.changed(0)
  schedule.wrote(0)
  schedule.changed(500)
  t.is(schedule.dueMs(), minIntervalMs)
})

test('what the first write could not know yet follows soon', (t) => {
  const schedule = new StatusSchedule(STATUS_TIMINGS, () => 0)
  schedule.changed(0)
  schedule.wrote(0)
  schedule.changed(10)
  t.is(schedule.dueMs(), spreadMs)
})

test('after a change the numbers follow soon, then less and less often', (t) => {
  const schedule = new StatusSchedule(STATUS_TIMINGS, () => 0.5)
  schedule.changed(0)
  const waits: number[] = []
  for (let nowMs = 0; waits.length < 7;) {
    schedule.wrote(nowMs)
    waits.push(schedule.dueMs() - nowMs)
    nowMs = schedule.dueMs()
  }
  t.deepEqual(waits, [20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000])
  t.is(waits[0], firstHeartbeatMs)
})

test('whatever happens, never more often than allowed and never later than a heartbeat', (t) => {
  const step = fc.record({ passMs: fc.integer({ min: 0, max: 400_000 }), changes: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, random) => {
      const schedule = new StatusSchedule(STATUS_TIMINGS, () => random)
      schedule.wrote(-20_000)
      schedule.changed(0)
      schedule.wrote(0)
      let [nowMs, wroteMs] = [0, 0]
      for (const { passMs, changes } of steps) {
        nowMs += passMs
        if (changes) schedule.changed(nowMs)
        const dueMs = schedule.dueMs()
        t.true(dueMs - wroteMs >= minIntervalMs)
        t.true(dueMs - wroteMs <= heartbeatMs * 1.1)
        if (dueMs > nowMs) continue
        schedule.wrote(nowMs)
        wroteMs = nowMs
      }
    }),
  )
})
