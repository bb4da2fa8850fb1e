/** Whatever the API server or the way to it does: the operator lives, and converges afterwards. */
import test from 'ava'
import { until } from '../../e2e/harness/until.ts'
import type { Fault, Passed } from './fault-proxy.ts'
import { Harness, type OperatorProcess } from './harness.ts'

let harness: Harness
let operator: OperatorProcess

/** The watches that the operator holds: policies, nodes, configs, statuses, Services, pods. */
const WATCHES = 6
const RECOVERY_MS = 60_000
const OUTAGE_MS = 120_000

test.before(async () => {
  harness = await Harness.start()
  operator = await harness.operator('operator-1')
  await harness.node('a1', { pool: 'a' })
  await harness.node('b1', { pool: 'b' })
  await harness.policy('default')
  await harness.assigned('a1', 'default')
  await harness.assigned('b1', 'default')
})

test.after.always(() => harness?.stop())

test.afterEach.always((t) => {
  if (!t.passed) t.log(operator.process.stderr.slice(-4000))
})

test.afterEach.always(() => {
  operator.proxy.fault = () => undefined
})

/** Two changes of opposite sense, so that neither can have been true before. */
async function converges(name: string): Promise<void> {
  await harness.policy(name, { priority: 9, nodeSelector: { matchLabels: { pool: 'a' } } })
  await harness.assigned('a1', name, RECOVERY_MS)
  await harness.remove('accesslogpolicy', name)
  await harness.assigned('a1', 'default', RECOVERY_MS)
  if (operator.process.gone) throw new Error(operator.process.stderr)
}

test.serial('watches that are cut are taken up again, without a new list', async (t) => {
  await allWatchesOpen()
  const lists = () =>
    operator.proxy.passed.filter(({ isWatch, path }) => !isWatch && path.endsWith('/accesslogpolicies'))
      .length
  const before = lists()
  operator.proxy.cutWatches()
  await converges('after-cut')
  t.is(lists(), before)
})

test.serial('what is deleted while no watch can be opened is noticed', async (t) => {
  await harness.policy('short', { priority: 9, nodeSelector: { matchLabels: { pool: 'b' } } })
  await harness.assigned('b1', 'short')
  operator.proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'cut' } : undefined)
  operator.proxy.cutWatches()
  await harness.remove('accesslogpolicy', 'short')
  await until(
    'watches were tried in vain',
    () => (operator.process.stderr.match(/a watch failed/g) ?? []).length >= 6,
  )
  operator.proxy.fault = oncePerWatch({ kind: 'watch-error', code: 410 })
  await harness.assigned('b1', 'default', RECOVERY_MS)
  t.is(await until('its config is gone', async () => (await harness.getConfig('short')) === undefined), true)
})

test.serial('410 as an answer and as an event makes a new list', async (t) => {
  const lists = () =>
    operator.proxy.passed.filter(({ isWatch, path }) => !isWatch && path.endsWith('/accesslogpolicies'))
      .length
  const before = lists()
  await allWatchesOpen()
  operator.proxy.fault = oncePerWatch({ kind: 'watch-error', code: 410 })
  operator.proxy.cutWatches()
  await until('policies are listed anew', () => lists() > before, RECOVERY_MS)
  await allWatchesOpen()
  operator.proxy.fault = oncePerWatch({ kind: 'status', status: 410 })
  operator.proxy.cutWatches()
  await until('policies are listed once more', () => lists() > before + 1, RECOVERY_MS)
  await converges('after-410')
  t.pass()
})

for (const [what, fault] of [
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
  ['500', { kind: 'status', status: 500 }],
  ['connections that are cut', { kind: 'cut' }],
] as const) {
  test.serial(`writes that fail with ${what} are tried again until they succeed`, async (t) => {
    const isWrite = ({ method, path }: Passed) => method === 'PATCH' && !path.includes('leases')
    const faulty = once(isWrite, fault, 6)
    operator.proxy.fault = faulty
    await converges('after-writes')
    t.is(faulty.left(), 0)
  })
}

test.serial('Retry-After is waited for before a watch is opened again', async (t) => {
  const opened: number[] = []
  const faulty = once(
    ({ isWatch, path }) => isWatch && path.endsWith('/nodes'),
    { kind: 'status', status: 429, retryAfterSeconds: 2 },
    1,
  )
  operator.proxy.fault = (request) => {
    if (request.isWatch && request.path.endsWith('/nodes')) opened.push(request.atMs)
    return faulty(request)
  }
  await allWatchesOpen()
  operator.proxy.cutWatches()
  await until('the watch was asked for twice', () => opened.length >= 2, RECOVERY_MS)
  t.true((opened[1] ?? 0) - (opened[0] ?? 0) >= 1990, opened.join(' '))
})

test.serial('an API server that takes a second for everything is slow, no more', async (t) => {
  operator.proxy.fault = () => ({ kind: 'slow', delayMs: 1000 })
  await converges('while-slow')
  t.pass()
})

test.serial(
  'kill -9 of the API server, for two minutes: the operator waits and goes on when it is back',
  async (t) => {
    t.timeout(OUTAGE_MS + 4 * RECOVERY_MS)
    await harness.cluster.apiServer.kill9()
    const killedMs = performance.now()
    await until('the operator no longer leads', async () => !(await leads(operator)), RECOVERY_MS)
    const logged = () => operator.process.stderr.split('a watch failed').length
    const loggedBefore = logged()
    await until('two minutes are over', () => performance.now() - killedMs >= OUTAGE_MS, OUTAGE_MS)
    t.true((await fetch(`${operator.healthUrl}/livez`)).ok, 'it is not restarted for it')
    t.true(logged() - loggedBefore <= 2 * WATCHES, 'what fails again for the same reason is not told again')

    await harness.cluster.restartApiServer()
    await until('the operator leads again', () => leads(operator), RECOVERY_MS)
    await converges('after-kill')
  },
)

async function allWatchesOpen(): Promise<void> {
  await until('all watches are open', () => operator.proxy.watches === WATCHES, RECOVERY_MS)
}

/** The first attempt to open each watch meets the fault. */
function oncePerWatch(fault: NonNullable<Fault>): (request: Passed) => Fault {
  const met = new Set<string>()
  return ({ isWatch, path }) => {
    if (!isWatch || met.has(path)) return undefined
    met.add(path)
    return fault
  }
}

/** The first `count` requests that match meet the fault. */
function once(matches: (request: Passed) => boolean, fault: NonNullable<Fault>, count: number) {
  let left = count
  const rule = (request: Passed) => {
    if (left === 0 || !matches(request)) return undefined
    left--
    return fault
  }
  return Object.assign(rule, { left: () => left })
}

async function leads({ healthUrl }: OperatorProcess): Promise<boolean> {
  const text = await fetch(`${healthUrl}/metrics`).then((response) => response.text())
  return /^accesslog_operator_leader 1$/m.test(text)
}
