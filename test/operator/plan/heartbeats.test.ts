import test from 'ava'
import { DEAF_AFTER_MS, GRACE_MS, Heartbeats, LOST_AFTER_MS } from '../../../operator/plan/heartbeats.ts'

test('an agent is silent when its heartbeat has not changed for 11 minutes, whatever its clock says', (t) => {
  const beats = new Heartbeats()
  beats.saw('never', undefined, 0)
  beats.saw('still', '1999-01-01T00:00:00Z', 0)
  beats.saw('alive', '2099-01-01T00:00:00Z', 0)
  beats.saw('still', '1999-01-01T00:00:00Z', LOST_AFTER_MS - 1)
  beats.saw('alive', '2099-01-01T00:05:00Z', 1)
  t.deepEqual([...beats.silent(LOST_AFTER_MS - 1)], [])
  t.deepEqual([...beats.silent(LOST_AFTER_MS)], ['still'])
  beats.forget('still')
  t.deepEqual([...beats.silent(LOST_AFTER_MS)], [])
})

/** Beats of a node until `untilMs`, and the operator hears all of it. */
function heardUntil(untilMs: number): Heartbeats {
  const beats = new Heartbeats()
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 60_000) {
    beats.heard(nowMs)
    beats.saw('alive', `beat ${Math.floor(nowMs / 300_000)}`, nowMs)
  }
  beats.saw('dead', 'the last', 0)
  return beats
}

test('nobody is silent while the operator itself hears nothing', (t) => {
  const beats = heardUntil(600_000)
  t.deepEqual([...beats.silent(600_000 + DEAF_AFTER_MS - 1)], ['dead'], 'a pause of the watch is no outage')
  t.deepEqual([...beats.silent(600_000 + DEAF_AFTER_MS)], [])
  t.deepEqual([...beats.silent(600_000 + 3_600_000)], [])
})

test('after an outage every agent has the time of a heartbeat; who does not use it is silent', (t) => {
  const beats = heardUntil(600_000)
  const backMs = 600_000 + 3_600_000
  beats.heard(backMs)
  t.deepEqual([...beats.silent(backMs)], [])
  for (let nowMs = backMs; nowMs < backMs + GRACE_MS; nowMs += 60_000) beats.heard(nowMs)
  beats.saw('alive', 'again', backMs + GRACE_MS - 1)
  t.deepEqual([...beats.silent(backMs + GRACE_MS - 1)], [])
  t.deepEqual([...beats.silent(backMs + GRACE_MS)], ['dead'])
})

test('a short pause of the watch gives nobody more time', (t) => {
  const beats = heardUntil(300_000)
  beats.heard(300_000 + DEAF_AFTER_MS - 1)
  beats.heard(LOST_AFTER_MS)
  t.deepEqual([...beats.silent(LOST_AFTER_MS)], ['dead'])
})
