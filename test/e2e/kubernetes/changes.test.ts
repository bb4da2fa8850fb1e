import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import type { Cluster } from '../../cluster/cluster.ts'
import { freePort } from '../harness/ports.ts'
import { ReceiverRun } from '../harness/receiver.ts'
import { runIn } from './containers.ts'
import { config, containerId, service } from './objects.ts'
import {
  apply,
  cgroupfsPath,
  CLUSTER_DEADLINE_MS,
  clusterWith,
  createPod,
  NodeAgentRun,
  reportRunning,
  requests,
  runServer,
  startPod,
} from './node.ts'

const test = anyTest as TestFn<{ cluster: Cluster }>

test.before(async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  t.context.cluster = await clusterWith('shop', 'bank')
})

test.after.always(async (t) => {
  await t.context.cluster?.stop()
})

async function receiverOf(t: ExecutionContext): Promise<ReceiverRun> {
  const receiver = await ReceiverRun.start(await freePort())
  t.teardown(() => receiver.process.stop())
  return receiver
}

/** An agent that captures by a config of the node's name. */
async function capturing(
  t: ExecutionContext<{ cluster: Cluster }>,
  node: string,
  first: ReturnType<typeof config>,
) {
  const { cluster } = t.context
  const agent = await NodeAgentRun.start(t, cluster, node)
  await apply(cluster, first)
  await agent.assign(node)
  await agent.inForce(first.spec.hash)
  return agent
}

const web = (node: string, namespace = 'shop') => ({
  namespace,
  name: `${node}-web`,
  node,
  labels: { app: node },
})

test.serial('a namespace is excluded and captured again while all runs on', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const shop = await startPod(t, cluster, web('a1'))
  const bank = await startPod(t, cluster, web('a1', 'bank'))
  const first = config('a1', receiver.address)
  const agent = await capturing(t, 'a1', first)
  await Promise.all([requests(shop.port, 5), requests(bank.port, 5)])
  await agent.until(
    'logs of both',
    () => agent.http(shop.port).length === 5 && agent.http(bank.port).length === 5,
  )

  const second = config('a1', receiver.address, { exclude: { namespaces: ['bank'] } })
  await apply(cluster, second)
  await agent.inForce(second.spec.hash)
  await Promise.all([requests(shop.port, 5), requests(bank.port, 5)])
  await agent.until('logs of the shop', () => agent.http(shop.port).length === 10)
  t.is(agent.http(bank.port).length, 5)

  await apply(cluster, first)
  await agent.inForce(first.spec.hash)
  await requests(bank.port, 5)
  await agent.until('logs of the bank', () => agent.http(bank.port).length === 10)
  t.notRegex(agent.process.stderr, /new line/, 'the same line all the time')
})

test.serial('another backend takes over, and each log reaches one of them', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const [one, other] = [await receiverOf(t), await receiverOf(t)]
  const shop = await startPod(t, cluster, web('a2'))
  const agent = await capturing(t, 'a2', config('a2', one.address))
  await requests(shop.port, 10)
  await one.received(shop.port, 1)
  const second = config('a2', other.address)
  const busy = requests(shop.port, 200)
  await apply(cluster, second)
  await agent.inForce(second.spec.hash)
  await busy
  await requests(shop.port, 10)
  await agent.until('all delivered', () => one.rows(shop.port).length + other.rows(shop.port).length >= 220)
  t.true(other.rows(shop.port).length >= 10)
  t.is(one.rows(shop.port).length + other.rows(shop.port).length, 220)
})

test.serial('a Service that is made later names what follows, and so do other labels', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const pod = await startPod(t, cluster, web('a3'))
  const agent = await capturing(t, 'a3', config('a3', receiver.address))
  const named = (name: string) =>
    agent.http(pod.port).some(({ local }) => local.service === `prod::${name}.shop`)
  const askUntilNamed = (name: string) =>
    agent.until(`a log of ${name}`, async () => {
      await requests(pod.port, 1)
      return named(name)
    })
  await askUntilNamed('a3-web')
  await apply(cluster, service('shop', 'late-service', { app: 'a3' }))
  await askUntilNamed('late-service')
  await apply(cluster, service('shop', 'a3-shorter', { app: 'a3' }))
  await askUntilNamed('a3-shorter')
  await cluster.kubectl(['label', 'pod', '-n', 'shop', 'a3-web', '--overwrite', 'app=nobody'])
  await askUntilNamed('a3-web')
  t.regex(agent.process.stderr, /capturing/)
})

