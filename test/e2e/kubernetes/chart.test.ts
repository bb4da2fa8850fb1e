/** From `helm install` to logs with names, and what policies change: real pods of nginx, Node and Python. */
import anyTest, { type TestFn } from 'ava'
import { Installation, NAMESPACE } from './chart-run.ts'
import { apply } from './node.ts'

const test = anyTest as TestFn<{ installed: Installation }>
const DEADLINE_MS = 240_000
/** Namespaces, cgroups and mounts take root; without it there is no node. */
const onNode = process.getuid?.() === 0 ? test.serial : test.serial.skip

test.before(async (t) => {
  if (process.getuid?.() !== 0) return
  t.timeout(DEADLINE_MS)
  t.context.installed = await Installation.prepare()
})

test.after.always(async (t) => {
  await t.context.installed?.stop()
})

/** DAC_READ_SEARCH, SYS_PTRACE, PERFMON and BPF, as capabilities(7) has them. */
const AGENT_CAPABILITIES = [2n, 19n, 38n, 39n].reduce((set, bit) => set | (1n << bit), 0n)

/** Of one path: what both sides of requests within the shop tell, and what its client tells of the other namespace. */
const SHOP_LOGS = [
  'client demo::cart.shop/cart/node/node -> demo::stock.shop///',
  'client demo::client.shop/client/shell/curl -> demo::cart.shop///',
  'client demo::client.shop/client/shell/curl -> demo::ledger.bank///',
  'client demo::client.shop/client/shell/curl -> demo::web.shop///',
  'server demo::cart.shop/cart/node/node -> demo::client.shop/client/shell/',
  'server demo::stock.shop/stock/python3/python3 -> demo::cart.shop/cart/node/',
  'server demo::web.shop/web/nginx/nginx -> demo::client.shop/client/shell/',
]
const BANK_LOGS = ['server demo::ledger.bank/ledger/python3/python3 -> demo::client.shop/client/shell/']

/** A policy that excludes these namespaces, and sends soon. */
const policy = (name: string, namespaces: readonly string[], spec: object = {}) => ({
  apiVersion: 'accesslog.dev/v1alpha1',
  kind: 'AccessLogPolicy',
  metadata: { name },
  spec: { exclude: { namespaces }, flush: { period: '500ms' }, ...spec },
})

onNode(
  'after helm install both sides of requests are logged by name, an excluded namespace is not',
  async (t) => {
    t.timeout(DEADLINE_MS)
    const { installed } = t.context
    const spec = 'defaultPolicy.spec'
    await installed.install(
      'clusterName=demo',
      `${spec}.exclude.namespaces={kube-system,bank}`,
      `${spec}.flush.period=500ms`,
    )
    await installed.running()
    await installed.waitFor('condition=Ready', 'alp/default')
    t.deepEqual(await installed.ask('installed', SHOP_LOGS.length), SHOP_LOGS)
    t.deepEqual(await installed.policies(), ['default true 0 1/1 True'])
    t.deepEqual(await installed.statuses(), ['node-1 default Active'])
  },
)

onNode('the agent has four capabilities and the operator none, whatever their images ask for', async (t) => {
  const { installed } = t.context
  const rights = async (object: string) => {
    const status = await installed.runIn(object, 'cat', '/proc/self/status')
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
    return [field('Uid'), BigInt(`0x${field('CapBnd')}`), field('NoNewPrivs')]
  }
  t.deepEqual(await rights('daemonset/accesslog-operator-agent'), ['0', AGENT_CAPABILITIES, '1'])
  t.deepEqual(await rights('deployment/accesslog-operator'), ['65532', 0n, '1'])
})

