/** Two nodes, each with an agent, and pods in networks of their own: names of the other end come through the operator. */
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Harness } from '../../operator/cluster/harness.ts'
import { temporaryFolder } from '../../agent/workloads/tree.ts'
import { freePort } from '../harness/ports.ts'
import { ReceiverRun } from '../harness/receiver.ts'
import { until } from '../harness/until.ts'
import type { Owned } from '../harness/owned.ts'
import { runIn } from './containers.ts'
import { apply, cgroupfsPath, CLUSTER_DEADLINE_MS, createPod, NodeAgentRun, reportRunning } from './node.ts'
import { containerId, defaultAccount, namespace, type PodShape, service } from './objects.ts'

const PORT = '8080'
let harness: Harness

test.before(async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  harness = await Harness.start()
  await apply(harness.cluster, namespace('shop'), defaultAccount('shop'))
  for (const node of ['east', 'west']) await harness.node(node)
})

test.after.always(() => harness?.stop())

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Two network namespaces, joined by a wire, each with an address. Gone when the test ends. */
function networks(t: ExecutionContext, addresses: readonly [string, string]): [string, string] {
  const names = ['a', 'b'].map((end) => `alo-remote-${process.pid}-${end}`) as [string, string]
  for (const name of names) {
    ip('netns', 'add', name)
    t.teardown(() => ip('netns', 'delete', name))
  }
  ip('-n', names[0], 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names[1])
  names.forEach((name, end) => {
    ip('-n', name, 'address', 'add', `${addresses[end]}/24`, 'dev', 'eth0')
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up')
  })
  return names
}

/** A pod whose programs run in its network. */
class NetworkPod {
  readonly #t: ExecutionContext
  readonly #network: string
  readonly #cgroup: string

  private constructor(t: ExecutionContext, network: string, cgroup: string) {
    this.#t = t
    this.#network = network
    this.#cgroup = cgroup
  }

  static async create(t: ExecutionContext, shape: PodShape, network: string, address: string) {
    const uid = await createPod(harness.cluster, shape)
    const id = containerId()
    await reportRunning(harness.cluster, shape, id, address)
    return new NetworkPod(t, network, cgroupfsPath(uid, id))
  }

  run(...command: string[]): Owned {
    const args = [`--net=/run/netns/${this.#network}`, ...command]
    return runIn(this.#t, this.#cgroup, 'nsenter', args, { cwd: temporaryFolder(this.#t) })
  }
}

test('both ends of a call between nodes are named, the far one through the operator', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = harness
  const receiver = await ReceiverRun.start(await freePort())
  t.teardown(() => receiver.process.stop())
  await harness.policy('default', { backend: { address: receiver.address }, flush: { period: '1s' } })
  const operator = await harness.operator('operator-1')
  await until('the operator is ready', async () => (await fetch(`${operator.healthUrl}/readyz`)).ok)
  const tokenPath = join(temporaryFolder(t), 'token')
  writeFileSync(tokenPath, await harness.token('agent', 'accesslog-operator'))
  chmodSync(tokenPath, 0o600)
  const env = { ACCESSLOG_OPERATOR_URL: operator.addressesUrl, ACCESSLOG_OPERATOR_TOKEN_PATH: tokenPath }
  const agentOf = async (node: string) => {
    await harness.assigned(node, 'default')
    const agent = await NodeAgentRun.start(t, cluster, node, env)
    await agent.until('it captures', async () => (await agent.status()).state === 'Active')
    return agent
  }
  const [east, west] = [await agentOf('east'), await agentOf('west')]

  const [near, far] = ['10.231.7.1', '10.231.7.2']
  const [nearNetwork, farNetwork] = networks(t, [near, far])
  await apply(cluster, service('shop', 'orders', { app: 'orders' }))
  const labels = { app: 'orders' }
  const cart = { namespace: 'shop', name: 'cart', node: 'east' }
  const client = await NetworkPod.create(t, cart, nearNetwork, near)
  const orders = { namespace: 'shop', name: 'orders-0', node: 'west', labels }
  const server = await NetworkPod.create(t, orders, farNetwork, far)
  server.run('python3', '-u', '-m', 'http.server', '--bind', far, PORT)
  const call = (path: string) =>
    client.run('curl', '-sf', '-o', '/dev/null', `http://${far}:${PORT}/${path}`).exited
  await until('the server answers', async () => (await call('')).code === 0)

  // Until the operator has heard of the pods, an address is what is known; that is remembered for a minute.
  const named = (agent: NodeAgentRun, role: string) =>
    agent.logs.filter(
      (log) =>
        log.role === role &&
        log.request?.path === '/' &&
        log.remote.service !== undefined &&
        log.remote.service !== '',
    )
  const isNamed = () => named(east, 'client').length > 0 && named(west, 'server').length > 0
  await until('both ends are named', async () => (await call('')).code === 0 && isNamed(), 90_000)
  const [fromEast] = named(east, 'client')
  const [fromWest] = named(west, 'server')
  const ends = {
    cart: { service: 'cart.shop', pod: 'cart' },
    orders: { service: 'orders.shop', pod: 'orders-0' },
  }
  t.like(fromEast, { local: ends.cart, remote: { ...ends.orders, address: far } })
  t.like(fromWest, { local: ends.orders, remote: { ...ends.cart, address: near } })
  t.false(
    east.logs.some(({ role }) => role === 'server'),
    'what is on the other node is not this one’s',
  )
})