test.serial('programs of a new pod are captured from their first call, excluded ones never', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const agent = await capturing(
    t,
    'a4',
    config('a4', receiver.address, { exclude: { namespaces: ['bank'] } }),
  )
  const target = await freePort()
  await runServer(t, '/system.slice/target.service', target).listening(target)
  const url = `http://127.0.0.1:${target}/`
  const client = async (namespace: string, path: string) => {
    const shape = { ...web('a4', namespace), name: `client-${namespace}` }
    const uid = await createPod(cluster, shape)
    const id = containerId()
    const call = () => runIn(t, cgroupfsPath(uid, id), 'curl', ['-sf', '-o', '/dev/null', url + path]).exited
    await Promise.all(Array.from({ length: 10 }, call))
    await reportRunning(cluster, shape, id)
  }
  await client('bank', 'bank')
  await client('shop', 'shop')
  const calls = (path: string) =>
    agent.logs.filter(
      ({ kind, role, request }) => kind === 'http' && role === 'client' && request?.path === path,
    )
  await agent.until('10 calls', () => calls('/shop').length >= 10)
  t.is(calls('/bank').length, 0)
  for (const { local } of calls('/shop'))
    t.like(local, {
      service: 'prod::client-shop.shop',
      pod: 'client-shop',
      container: 'app',
      process: 'curl',
    })
})

test.serial('of an excluded pod whose cgroup the kubelet has made not one byte is copied', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const exclude = { namespaces: ['bank'] }
  const agent = await capturing(t, 'a9', config('a9', receiver.address, { exclude }))
  const target = await freePort()
  await runServer(t, '/system.slice/target.service', target).listening(target)
  const bank = await createPod(cluster, web('a9', 'bank'))
  const shop = await createPod(cluster, web('a9'))
  const metric = async (pattern: RegExp) => Number(pattern.exec((await agent.get('/metrics')).text)?.[1] ?? 0)
  const filtered = () => metric(/outcome="filtered",reason="exclude_namespace"} (\d+)/)
  // The sandbox, which the runtime starts before any container.
  runIn(t, cgroupfsPath(bank, containerId()), 'sleep', ['600'])
  await agent.until(
    'the sandbox is known',
    async () => (await metric(/excluded{reason="exclude_namespace"} (\d+)/)) > 0,
  )
  const before = await filtered()

  const url = `http://127.0.0.1:${target}/`
  const call = (uid: string, path: string) =>
    runIn(t, cgroupfsPath(uid, containerId()), 'curl', ['-sf', '-o', '/dev/null', url + path]).exited
  await Promise.all(Array.from({ length: 20 }, () => call(bank, 'bank')))
  await Promise.all(Array.from({ length: 20 }, () => call(shop, 'shop')))
  const calls = () => agent.logs.filter(({ request }) => request?.path === '/shop')
  await agent.until('20 calls of the shop', () => calls().length >= 20)
  t.is(await filtered(), before)
  t.false(agent.logs.some(({ request }) => request?.path === '/bank'))
})

test.serial('without the API server capturing goes on, and with it the next edit counts', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const pod = await startPod(t, cluster, web('a5'))
  const agent = await capturing(t, 'a5', config('a5', receiver.address))
  await cluster.apiServer.kill9()
  await agent.until('noticed', async () => /api_connected 0/.test((await agent.get('/metrics')).text))
  await requests(pod.port, 5)
  await agent.until('5 logs', () => agent.http(pod.port).length === 5)
  t.is((await agent.get('/readyz')).status, 200)
  await cluster.restartApiServer()
  const second = config('a5', receiver.address, { exclude: { namespaces: ['shop'] } })
  await apply(cluster, second)
  await agent.inForce(second.spec.hash)
  await requests(pod.port, 5)
  await agent.until('connected', async () => /api_connected 1/.test((await agent.get('/metrics')).text))
  t.is(agent.http(pod.port).length, 5)
})

/** Asks one path after the other, until it is told to end. @returns how many */
function askOnAndOn(port: number, prefix: string): () => Promise<number> {
  let going = true
  const busy = (async () => {
    let served = 0
    for (; going; served += 1) await requests(port, 1, `/${prefix}/${served}`)
    return served
  })()
  return () => {
    going = false
    return busy
  }
}

