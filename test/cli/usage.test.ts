import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { REPOSITORY } from '../e2e/harness/agent.ts'
import { accesslog, isForPeople } from './command.ts'

for (const args of [['--help'], ['-h'], ['run', '--help'], ['check', '--help']]) {
  test(`${args.join(' ')} prints the usage`, async (t) => {
    const outcome = await accesslog(args)
    t.is(outcome.code, 0)
    for (const word of [
      'run --standalone',
      'check',
      '--output',
      '--pid',
      '--process',
      '--duration',
      '--demo',
    ]) {
      t.true(outcome.stdout.includes(word), word)
    }
    t.is(outcome.stderr, '')
  })
}

test('--version prints the version of the package and nothing else', async (t) => {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    version: string
  }
  const { code, stdout } = await accesslog(['--version'])
  t.is(code, 0)
  t.is(stdout.split(' ').at(-1), version)
})

const RUN = ['run', '--standalone']

/** Wrong command lines, each with what the message must say. */
const WRONG: Record<string, { args: string[]; says: RegExp[] }> = {
  'no command': { args: [], says: [/run or check/] },
  'an unknown command': { args: ['rnu'], says: [/rnu/, /run/] },
  'a misspelt option': { args: [...RUN, '--outptu', 'json'], says: [/--outptu/, /--output/] },
  'an argument that belongs nowhere': { args: [...RUN, 'nginx'], says: [/nginx/] },
  'an unknown output': { args: [...RUN, '--output', 'xml'], says: [/xml/, /table, json or none/] },
  'an option without its value': { args: [...RUN, '--output'], says: [/--output needs a value/] },
  'a pid that is no number': { args: [...RUN, '--pid', 'nginx'], says: [/--pid/, /nginx/] },
  'a pid that nobody has': { args: [...RUN, '--pid', '4194399'], says: [/4194399/, /no such process/] },
  'a broken regular expression': {
    args: [...RUN, '--process', '('],
    says: [/--process/, /regular expression/],
  },
  'a duration that is none': { args: [...RUN, '--duration', 'soon'], says: [/soon/, /10s/] },
  'a duration of nothing': { args: [...RUN, '--duration', '0s'], says: [/--duration/] },
  'run without --standalone': { args: ['run'], says: [/--standalone/] },
  'an option of another command': { args: ['doctor', '--pid', '1'], says: [/--pid/] },
  'a duration of nothing that runs': {
    args: ['check', '--duration', '1s'],
    says: [/--duration needs --pid/],
  },
  'several mistakes at once': {
    args: [...RUN, '--output', 'xml', '--pid', 'x', '--duration', 'soon'],
    says: [/3 problems/, /xml/, /--pid/, /soon/],
  },
}

for (const [name, { args, says }] of Object.entries(WRONG)) {
  test(`wrong usage: ${name}`, async (t) => {
    const outcome = await accesslog(args)
    t.is(outcome.code, 2)
    t.is(outcome.stdout, '')
    t.regex(outcome.stderr, /^error CLI_USAGE/)
    for (const pattern of says) t.regex(outcome.stderr, pattern)
    t.regex(outcome.stderr, /--help/)
    isForPeople(t, outcome)
  })
}
