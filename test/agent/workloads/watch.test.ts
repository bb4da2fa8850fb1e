import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import type { WatchOptions } from '../../../agent/workloads/plan.ts'
import { ProcessReader, type ProcessFacts } from '../../../agent/workloads/processes.ts'
import { ProcessWatch } from '../../../agent/workloads/watch.ts'
import type { ProcessEvent } from '../../../agent/workloads/workload.ts'
import { endProcess, putProcess, temporaryFolder } from './tree.ts'

function watchOf(t: ExecutionContext, options: Partial<WatchOptions>) {
  const proc = temporaryFolder(t)
  const adopted: ProcessFacts[] = []
  const learnt: ProcessEvent[] = []
  const directory = {
    adopt: (facts: ProcessFacts) => adopted.push(facts),
    learn: (event: ProcessEvent) => learnt.push(event),
  }
  const reader = new ProcessReader(proc)
  const watch = new ProcessWatch({ pids: [], process: undefined, ownPids: [], reader, directory, ...options })
  return { proc, adopted, learnt, watch }
}

const exec = (pid: number, comm: string): ProcessEvent => ({
  kind: 'exec',
  pid,
  parent: 0,
  comm,
  cgroupId: 0,
})

test('the first scan names every process and tells whom to watch', (t) => {
  const { proc, adopted, watch } = watchOf(t, { process: /http\.server/ })
  putProcess(proc, 10, { comm: 'nginx' })
  putProcess(proc, 11, { comm: 'python3', args: ['python3', '-m', 'http.server'] })
  t.deepEqual(watch.begin(), { watch: [11], ignore: [10], forget: [] })
  t.deepEqual(
    adopted.map(({ pid }) => pid),
    [10, 11],
  )
})

test('the command line of an exec is read from /proc', (t) => {
  const { proc, learnt, watch } = watchOf(t, { process: /http\.server/ })
  putProcess(proc, 11, { comm: 'python3', args: ['python3', '-m', 'http.server'] })
  t.deepEqual(watch.observe([exec(11, 'python3'), exec(12, 'python3')]), {
    watch: [11],
    ignore: [12],
    forget: [],
  })
  t.is(learnt.length, 2)
})

test('a process nobody told of is looked at once', (t) => {
  const { proc, watch } = watchOf(t, { process: /http\.server/ })
  putProcess(proc, 11, { comm: 'python3', args: ['python3', '-m', 'http.server'] })
  t.is(watch.decide(11, 'python3'), 'watch')
  endProcess(proc, 11)
  t.is(watch.decide(11, 'python3'), 'watch')
  t.deepEqual(watch.takeDifference(), { watch: [11], ignore: [], forget: [] })
})

test('without a filter nothing is read but the first scan', (t) => {
  const { proc, watch } = watchOf(t, {})
  putProcess(proc, 10, {})
  t.deepEqual(watch.begin(), { watch: [], ignore: [], forget: [] })
  putProcess(proc, 11, {})
  t.deepEqual(watch.reconcile(), { watch: [], ignore: [], forget: [] })
  t.true(watch.watchUnlisted)
})

test('a real child of a real process is found by its pid', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  t.teardown(() => process.kill(-(parent.pid ?? 0), 'SIGKILL'))
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pids = [parent.pid ?? 0]
  const directory = { adopt: () => undefined, learn: () => undefined }
  const watch = new ProcessWatch({
    pids,
    process: undefined,
    ownPids: [],
    reader: new ProcessReader(),
    directory,
  })
  t.deepEqual(
    watch.begin().watch,
    [...pids, Number(line.toString())].sort((a, b) => a - b),
  )
})
