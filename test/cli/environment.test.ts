import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { accesslog, isForPeople } from './command.ts'

const RUN = ['run', '--standalone', '--output', 'json', '--duration', '1s', '--pid', String(process.pid)]

/** User 65534 that may still read the checkout, wherever it lies. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const READER = [...NOBODY, '--inh-caps=-all,+dac_read_search', '--ambient-caps=-all,+dac_read_search']

test.serial('a backend whose name does not resolve', async (t) => {
  const outcome = await accesslog([...RUN, '--backend', 'no-such-host.invalid:11800'])
  t.is(outcome.code, 1)
  t.regex(outcome.stderr, /error BACKEND_NAME_UNKNOWN: .*no-such-host\.invalid/)
  t.regex(outcome.stderr, /--backend/)
  isForPeople(t, outcome)
})

test.serial('a backend that is not there yet does not keep the agent from running', async (t) => {
  const outcome = await accesslog([...RUN, '--backend', '127.0.0.1:18999'])
  t.is(outcome.code, 0)
  t.regex(outcome.stderr, /127\.0\.0\.1:18999/)
  isForPeople(t, outcome)
})

test.serial('no helper where it should be', async (t) => {
  const outcome = await accesslog(RUN, { ACCESSLOG_HELPER: '/nonexistent/helper' })
  t.is(outcome.code, 1)
  t.is(outcome.stdout, '')
  t.regex(outcome.stderr, /error HELPER_MISSING: .*\/nonexistent\/helper/)
  isForPeople(t, outcome)
})

test.serial('a helper that cannot be executed', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cli-helper-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const helper = join(directory, 'helper')
  writeFileSync(helper, 'not a program', { mode: 0o644 })
  const outcome = await accesslog(RUN, { ACCESSLOG_HELPER: helper })
  t.is(outcome.code, 1)
  t.regex(outcome.stderr, /error HELPER_MISSING/)
  isForPeople(t, outcome)
})

test.serial('not root', async (t) => {
  const outcome = await accesslog(RUN, {}, READER)
  t.is(outcome.code, 1)
  t.is(outcome.stdout, '')
  t.regex(outcome.stderr, /error HELPER_NO_PERMISSION/)
  t.regex(outcome.stderr, /root/)
  isForPeople(t, outcome)
})

test.serial('root without capabilities', async (t) => {
  const outcome = await accesslog(RUN, {}, ['setpriv', '--bounding-set=-all', '--inh-caps=-all'])
  t.is(outcome.code, 1)
  t.regex(outcome.stderr, /error HELPER_NO_PERMISSION/)
  t.regex(outcome.stderr, /BPF, PERFMON/)
  isForPeople(t, outcome)
})

test.serial('check names every program with its state', async (t) => {
  const outcome = await accesslog(['check'])
  t.is(outcome.code, 0)
  t.true(outcome.stdout.split('\n').length > 3)
  t.regex(outcome.stdout, /attached/)
  isForPeople(t, outcome)
})

test.serial('check --json is one JSON document', async (t) => {
  const outcome = await accesslog(['check', '--json'])
  t.is(outcome.code, 0)
  t.is(typeof JSON.parse(outcome.stdout), 'object')
})

test.serial('check without the permission says so', async (t) => {
  const outcome = await accesslog(['check'], {}, READER)
  t.is(outcome.code, 1)
  t.regex(outcome.stderr + outcome.stdout, /not allow|permission/)
  isForPeople(t, outcome)
})
