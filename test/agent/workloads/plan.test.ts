import test from 'ava'
import { NO_DIFFERENCE, TargetPlan, type WatchOptions } from '../../../agent/workloads/plan.ts'
import type { ProcessFacts } from '../../../agent/workloads/processes.ts'
import type { ProcessEvent } from '../../../agent/workloads/workload.ts'

const AGENT = 900

function planOf(options: Partial<WatchOptions>): TargetPlan {
  return new TargetPlan({ pids: [], process: undefined, ownPids: [AGENT], ...options })
}

function facts(pid: number, name: string, more: Partial<ProcessFacts> = {}): ProcessFacts {
  return { pid, parent: 1, name, executable: name, commandLine: name, startTicks: pid, cgroups: '', ...more }
}

const fork = (pid: number, parent: number): ProcessEvent => ({
  kind: 'fork',
  pid,
  parent,
  comm: '',
  cgroupId: 0,
})
const exec = (pid: number, comm: string): ProcessEvent => ({
  kind: 'exec',
  pid,
  parent: 0,
  comm,
  cgroupId: 0,
})
const exit = (pid: number): ProcessEvent => ({ kind: 'exit', pid, parent: 0, comm: '', cgroupId: 0 })

const MACHINE = [
  facts(1, 'systemd', { parent: 0 }),
  facts(10, 'nginx'),
  facts(11, 'nginx', { parent: 10 }),
  facts(20, 'bash'),
  facts(21, 'python3', { parent: 20, commandLine: 'python3 -m http.server' }),
  facts(22, 'python3', { parent: 21, commandLine: 'python3 -c fork' }),
  facts(AGENT, 'node', { parent: 20, commandLine: 'node main.ts run --process nginx' }),
]

test('without a filter everything but the agent is watched, and nothing is told', (t) => {
  const plan = planOf({})
  plan.reconcile(MACHINE)
  plan.apply(fork(30, 20), '')
  plan.apply(exec(30, 'curl'), 'curl localhost')
  t.true(plan.watchUnlisted)
  t.is(plan.takeDifference(), NO_DIFFERENCE)
  t.is(plan.size, 0)
  t.is(plan.decide(30, 'curl'), 'watch')
  t.is(plan.decide(AGENT, 'node'), 'ignore')
})

test('a pid brings all its descendants, and nobody else', (t) => {
  const plan = planOf({ pids: [21] })
  plan.reconcile(MACHINE)
  t.false(plan.watchUnlisted)
  t.deepEqual(plan.takeDifference(), { watch: [21, 22], ignore: [], forget: [] })
})

test('a descendant of a pid stays watched whatever it executes', (t) => {
  const plan = planOf({ pids: [21], process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(fork(30, 22), '')
  plan.apply(exec(30, 'curl'), 'curl localhost')
  t.is(plan.takeDifference(), NO_DIFFERENCE)
  t.is(plan.decide(30, 'curl'), 'watch')
})

test('the agent is not watched though it descends from a watched pid', (t) => {
  const plan = planOf({ pids: [20] })
  plan.reconcile(MACHINE)
  t.deepEqual(plan.takeDifference().watch, [20, 21, 22])
  t.is(plan.decide(AGENT, 'node'), 'ignore')
})

test('the helper is not watched though its command line matches', (t) => {
  const plan = planOf({ process: /accesslog/, pids: [20] })
  plan.exempt(901)
  plan.reconcile([...MACHINE, facts(901, 'accesslog-helpe', { parent: AGENT })])
  plan.apply(exec(901, 'accesslog-helpe'), 'accesslog-helper')
  t.deepEqual(plan.takeDifference(), { watch: [20, 21, 22], ignore: [1, 10, 11], forget: [] })
  t.is(plan.decide(901, 'accesslog-helpe'), 'ignore')
})

test('a program that the agent starts is decided like any other', (t) => {
  const plan = planOf({ process: /demo/ })
  plan.reconcile([...MACHINE, facts(902, 'demo', { parent: AGENT })])
  t.deepEqual(plan.takeDifference().watch, [902])
})

test('the number of a named process that ended means nothing any more', (t) => {
  const plan = planOf({ pids: [21] })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(exit(21), '')
  plan.reconcile([...MACHINE.filter(({ pid }) => pid !== 22), facts(21, 'cron', { startTicks: 7_000 })])
  t.deepEqual(plan.takeDifference(), { watch: [], ignore: [], forget: [21, 22] })
  t.false(plan.watchUnlisted)
})

test('with pids alone, what the kernel reports is watched by inheritance', (t) => {
  t.is(planOf({ pids: [21] }).decide(77, 'curl'), 'watch')
})

test('a pattern is matched against name and command line', (t) => {
  for (const [pattern, watch] of [
    [/^nginx$/, [10, 11]],
    [/http\.server/, [21]],
    [/nginx|python/g, [10, 11, 21, 22]],
  ] as const) {
    const plan = planOf({ process: pattern })
    plan.reconcile(MACHINE)
    const difference = plan.takeDifference()
    t.deepEqual(difference.watch, watch)
    t.deepEqual(
      [...difference.watch, ...difference.ignore].sort((a, b) => a - b),
      [1, 10, 11, 20, 21, 22],
    )
  }
})

test('with a pattern the kernel watches what nobody decided on', (t) =>
  t.true(planOf({ process: /x/ }).watchUnlisted))

test('a program that matches is watched as soon as it is executed', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.apply(exec(30, 'nginx'), 'nginx -g daemon off;')
  t.deepEqual(plan.takeDifference(), { watch: [30], ignore: [], forget: [] })
})

test('an exec after which the pattern no longer matches is ignored', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(exec(10, 'bash'), 'bash')
  t.deepEqual(plan.takeDifference(), { watch: [], ignore: [10], forget: [] })
  t.is(plan.decide(10, 'bash'), 'ignore')
})

