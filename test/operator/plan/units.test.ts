import test from 'ava'
import { durationMs, sizeBytes } from '../../../operator/plan/units.ts'

for (const [text, bytes] of [
  ['400KB', 409_600],
  ['400Ki', 409_600],
  ['400KiB', 409_600],
  ['1.5MB', 1_572_864],
  ['4096', 4096],
  ['4096B', 4096],
  ['1GiB', 1_073_741_824],
  ['400K', NaN],
  ['1kb', NaN],
  ['', NaN],
  ['-1KB', NaN],
] as const) {
  test(`a size ${JSON.stringify(text)} is ${bytes} bytes`, (t) => t.is(sizeBytes(text), bytes))
}

for (const [text, ms] of [
  ['5s', 5000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250us', 0],
  ['5', NaN],
  ['-5s', NaN],
  ['5s ', NaN],
] as const) {
  test(`a duration ${JSON.stringify(text)} is ${ms} ms`, (t) => t.is(durationMs(text), ms))
}
