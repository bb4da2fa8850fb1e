import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AccessLogError } from '../../../agent/errors.ts'
import type { HelperOptions } from '../../../agent/helper/contract.ts'
import type { Batch, Problem, Processes } from '../../../agent/helper/gen/wire.ts'
import {
  HelperSupervisor,
  type HelperLife,
  type HelperLoss,
  type HelperOwner,
} from '../../../agent/helper/supervisor.ts'
import { temporaryFolder } from '../workloads/tree.ts'
import { fake, isRunning, Notebook, SETTINGS, until } from './fakes.ts'

/** Everything an owner is told, in order, as one list of sentences. */
class Diary implements HelperOwner {
  readonly notebook = new Notebook()
  readonly entries: string[] = []
  readonly lives: HelperLife[] = []
  readonly losses: HelperLoss[] = []

  batch(batch: Batch, epoch: number): void {
    this.notebook.batch(batch)
    this.entries.push(`batch of ${epoch}`)
  }

  processes(processes: Processes): void {
    this.notebook.processes(processes)
  }

  ready(life: HelperLife): void {
    this.lives.push(life)
    this.entries.push(`ready ${life.epoch}`)
  }

  lost(loss: HelperLoss): void {
    this.losses.push(loss)
    this.entries.push(`lost ${loss.epoch}`)
  }

  problem(problem: Problem): void {
    this.notebook.problem(problem)
  }

  log(line: string): void {
    this.notebook.log(line)
  }
}

async function supervise(
  t: ExecutionContext,
  helper: HelperOptions,
  targets = { watch: [10], ignore: [], forget: [] },
) {
  const diary = new Diary()
  const backoff = { initialMs: 10, maxMs: 40 }
  const random = () => 0.999
  const options = {
    helper,
    settings: SETTINGS,
    targets: () => targets,
    backoff,
    random,
    now: () => performance.now(),
  }
  const supervisor = new HelperSupervisor(options, diary)
  t.teardown(() => supervisor.shutdown())
  await supervisor.start()
  return { supervisor, diary }
}

for (const [sentence, behaviour, code] of [
  ['crashed', 'crashes once', 'HELPER_CRASHED'],
  ['sent garbage', 'garbage once', 'HELPER_GARBAGE'],
  ['stopped answering', 'silent once', 'HELPER_TIMEOUT'],
] as const) {
  test(`a helper that ${sentence} is replaced, configured and told the targets again`, async (t) => {
    const file = join(temporaryFolder(t), 'lives')
    const { supervisor, diary } = await supervise(t, fake(behaviour, file, { countersMs: 300 }))
    t.is(await supervisor.stats(), undefined)
    await until('the second life', () => diary.lives.length === 2)
    t.is(diary.losses[0]?.error.code, code)
    t.is(diary.losses[0]?.retryMs.toFixed(0), '10')
    t.is(supervisor.restarts, 1)
    t.truthy(await supervisor.stats())
    t.deepEqual(diary.notebook.heard('TARGETS'), [
      [[10], [], []],
      [[10], [], []],
    ])
    t.is(diary.notebook.heard('CONFIGURE').length, 2)
    t.false(isRunning(diary.lives[0]?.hello.pid ?? 0))
    t.deepEqual(
      diary.entries.filter((entry) => !entry.startsWith('batch')),
      ['ready 1', 'lost 1', 'ready 2'],
    )
    t.true(diary.entries.indexOf('batch of 2') > diary.entries.indexOf('lost 1'))
    t.true(diary.entries.lastIndexOf('batch of 1') < diary.entries.indexOf('lost 1'))
  })
}

test('a first start that fails is an error, and nothing is left', async (t) => {
  const error = await t.throwsAsync(supervise(t, fake('ends at once')), { instanceOf: AccessLogError })
  t.is(error?.code, 'HELPER_CRASHED')
})

test('after a first success it is tried again for ever, ever more slowly', async (t) => {
  const file = join(temporaryFolder(t), 'lives')
  const { supervisor, diary } = await supervise(t, fake('good once', file))
  await supervisor.stats()
  await until('five losses', () => diary.losses.length >= 5)
  t.deepEqual(
    diary.losses.slice(0, 5).map(({ retryMs }) => Math.round(retryMs)),
    [10, 20, 40, 40, 40],
  )
  t.deepEqual(
    diary.losses.slice(0, 5).map(({ epoch }) => epoch),
    [1, 2, 3, 4, 5],
  )
  t.is(await supervisor.stats(), undefined)
  supervisor.setTargets({ watch: [11], ignore: [], forget: [] })
  const before = diary.losses.length
  await supervisor.shutdown()
  t.true(diary.losses.length <= before + 1)
})

test('a shutdown hands over the last batches and counters', async (t) => {
  const { supervisor, diary } = await supervise(t, fake('good'))
  const end = await supervisor.shutdown()
  t.is(end.error, undefined)
  t.deepEqual(end.counters?.kernel, [8, 2, 3])
  t.is(diary.notebook.batches.at(-1), '0:last')
  t.is(diary.losses.length, 0)
  t.false(isRunning(diary.lives[0]?.hello.pid ?? 0))
})

test('a shutdown during the wait for the next attempt does not wait', async (t) => {
  const file = join(temporaryFolder(t), 'lives')
  const diary = new Diary()
  const supervisor = new HelperSupervisor(
    {
      helper: fake('crashes once', file),
      settings: SETTINGS,
      targets: () => ({ watch: [], ignore: [], forget: [] }),
      backoff: { initialMs: 3_600_000, maxMs: 3_600_000 },
      random: () => 0,
      now: () => 0,
    },
    diary,
  )
  await supervisor.start()
  await supervisor.stats()
  await until('the loss', () => diary.losses.length === 1)
  const end = await supervisor.shutdown()
  t.is(end.error?.code, 'HELPER_CRASHED')
  t.is(diary.lives.length, 1)
})

test('a shutdown during a start ends the helper that is starting', async (t) => {
  const diary = new Diary()
  const helper = fake('silent after CONFIGURE')
  const options = {
    settings: SETTINGS,
    targets: () => ({ watch: [], ignore: [], forget: [] }),
    random: () => 0,
  }
  const supervisor = new HelperSupervisor(
    { ...options, helper, backoff: { initialMs: 1, maxMs: 1 }, now: () => 0 },
    diary,
  )
  const start = supervisor.start()
  await supervisor.shutdown()
  await t.throwsAsync(start, { code: 'HELPER_CRASHED' })
})

test('a pause holds across lives', async (t) => {
  const file = join(temporaryFolder(t), 'lives')
  const { supervisor, diary } = await supervise(t, fake('crashes once', file))
  const crashed = supervisor.stats()
  supervisor.pause()
  supervisor.resume()
  await crashed
  supervisor.pause()
  await until('the second life', () => diary.lives.length === 2)
  t.is(diary.notebook.heard('CONFIGURE').length, 2)
  supervisor.resume()
  t.truthy(await supervisor.stats())
})
