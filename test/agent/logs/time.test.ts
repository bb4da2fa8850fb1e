import test from 'ava'
import fc from 'fast-check'
import { WallClock } from '../../../agent/logs/time.ts'

/** The same sum, in numbers without end. */
function exactly(bootTimeNs: bigint, monotonicNs: number): string {
  const ns = bootTimeNs + BigInt(monotonicNs)
  const second = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${second}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}

const BOOT = 1_769_860_799_999_999_999n // one nanosecond before 2026-01-31T12:00:00Z

for (const [sentence, bootTimeNs, monotonicNs, text] of [
  ['at boot', 0n, 0, '1970-01-01T00:00:00.000000000Z'],
  ['the last nanosecond of a second', BOOT, 0, '2026-01-31T11:59:59.999999999Z'],
  ['the first of the next', BOOT, 1, '2026-01-31T12:00:00.000000000Z'],
  ['when both parts make a second', 1_999_999_999n, 1_999_999_999, '1970-01-01T00:00:03.999999998Z'],
  ['leading zeros', 1_000_000_000n, 7, '1970-01-01T00:00:01.000000007Z'],
  ['over the end of a year', 1_767_225_599_500_000_000n, 500_000_000, '2026-01-01T00:00:00.000000000Z'],
  ['after a hundred days of uptime', BOOT, 8_640_000_000_000_001, '2026-05-11T12:00:00.000000000Z'],
] as const) {
  test(`RFC 3339: ${sentence}`, (t) => {
    t.is(new WallClock(bootTimeNs).rfc3339(monotonicNs), text)
    t.is(exactly(bootTimeNs, monotonicNs), text)
  })
}

test('it is the sum of the two clocks to the nanosecond, in any order of questions', (t) => {
  const boots = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n })
  const times = fc.array(fc.oneof(fc.nat(5_000_000), fc.integer({ min: 0, max: 2 ** 53 - 1 })), {
    minLength: 1,
  })
  fc.assert(
    fc.property(boots, times, (bootTimeNs, times) => {
      const clock = new WallClock(bootTimeNs)
      for (const time of times) t.is(clock.rfc3339(time), exactly(bootTimeNs, time))
    }),
  )
})

test('the clock of the table is the time of the day', (t) => {
  t.is(new WallClock(BOOT).clock(1_234_567_891), '12:00:01.234')
})
