import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { ApiClient } from '../../../agent/control/api.ts'
import type { ApiError } from '../../../agent/control/problem.ts'
import { Reflector } from '../../../agent/control/reflector.ts'
import { type Cluster, startCluster } from '../../cluster/cluster.ts'
import { until } from '../../e2e/harness/until.ts'
import { type Fault, FaultProxy } from '../../operator/cluster/fault-proxy.ts'

interface Context {
  cluster: Cluster
  /** Of a service account that may read ConfigMaps: the proxy passes on no client certificate. */
  token: string
}

const test = anyTest as TestFn<Context>
const CLUSTER_DEADLINE_MS = 180_000

test.before(async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const cluster = await startCluster()
  t.context.cluster = cluster
  await cluster.kubectl(['create', 'serviceaccount', 'viewer'])
  const verbs = '--verb=get,list,watch'
  await cluster.kubectl(['create', 'clusterrole', 'viewer', verbs, '--resource=configmaps'])
  const account = ['--clusterrole=viewer', '--serviceaccount=default:viewer']
  await cluster.kubectl(['create', 'clusterrolebinding', 'viewer', ...account])
  t.context.token = (await cluster.kubectl(['create', 'token', 'viewer'])).stdout.trim()
})

test.after.always(async (t) => {
  await t.context.cluster?.stop()
})

/** A reflector of the ConfigMaps with this label, through a proxy, and what it told. */
async function reflecting(t: ExecutionContext<Context>, label: string, stallMs = 60_000) {
  const { cluster, token } = t.context
  const proxy = await FaultProxy.start(cluster.url, cluster.authorityFile)
  const access = { server: new URL(proxy.url), ca: () => undefined, token: () => token, client: undefined }
  const client = new ApiClient(access, 'test/1')
  const objects = new Set<string>()
  const problems: (ApiError | undefined)[] = []
  let replacements = 0
  const reflector = new Reflector<string>({
    client,
    path: '/api/v1/namespaces/default/configmaps',
    query: { labelSelector: `test=${label}` },
    project: (object) => (object as { metadata: { name: string } }).metadata.name,
    listener: {
      replaced: (names) => {
        replacements += 1
        objects.clear()
        for (const name of names) objects.add(name)
      },
      changed: (name) => void objects.add(name),
      deleted: (name) => void objects.delete(name),
      contact: (problem) => void problems.push(problem),
    },
    random: Math.random,
    timings: { backoff: { initialMs: 20, maxMs: 200 }, stallMs },
  })
  t.teardown(async () => {
    await reflector.stop()
    client.close()
    proxy.stop()
  })
  reflector.start()
  let synced = false
  void reflector.synced.then(() => (synced = true))
  await until('the first list', () => synced)
  await until('the watch', () => proxy.watches === 1)
  const create = async (name: string) => {
    const metadata = { name, labels: { test: label } }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata }
    await cluster.kubectl(['create', '-f', '-'], JSON.stringify(object))
  }
  const remove = (name: string) => cluster.kubectl(['delete', 'configmap', name])
  const shows = (...names: string[]) =>
    until(names.join(), () => objects.size === names.length && names.every((name) => objects.has(name)))
  return { proxy, reflector, problems, create, remove, shows, replacements: () => replacements }
}

test('what is there, what comes and what goes', async (t) => {
  const { create, remove, shows, replacements } = await reflecting(t, 'plain')
  await shows()
  await create('plain-1')
  await create('plain-2')
  await shows('plain-1', 'plain-2')
  await remove('plain-1')
  await shows('plain-2')
  t.is(replacements(), 1)
})

test('a watch that is cut goes on where it was, and nothing is listed again', async (t) => {
  const { proxy, problems, create, shows, replacements } = await reflecting(t, 'cut')
  await create('cut-1')
  await shows('cut-1')
  proxy.cutWatches()
  await create('cut-2')
  await shows('cut-1', 'cut-2')
  await until('well', () => problems.length > 0 && problems.at(-1) === undefined)
  t.is(replacements(), 1)
})

test('a version that is too old is listed again, and what was deleted meanwhile is gone', async (t) => {
  const { proxy, create, remove, shows, replacements } = await reflecting(t, 'old')
  await create('old-1')
  await create('old-2')
  await shows('old-1', 'old-2')
  proxy.fault = () => ({ kind: 'cut' })
  proxy.cutWatches()
  await remove('old-1')
  let expired = false
  proxy.fault = ({ isWatch }): Fault => {
    if (!isWatch || expired) return undefined
    expired = true
    return { kind: 'watch-error', code: 410 }
  }
  await shows('old-2')
  t.is(replacements(), 2)
})

for (const [name, fault, status] of [
  ['throttled', { kind: 'status', status: 429, retryAfterSeconds: 1 }, 429],
  ['broken', { kind: 'status', status: 500 }, 500],
  ['forbidden', { kind: 'status', status: 403 }, 403],
] as const) {
  test(`a server that answers ${status} is asked again, not at once, and said to be in trouble`, async (t) => {
    const { proxy, problems, create, shows } = await reflecting(t, name)
    let faults = 0
    proxy.fault = ({ isWatch }) => (isWatch && faults++ < 3 ? fault : undefined)
    const begunMs = performance.now()
    proxy.cutWatches()
    await create(`${name}-1`)
    await shows(`${name}-1`)
    t.is(faults, 4)
    t.true(problems.some((problem) => problem?.status === status))
    t.is(problems.at(-1), undefined)
    if (name === 'throttled') t.true(performance.now() - begunMs >= 3_000, 'Retry-After is honoured')
  })
}

test('a watch that says nothing is given up', async (t) => {
  const { reflector, proxy, create, shows } = await reflecting(t, 'silent', 300)
  const before = reflector.counters.watches
  await until('another watch', () => reflector.counters.watches > before + 1)
  await until('its connection', () => proxy.watches === 1)
  await create('silent-1')
  await shows('silent-1')
  t.is(reflector.counters.lists, 1)
})

test('a server that is gone for a while is found again', async (t) => {
  const { proxy, problems, create, shows } = await reflecting(t, 'gone')
  proxy.fault = () => ({ kind: 'cut' })
  proxy.cutWatches()
  await until('noticed', () => problems.at(-1) !== undefined)
  await create('gone-1')
  proxy.fault = () => undefined
  await shows('gone-1')
  t.is(problems.at(-1), undefined)
})
