import test from 'ava'
import fc from 'fast-check'
import { parseCommandLine, USAGE, type RunCommand } from '../../../agent/config/cli.ts'
import { AccessLogError } from '../../../agent/errors.ts'

const PIDS = [1, 42]

function parse(line: string) {
  return parseCommandLine(
    line.split(' ').filter((word) => word !== ''),
    (pid) => PIDS.includes(pid),
  )
}

const plain: RunCommand = {
  kind: 'run',
  standalone: true,
  configPath: undefined,
  flags: {},
  output: 'table',
  pids: [],
  process: undefined,
  durationMs: undefined,
  demo: false,
}

const accepted: Record<string, unknown> = {
  '--help': { kind: 'help' },
  '-h': { kind: 'help' },
  'run --help': { kind: 'help' },
  '--version': { kind: 'version' },
  check: { kind: 'check', json: false },
  'check --json': { kind: 'check', json: true },
  'check --pid 42': { kind: 'doctor', pid: 42, json: false, durationMs: undefined },
  'doctor --json --duration 2s': { kind: 'doctor', pid: undefined, json: true, durationMs: 2000 },
  'run --standalone': plain,
  'run --standalone --demo': { ...plain, demo: true },
  'run --standalone --config a.yaml --output json': { ...plain, configPath: 'a.yaml', output: 'json' },
  'run --standalone --pid 1 --pid=42 --pid 1': { ...plain, pids: [1, 42] },
  'run --standalone --process ^nginx$': { ...plain, process: /^nginx$/ },
  'run --standalone --process=-x': { ...plain, process: /-x/ },
  'run --standalone --duration 1m30s': { ...plain, durationMs: 90_000 },
  'run --standalone --backend oap:11800': {
    ...plain,
    flags: { backendAddress: { text: 'oap:11800', origin: { kind: 'flag', name: '--backend' } } },
  },
}
for (const [line, expected] of Object.entries(accepted))
  test(`accepts: ${line}`, (t) => t.deepEqual<unknown, unknown>(parse(line), expected))

const refused: Record<string, [string, string[]]> = {
  'no command': ['', ['no command is given; the first argument must be run or check']],
  'a misspelt command': ['chekc', ['there is no command chekc; did you mean check?']],
  'run without --standalone': ['run', ['run needs --standalone or --kubernetes']],
  'a misspelt option': ['run --standalone --confg=x', ['there is no option --confg; did you mean --config?']],
  'an option of another command': ['check --demo', ['there is no option --demo']],
  'a second argument': ['check all', ['unexpected argument all']],
  'a missing value': ['run --standalone --config', ['--config needs a value']],
  'an option where a value belongs': ['run --standalone --config --demo', ['--config needs a value']],
  'a value where none belongs': ['check --json=yes', ['--json takes no value']],
  'an option given twice': ['run --standalone --config a --config b', ['--config is given twice']],
  'an unknown output': [
    'run --standalone --output xml',
    ['--output is "xml" but must be table, json or none'],
  ],
  'a pid that is no number': [
    'run --standalone --pid nginx',
    ['--pid is "nginx" but must be the number of a process'],
  ],
  'a pid that does not exist': ['run --standalone --pid 43', ['--pid 43: there is no such process']],
  'a duration without unit': [
    'run --standalone --duration 10',
    ['--duration is "10" but must be a time above 0 and up to 576h, for example 500ms, 10s or 1m30s'],
  ],
  'a duration of nothing': [
    'run --standalone --duration 0s',
    ['--duration is "0s" but must be a time above 0 and up to 576h, for example 500ms, 10s or 1m30s'],
  ],
  'several problems, all at once': [
    'run --output xml --pid 43 --what',
    [
      'there is no option --what',
      'run needs --standalone or --kubernetes',
      '--output is "xml" but must be table, json or none',
      '--pid 43: there is no such process',
    ],
  ],
}
for (const [sentence, [line, problems]] of Object.entries(refused))
  test(`refuses ${sentence}`, (t) => {
    const error = t.throws(() => parse(line), { instanceOf: AccessLogError })
    t.is(error.code, 'CLI_USAGE')
    t.is(error.exitCode, 2)
    t.deepEqual(error.details, problems)
  })

test('refuses an invalid regular expression with its reason', (t) => {
  const error = t.throws(() => parse('run --standalone --process ('), { instanceOf: AccessLogError })
  t.regex(error.details[0] ?? '', /^--process is not a regular expression: /)
})

test('without a stand-in, pids are looked up in /proc', (t) => {
  t.notThrows(() => parseCommandLine(['run', '--standalone', '--pid', String(process.pid)]))
  t.throws(() => parseCommandLine(['run', '--standalone', '--pid', '4294967']), {
    instanceOf: AccessLogError,
  })
})

test('the usage names every option that is accepted', (t) => {
  for (const option of [
    'standalone',
    'config',
    'backend',
    'output',
    'pid',
    'process',
    'duration',
    'demo',
    'kubernetes',
    'kubeconfig',
    'json',
  ])
    t.regex(USAGE, new RegExp(`--${option}\\b`))
})

test('a command that is named like a member of every object is unknown', (t) => {
  for (const word of ['toString', 'constructor', 'valueOf'])
    t.throws(() => parseCommandLine([word]), { instanceOf: AccessLogError, code: 'CLI_USAGE' })
})

test('run --kubernetes takes its config from the cluster alone', (t) => {
  t.deepEqual(parseCommandLine(['run', '--kubernetes', '--kubeconfig', 'k.yaml']), {
    kind: 'kubernetes',
    kubeconfigPath: 'k.yaml',
    output: 'none',
    durationMs: undefined,
  })
  const error = t.throws(() => parseCommandLine(['run', '--kubernetes', '--pid', '1', '--backend', 'a:1']), {
    instanceOf: AccessLogError,
  })
  t.deepEqual(error?.details, [
    '--backend and --kubernetes exclude each other',
    '--pid and --kubernetes exclude each other',
  ])
})

test('whatever the words, the answer is a command or a usage error', (t) => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('run', '--standalone', '--pid', '--process', '--', '-', '--=', '-h'),
  )
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          t.is(typeof parseCommandLine(words).kind, 'string')
        } catch (error) {
          t.true(error instanceof AccessLogError)
        }
      }),
    ),
  )
})
