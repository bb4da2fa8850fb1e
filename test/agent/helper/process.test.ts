import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AccessLogError, type ErrorCode } from '../../../agent/errors.ts'
import type { HelperOptions } from '../../../agent/helper/contract.ts'
import { HelperProcess } from '../../../agent/helper/process.ts'
import { temporaryFolder } from '../workloads/tree.ts'
import { fake, isRunning, NO_TARGETS, Notebook, SETTINGS, until } from './fakes.ts'

async function start(t: ExecutionContext, options: HelperOptions) {
  const notebook = new Notebook()
  const helper = await HelperProcess.start(options, notebook)
  t.teardown(() => helper.fail(new AccessLogError('INTERNAL', 'the test is over')))
  return { helper, notebook }
}

async function startReady(t: ExecutionContext, options: HelperOptions) {
  const started = await start(t, options)
  const ready = await started.helper.configure(SETTINGS, NO_TARGETS)
  return { ...started, ready }
}

test('a life from HELLO to STOPPED', async (t) => {
  const { helper, notebook, ready } = await startReady(t, fake('good'))
  t.is(helper.hello.helperVersion, '0.0.0-fake')
  t.is(ready.scannedSockets, 3)
  t.deepEqual(await helper.stats(), { kind: 5, kernel: [7, 2, 3], helper: [4, 5] })
  t.deepEqual(await helper.shutdown(), {
    error: undefined,
    counters: { kind: 5, kernel: [8, 2, 3], helper: [4, 5] },
  })
  t.deepEqual(notebook.batches, ['1:before', '0:records', '0:last'])
  t.deepEqual(notebook.processRecords, ['exec'])
  t.false(isRunning(helper.hello.pid))
})

test('the targets follow CONFIGURE at once, and differences later', async (t) => {
  const { helper, notebook } = await start(t, fake('good'))
  await helper.configure(SETTINGS, { watch: [10], ignore: [20, 21], forget: [] })
  helper.setTargets({ watch: [], ignore: [], forget: [20] })
  helper.mute([[2n ** 63n, 5n]])
  await helper.stats()
  t.deepEqual(notebook.heard('CONFIGURE'), [[1, 2, 65_536, 1_024, 1_024, true, [process.pid]]])
  t.deepEqual(notebook.heard('TARGETS'), [
    [[10], [20, 21], []],
    [[], [], [20]],
  ])
  t.deepEqual(notebook.heard('MUTE'), [[[[`${2n ** 63n}n`, 5]]]])
})

const failures: Record<string, [behaviour: string, code: ErrorCode, text: RegExp]> = {
  'ends before HELLO': ['ends at once', 'HELPER_CRASHED', /exit code 3, last words: no such device/],
  'sends garbage': ['garbage at once', 'HELPER_GARBAGE', /a frame of \d+ bytes/],
  'sends a message of unknown kind': ['a kind nobody knows', 'HELPER_GARBAGE', /kind 99/],
  'says nothing': ['silent from the start', 'HELPER_TIMEOUT', /HELLO within 0.4 s/],
  'speaks another version': [
    'another version',
    'HELPER_PROTOCOL_VERSION',
    /helper version 2.*agent version 1/,
  ],
  'has another layout of records': ['another layout', 'HELPER_PROTOCOL_VERSION', /records 9.*records 1/],
  'never gets ready': ['silent after CONFIGURE', 'HELPER_TIMEOUT', /CONFIGURE within 0.4 s/],
  'ends instead of getting ready': ['ends after CONFIGURE', 'HELPER_CRASHED', /exit code 0/],
  'explains itself and ends': ['fatal and ends', 'HELPER_NO_BTF', /vmlinux.*does not exist/],
  'explains itself in unknown terms and stays': [
    'fatal and stays',
    'HELPER_PROBLEM',
    /HELPER_NEWER.*it is strange/,
  ],
}

for (const [sentence, [behaviour, code, text]] of Object.entries(failures)) {
  test(`a helper that ${sentence} is ended with ${code}`, async (t) => {
    const hangs = behaviour.startsWith('silent')
    const deadlines = hangs ? { helloMs: 400, readyMs: 400 } : { lastWordsMs: 100 }
    if (behaviour === 'silent after CONFIGURE') Object.assign(deadlines, { helloMs: 10_000 })
    const attempt = async () =>
      (await start(t, fake(behaviour, '', deadlines))).helper.configure(SETTINGS, NO_TARGETS)
    const error = await t.throwsAsync(attempt, { instanceOf: AccessLogError })
    t.is(error?.code, code)
    t.regex(error?.message ?? '', text)
  })
}

