import { Writable } from 'node:stream'
import test from 'ava'
import { closeLogger, makeLogger, type Logger, type LoggerOptions } from '../../../agent/report/logger.ts'

/** The lines that `write` produced, without their time. */
async function lines(write: (logger: Logger) => void, options: LoggerOptions = {}): Promise<string[]> {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  const logger = makeLogger({ stream, ...options })
  write(logger)
  await closeLogger(logger)
  const text = chunks.join('')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, ''))
}

const cases: Record<string, [Parameters<typeof lines>[0], string[]]> = {
  'a line is level, message, pairs': [
    (log) => log.info('started', { pid: 1, name: 'a' }),
    ['info started pid=1 name=a'],
  ],
  'values with spaces are quoted': [
    (log) => log.info('m', { path: 'a b', empty: '' }),
    ['info m path="a b" empty=""'],
  ],
  'objects and lists are JSON': [(log) => log.warn('m', { a: { b: [1, 'x'] } }), ['warn m a={"b":[1,"x"]}']],
  'big integers are printed': [(log) => log.info('m', { at: 2n ** 60n }), ['info m at=1152921504606846976']],
  'undefined is left out': [(log) => log.info('m', { a: undefined }), ['info m']],
  'a line feed does not break the line': [(log) => log.info('a\nb', { c: 'd\ne' }), ['info a b c="d\\ne"']],
  'debug is off': [(log) => log.debug('m'), []],
  'an error keeps its message, code and causes': [
    (log) => {
      const cause = new Error('refused', { cause: new Error('port closed') })
      log.error('failed', { error: Object.assign(new Error('no answer', { cause }), { code: 'E' }) })
    },
    ['error failed error.code=E error="no answer" error.cause="refused: port closed"'],
  ],
  'an error inside an object is its message': [
    (log) => log.error('failed', { at: { error: new Error('x') } }),
    ['error failed at={"error":"x"}'],
  ],
  'an error alone is its message': [(log) => log.error(new Error('alone')), ['error alone']],
  'nesting is cut off': [
    (log) => log.info('m', { a: { b: { c: { d: { e: { f: 1 } } } } } }),
    ['info m a={"b":{"c":{"d":{"e":"..."}}}}'],
  ],
}
for (const [sentence, [write, expected]] of Object.entries(cases))
  test(sentence, async (t) => t.deepEqual(await lines(write), expected))

test('a stack is for debug lines only', async (t) => {
  const [line = ''] = await lines((log) => log.debug('m', { error: new Error('x') }), { level: 'debug' })
  t.regex(line, /error\.stack="Error: x\\n/)
})

test('secrets are hidden by name at any depth, and by value in any text', async (t) => {
  const written = await lines(
    (log) => {
      log.info('config', { backend: { authentication: 'geheim' }, token: 'x' })
      log.info('sending geheim', { header: 'Bearer geheim' })
    },
    { secrets: ['geheim', ''] },
  )
  t.deepEqual(written, [
    'info config backend={"authentication":"(hidden)"} token=(hidden)',
    'info sending (hidden) header="Bearer (hidden)"',
  ])
})
