import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { AccessLogError, accessLogError, asAccessLogError, ERRORS, helperError } from '../../agent/errors.ts'

const root = join(import.meta.dirname, '../..')

test('the reference has a row for every code, and no stale one', async (t) => {
  const reference = await readFile(join(root, 'docs/reference/errors.md'), 'utf8')
  const rows = [...reference.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code)
  t.deepEqual(rows, Object.keys(ERRORS))
})

test('every code the helper sends has a row of its own', async (t) => {
  const header = await readFile(join(root, 'native/problem.h'), 'utf8')
  const codes = [...header.matchAll(/X\((HELPER_\w+),/g)].map(([, code = '']) => code)
  t.true(codes.length > 0)
  t.deepEqual(
    codes.filter((code) => helperError(code, 'w', 'r').code !== code),
    [],
  )
})

test('a code of a newer helper is kept in the message', (t) => {
  const error = helperError('HELPER_FROM_THE_FUTURE', 'ring', 'it is full')
  t.is(error.code, 'HELPER_PROBLEM')
  t.is(error.message, 'the helper reports HELPER_FROM_THE_FUTURE (ring): it is full')
})

test('a helper cannot make the agent speak of something else', (t) => {
  t.is(helperError('CONFIG_INVALID', 'w', 'r').code, 'HELPER_PROBLEM')
  t.is(helperError('toString', 'w', 'r').code, 'HELPER_PROBLEM')
})

test('an error is shown in two lines: what is wrong, what to change', (t) => {
  const error = accessLogError('BACKEND_UNREACHABLE', {
    address: 'oap:1',
    reason: 'refused\n    at stack (file.js)',
  })
  t.is(
    error.render(),
    'error BACKEND_UNREACHABLE: the backend oap:1 cannot be reached: refused at stack (file.js)\n' +
      '  check that it runs and listens there; delivery is retried, and what the queue cannot hold is counted',
  )
})

test('details get a line each', (t) => {
  const error = accessLogError('CLI_USAGE', { count: '2 problems' }, { details: ['a', 'b'] })
  t.is(
    error.render(),
    'error CLI_USAGE: the command line has 2 problems\n  - a\n  - b\n  see accesslog-agent --help',
  )
})

test('anything thrown becomes an error for the user, without its stack', (t) => {
  const thrown = new TypeError('x is not a function')
  const error = asAccessLogError(thrown)
  t.is(error.code, 'INTERNAL')
  t.is(error.cause, thrown)
  t.is(error.exitCode, 1)
  t.notRegex(error.render(), /errors\.test\.ts/)
  t.is(asAccessLogError('text').message, 'unexpected: text')
})

test('an error for the user stays what it is', (t) => {
  const error = new AccessLogError('OUTPUT_FAILED', 'm')
  t.is(asAccessLogError(error), error)
})
