import test from 'ava'
import fc from 'fast-check'
import { ApiError, apiError, eventError } from '../../../operator/gather/api-error.ts'
import { WatchLines } from '../../../operator/gather/watch-lines.ts'

const EVENTS = [
  { type: 'ADDED', object: { metadata: { name: 'ä' } } },
  { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
  { type: 'DELETED', object: { text: 'line\nfeed' } },
]
const BYTES = Buffer.from(EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''))

test('a watch means the same however its bytes are cut', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: BYTES.length }), { maxLength: 20 }), (cuts) => {
      const lines = new WatchLines()
      const sorted = [0, ...cuts.toSorted((one, other) => one - other), BYTES.length]
      const events = sorted.slice(1).flatMap((end, i) => lines.take(BYTES.subarray(sorted[i], end)))
      t.deepEqual(events, EVENTS as never)
    }),
  )
})

test('a line without an end does not grow without a bound', (t) => {
  const lines = new WatchLines()
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  t.throws(() => Array.from({ length: 9 }, () => lines.take(chunk)), { message: /longer than/ })
})

for (const [what, error, expected] of [
  [
    'a Status',
    apiError(409, '{"kind":"Status","code":409,"reason":"Conflict","message":"changed"}', undefined),
    { status: 409, reason: 'Conflict', message: 'changed', retryAfterMs: 0 },
  ],
  [
    'words of a proxy',
    apiError(502, '<html>', '3'),
    { status: 502, reason: '', message: 'the API server answers 502', retryAfterMs: 3000 },
  ],
  [
    'JSON of somebody else',
    apiError(503, '{"code":1}', undefined),
    { status: 503, reason: '', message: 'the API server answers 503', retryAfterMs: 0 },
  ],
  [
    'a Status that asks to wait',
    apiError(429, '{"kind":"Status","code":429,"details":{"retryAfterSeconds":2}}', undefined),
    { status: 429, reason: '', message: 'the API server answers 429', retryAfterMs: 2000 },
  ],
  [
    'an ERROR event',
    eventError({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
    { status: 410, reason: 'Expired', message: 'too old', retryAfterMs: 0 },
  ],
] as const) {
  test(`an API error from ${what}`, (t) => {
    t.true(error instanceof ApiError)
    const { status, reason, message, retryAfterMs } = error
    t.deepEqual({ status, reason, message, retryAfterMs }, expected)
  })
}