for (const [sentence, command] of [
  ['does not exist', '/nonexistent/accesslog-helper'],
  ['cannot be executed', '/etc/passwd'],
] as const) {
  test(`a helper that ${sentence} is named`, async (t) => {
    const attempt = HelperProcess.start({ command, eventLayoutVersion: 1 }, new Notebook())
    const error = await t.throwsAsync(attempt, { instanceOf: AccessLogError })
    t.is(error?.code, 'HELPER_MISSING')
    t.true(error?.message.includes(command))
  })
}

const deaths: Record<string, [behaviour: string, code: ErrorCode, text: RegExp]> = {
  crashes: ['crashes after READY', 'HELPER_CRASHED', /signal SIGSEGV/],
  'sends garbage': ['garbage after READY', 'HELPER_GARBAGE', /./],
  'names a shard there is not': ['a shard too many', 'HELPER_GARBAGE', /shard 2/],
  'says READY twice': ['READY twice', 'HELPER_GARBAGE', /READY out of turn/],
  'stops answering': ['silent after STATS', 'HELPER_TIMEOUT', /STATS within 0.3 s/],
}

for (const [sentence, [behaviour, code, text]] of Object.entries(deaths)) {
  test(`a helper that ${sentence} ends with ${code}`, async (t) => {
    const deadlines = behaviour.startsWith('silent') ? { countersMs: 300 } : {}
    const { helper } = await startReady(t, fake(behaviour, '', deadlines))
    await t.throwsAsync(helper.stats(), { instanceOf: AccessLogError })
    const { error } = await helper.ended
    t.is(error?.code, code)
    t.regex(error?.message ?? '', text)
    t.false(isRunning(helper.hello.pid))
    await t.throwsAsync(helper.stats(), { instanceOf: AccessLogError })
  })
}

test('a helper that does not stop is killed', async (t) => {
  const { helper } = await startReady(t, fake('silent after SHUTDOWN', '', { shutdownMs: 200 }))
  const { error } = await helper.shutdown()
  t.is(error?.code, 'HELPER_TIMEOUT')
  t.false(isRunning(helper.hello.pid))
})

test('a helper that does not read its commands is given up, after muting gave way', async (t) => {
  const { helper } = await startReady(t, fake('deaf after READY'))
  const pids = Array.from({ length: 50_000 }, (_, index) => 4_000_000 + index)
  for (let turn = 0; turn < 4; turn += 1) helper.setTargets({ watch: pids, ignore: [], forget: [] })
  helper.mute([[1n, 2n]])
  t.is(helper.droppedMutes, 1)
  for (let turn = 0; turn < 20; turn += 1) helper.setTargets({ watch: pids, ignore: [], forget: [] })
  const { error } = await helper.ended
  t.is(error?.code, 'HELPER_PROBLEM')
  t.regex(error?.message ?? '', /does not read its commands/)
})

test('questions asked at the same time share one answer', async (t) => {
  const { helper } = await startReady(t, fake('good'))
  const [first, second] = await Promise.all([helper.stats(), helper.stats()])
  t.is(first, second)
})

test('a paused agent makes the helper wait, and loses nothing', async (t) => {
  const file = join(temporaryFolder(t), 'sent')
  const { helper, notebook } = await startReady(t, fake('floods', file, { countersMs: 200 }))
  helper.pause()
  await t.throwsAsync(helper.stats(), { code: 'HELPER_TIMEOUT' })
  const seen = notebook.batches.length
  const sent = Number(readFileSync(file, 'utf8'))
  t.true(sent >= 1 && sent < 100, `${sent} batches of 32 KiB were taken from the helper`)
  t.true(seen <= 4, `${seen} batches arrived though reading was paused`)
  helper.resume()
  await until('the batches that were held back', () => notebook.batches.length > sent + 100)
})

test('the helper has a session of its own, which Ctrl-C does not reach', async (t) => {
  const { helper } = await start(t, fake('good'))
  const stat = readFileSync(`/proc/${helper.hello.pid}/stat`, 'utf8')
  const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  t.deepEqual([Number(group), Number(session)], [helper.hello.pid, helper.hello.pid])
})

test('a start can be cancelled', async (t) => {
  const stop = new AbortController()
  const attempt = HelperProcess.start(fake('silent from the start'), new Notebook(), stop.signal)
  stop.abort()
  await t.throwsAsync(attempt, { code: 'HELPER_CRASHED' })
})

test('what the helper writes to stderr is handed over line by line', async (t) => {
  const notebook = new Notebook()
  await t.throwsAsync(HelperProcess.start(fake('ends at once'), notebook))
  t.deepEqual(notebook.lines, ['loading…', 'no such device'])
})