test('an ignored process is ignored again after exec, since the kernel forgot it', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(exec(20, 'less'), 'less file')
  t.deepEqual(plan.takeDifference().ignore, [20])
})

test('two changes of a process are told as the last of them', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.apply(exec(30, 'nginx'), 'nginx')
  plan.apply(exec(30, 'bash'), 'bash')
  t.deepEqual(plan.takeDifference(), { watch: [], ignore: [30], forget: [] })
})

test('a child of a watched process is watched without being told', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(fork(12, 10), '')
  t.is(plan.takeDifference(), NO_DIFFERENCE)
  t.is(plan.decide(12, 'renamed'), 'watch')
})

test('a child that was forked before its parent was told is told by the next scan', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  plan.apply(fork(12, 10), '')
  plan.reconcile([...MACHINE, facts(12, 'nginx', { parent: 10 })])
  t.deepEqual(plan.takeDifference(), { watch: [12], ignore: [], forget: [] })
  plan.reconcile([...MACHINE, facts(12, 'nginx', { parent: 10 })])
  t.is(plan.takeDifference(), NO_DIFFERENCE)
})

test('records of a process that ended are decided as while it lived', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.apply(exec(30, 'worker'), '/opt/nginx/worker')
  plan.apply(exit(30), '')
  t.is(plan.decide(30, 'worker'), 'pending')
  t.is(plan.settle(30, 'worker', ''), 'watch')
  t.is(plan.size, 0)
})

test('a number that was told is freed at the end, unless it was never told', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.apply(exec(30, 'nginx'), 'nginx')
  plan.apply(fork(31, 30), '')
  plan.takeDifference()
  plan.apply(exit(31), '')
  t.is(plan.takeDifference(), NO_DIFFERENCE)
  plan.apply(exit(30), '')
  t.deepEqual(plan.takeDifference(), { watch: [], ignore: [], forget: [30] })
})

test('an unknown process is decided by its name, or else by a look at its command line', (t) => {
  const plan = planOf({ process: /nginx/ })
  t.is(plan.decide(30, 'nginx'), 'watch')
  t.is(plan.decide(31, 'worker'), 'pending')
  t.is(plan.settle(31, 'worker', '/opt/nginx/worker'), 'watch')
  t.is(plan.decide(31, 'worker'), 'watch')
  t.is(plan.settle(32, 'bash', 'bash'), 'ignore')
  t.deepEqual(plan.takeDifference(), { watch: [31], ignore: [32], forget: [] })
})

test('an unknown process that is gone is decided and not told', (t) => {
  const plan = planOf({ process: /nginx/ })
  t.is(plan.settle(31, 'curl', ''), 'ignore')
  t.is(plan.takeDifference(), NO_DIFFERENCE)
  t.is(plan.size, 0)
})

test('a scan heals lost events', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.takeDifference()
  const later = MACHINE.filter(({ pid }) => pid !== 10 && pid !== 20 && pid !== 21)
  plan.reconcile([
    ...later,
    facts(20, 'nginx', { startTicks: 7_000 }), // the number of bash, given to another
    facts(21, 'nginx', { parent: 20, startTicks: 21 }), // an exec that was missed
  ])
  t.deepEqual(plan.takeDifference(), { watch: [20, 21], ignore: [], forget: [10] })
})

test('a new helper is told the whole set', (t) => {
  const plan = planOf({ process: /nginx/ })
  plan.reconcile(MACHINE)
  plan.apply(fork(12, 10), '')
  t.deepEqual(plan.snapshot(), { watch: [10, 11, 12], ignore: [1, 20, 21, 22], forget: [] })
  t.is(plan.takeDifference(), NO_DIFFERENCE)
})
