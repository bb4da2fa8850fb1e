import test from 'ava'
import { backoffMs } from '../../crds/backoff.ts'

const policy = { initialMs: 500, maxMs: 30_000 }

for (const [failures, shortest, longest] of [
  [1, 250, 500],
  [2, 500, 1_000],
  [6, 8_000, 16_000],
  [7, 15_000, 30_000],
  [8, 15_000, 30_000],
  [5_000, 15_000, 30_000],
] as const) {
  test(`after failure ${failures} the wait is between ${shortest} and ${longest} ms`, (t) => {
    t.is(
      backoffMs(failures, policy, () => 0),
      shortest,
    )
    t.true(Math.abs(backoffMs(failures, policy, () => 1 - Number.EPSILON) - longest) < 0.001)
  })
}