onNode('an edited policy is in force when it is ready', async (t) => {
  t.timeout(DEADLINE_MS)
  const { installed } = t.context
  const edit = JSON.stringify({ spec: { exclude: { namespaces: ['kube-system', 'shop'] } } })
  await installed.cluster.kubectl(['patch', 'alp', 'default', '--type=merge', '-p', edit])
  await installed.waitFor('condition=Ready', 'alp/default')
  t.deepEqual(await installed.ask('edited', BANK_LOGS.length), BANK_LOGS)
  const path = 'jsonpath={.status.configHash}'
  const hash = await installed.cluster.kubectl(['get', 'alp', 'default', '-o', path])
  const shortHash = hash.stdout.slice(0, 8)
  const [wide] = await installed.table('als', 'node-1', '-o', 'wide')
  t.true(wide?.includes(` ${installed.backend} ${shortHash} `), wide)
  t.regex(await installed.agentLog(), new RegExp(`by another config config=default hash=${shortHash}`))
  t.deepEqual(await installed.policies(), ['default true 0 1/1 True'])
  t.deepEqual(await installed.statuses(), ['node-1 default Active'])
})

onNode('with all of its pods replaced the product goes on, and takes the next edit', async (t) => {
  t.timeout(DEADLINE_MS)
  const { installed } = t.context
  await installed.cluster.kubectl(['delete', 'pod', '--all', '--namespace', NAMESPACE])
  await installed.running()
  const edit = JSON.stringify({ spec: { exclude: { namespaces: ['kube-system', 'bank'] } } })
  await installed.cluster.kubectl(['patch', 'alp', 'default', '--type=merge', '-p', edit])
  await installed.waitFor('condition=Ready', 'alp/default')
  t.deepEqual(await installed.ask('replaced', SHOP_LOGS.length), SHOP_LOGS)
  t.deepEqual(await installed.statuses(), ['node-1 default Active'])
})

onNode('a label gives the node to the policy that selects it, and the loser says who won', async (t) => {
  t.timeout(DEADLINE_MS)
  const { installed } = t.context
  const { cluster } = installed
  const nodeSelector = { matchLabels: { pool: 'audited' } }
  await apply(cluster, policy('audited', ['kube-system'], { priority: 10, nodeSelector }))
  await installed.waitFor('jsonpath={.status.nodes.summary}=0/0', 'alp/audited')
  t.deepEqual(await installed.policies(), ['audited true 10 0/0 False', 'default true 0 1/1 True'])

  await cluster.kubectl(['label', 'node', 'node-1', 'pool=audited'])
  await installed.waitFor('condition=Ready', 'alp/audited')
  await installed.waitFor('condition=Ready=False', 'alp/default')
  const all = [...SHOP_LOGS, ...BANK_LOGS].toSorted()
  t.deepEqual(await installed.ask('relabelled', all.length), all)
  t.deepEqual(await installed.policies(), ['audited true 10 1/1 True', 'default true 0 0/1 False'])
  t.deepEqual(await installed.statuses(), ['node-1 audited Active'])
  const [loser] = await installed.table('alp', 'default', '-o', 'wide')
  t.regex(loser ?? '', /every selected node is governed by another policy: audited \(1 node\)/)
})

onNode('without policies the node is inactive; a new one is all it takes', async (t) => {
  t.timeout(DEADLINE_MS)
  const { installed } = t.context
  await installed.cluster.kubectl(['delete', 'alp', '--all'])
  await installed.waitFor('jsonpath={.status.state}=Inactive', 'als/node-1')
  t.deepEqual(await installed.policies(), [])
  t.deepEqual(await installed.statuses(), ['node-1 Inactive'])
  await installed.ask('deleted', 0)

  await apply(installed.cluster, policy('again', ['kube-system', 'bank']))
  await installed.waitFor('condition=Ready', 'alp/again')
  t.deepEqual(await installed.ask('again', SHOP_LOGS.length), SHOP_LOGS)
  t.deepEqual(await installed.statuses(), ['node-1 again Active'])
})

onNode('no log was late, rejected, or of what policies exclude', async (t) => {
  t.timeout(DEADLINE_MS)
  const { installed } = t.context
  const { rejected } = await installed.ledger()
  t.deepEqual(rejected, {})
  t.deepEqual(installed.logs('installed'), SHOP_LOGS)
  t.deepEqual(installed.logs('edited'), BANK_LOGS)
  t.deepEqual(installed.logs('replaced'), SHOP_LOGS)
  t.deepEqual(installed.logs('deleted'), [])
  t.deepEqual(installed.logs('again'), SHOP_LOGS)
})