test.serial('buffers, analyzers and periods change, and each request is told once', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const pod = await startPod(t, cluster, web('a6'))
  const agent = await capturing(t, 'a6', config('a6', receiver.address))
  const loops = ['a', 'b', 'c'].map((prefix) => askOnAndOn(pod.port, prefix))
  const changes = [
    { protocolAnalyze: { perCPUBufferBytes: 1_048_576 } },
    { protocolAnalyze: { parallels: 3, queueSize: 1_000 } },
    { flush: { maxCount: 100, periodMs: 500 } },
  ]
  for (const change of changes) {
    const next = config('a6', receiver.address, change)
    await apply(cluster, next)
    await agent.inForce(next.spec.hash)
  }
  const served = await Promise.all(loops.map((end) => end()))
  await agent.assign(undefined)
  await agent.until('the end', () => agent.process.stderr.includes('capturing nothing'))
  // What it has written is read when its output is closed.
  await agent.process.stop()
  const paths = agent.http(pod.port).map(({ request }) => request?.path ?? '')
  const asked = served.flatMap((many, i) => Array.from({ length: many }, (_, k) => `/${'abc'[i]}/${k}`))
  t.log(`${asked.length} requests`)
  const told = new Map<string, number>()
  for (const path of paths) told.set(path, (told.get(path) ?? 0) + 1)
  t.deepEqual(
    asked.filter((path) => !told.has(path)),
    [],
    'missed',
  )
  t.deepEqual(
    [...told].filter(([, times]) => times > 1),
    [],
    'told twice',
  )
  t.is(paths.length, asked.length)
})

test.serial('collectors decide on calls and requests, in place', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const pod = await startPod(t, cluster, web('a8'))
  const requestsOnly = config('a8', receiver.address, { collectors: { connections: false } })
  const agent = await capturing(t, 'a8', requestsOnly)
  const logs = () => agent.logs.filter(({ local }) => local.port === pod.port)
  const filteredBy = async (rule: string) =>
    new RegExp(`outcome="filtered",reason="${rule}"} [1-9]`).test((await agent.get('/metrics')).text)
  await requests(pod.port, 5)
  await agent.until('5 requests', () => agent.http(pod.port).length === 5)
  await agent.until('calls that are filtered', () => filteredBy('collectors_connections'))
  t.is(logs().length, 5)
  const callsOnly = config('a8', receiver.address, { collectors: { protocols: ['HTTP2'] } })
  await apply(cluster, callsOnly)
  await agent.inForce(callsOnly.spec.hash)
  await requests(pod.port, 5)
  await agent.until('calls', () => logs().filter(({ kind }) => kind === 'accept').length === 5)
  await agent.until('requests that are filtered', () => filteredBy('collectors_protocols'))
  t.is(agent.http(pod.port).length, 5)
  t.notRegex(agent.process.stderr, /new line/)
})

test.serial('probes are filtered as soon as the config says so, and logged again', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = t.context
  const receiver = await receiverOf(t)
  const port = await freePort()
  const shape = { ...web('a7'), container: { livenessProbe: { httpGet: { path: '/healthz', port } } } }
  const uid = await createPod(cluster, shape)
  const id = containerId()
  await runServer(t, cgroupfsPath(uid, id), port).listening(port)
  await reportRunning(cluster, shape, id)
  const first = config('a7', receiver.address)
  const agent = await capturing(t, 'a7', first)
  const probesAndRequests = async () => {
    await requests(port, 5, '/healthz?full=1')
    await requests(port, 5, '/cart')
  }
  const logs = (path: string) => agent.http(port).filter(({ request }) => request?.path === path).length
  await probesAndRequests()
  await agent.until('logs of all', () => logs('/healthz') === 5 && logs('/cart') === 5)
  const second = config('a7', receiver.address, { exclude: { probes: true } })
  await apply(cluster, second)
  await agent.inForce(second.spec.hash)
  await probesAndRequests()
  await agent.until('logs of requests', () => logs('/cart') === 10)
  t.is(logs('/healthz'), 5)
  t.regex(
    (await agent.get('/metrics')).text,
    /unit="exchanges",outcome="filtered",reason="exclude_probes"} 5/,
  )
  await apply(cluster, first)
  await agent.inForce(first.spec.hash)
  await probesAndRequests()
  await agent.until('logs of all again', () => logs('/healthz') === 10)
  t.notRegex(agent.process.stderr, /new line/)
})
