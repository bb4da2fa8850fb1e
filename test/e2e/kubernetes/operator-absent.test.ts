/** Agents go on by what they have while no operator is there, and follow it when it comes back. */
import test from 'ava'
import { Harness } from '../../operator/cluster/harness.ts'
import { freePort } from '../harness/ports.ts'
import { ReceiverRun } from '../harness/receiver.ts'
import { apply, CLUSTER_DEADLINE_MS, NodeAgentRun, requests, startPod } from './node.ts'
import { defaultAccount, namespace } from './objects.ts'

const NODE = 'node-1'
const NAMESPACES = ['shop', 'bank']
let harness: Harness

test.before(async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  harness = await Harness.start()
  await apply(harness.cluster, ...NAMESPACES.map(namespace))
  await apply(harness.cluster, ...NAMESPACES.map(defaultAccount))
  await harness.node(NODE)
})

test.after.always(() => harness?.stop())

/** As runtimes under systemd's driver name them; a node may have several. */
const sliceOf = (uid: string) =>
  `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
const crioPath = (uid: string, id: string) => `${sliceOf(uid)}/crio-${id}.scope/container`
const dockerPath = (uid: string, id: string) => `${sliceOf(uid)}/docker-${id}.scope`

/** Waits until the agent captures by the config as the operator has rendered it. */
async function inForce(agent: NodeAgentRun, maxCount: number): Promise<void> {
  await agent.until(`maxCount ${maxCount} in force`, async () => {
    const { hash, flush } = (await harness.getConfig('default'))?.spec ?? {}
    if (hash === undefined || flush?.maxCount !== maxCount) return false
    return (await agent.get('/metrics')).text.includes(`config_hash="${hash}"`)
  })
}

test('without an operator agents capture on, also new pods, and its return brings the next edit', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const { cluster } = harness
  const receiver = await ReceiverRun.start(await freePort())
  t.teardown(() => receiver.process.stop())
  const policy = (maxCount: number, namespaces: string[]) =>
    harness.policy('default', {
      backend: { address: receiver.address },
      exclude: { namespaces },
      flush: { maxCount },
    })
  const web = (name: string, ns = 'shop') => ({ namespace: ns, name, node: NODE, labels: { app: name } })
  const operator = await harness.operator('operator-1')
  await policy(100, ['bank'])
  await harness.assigned(NODE, 'default')
  const early = await startPod(t, cluster, web('early'))
  const agent = await NodeAgentRun.start(t, cluster, NODE)
  await inForce(agent, 100)
  await requests(early.port, 3)
  await agent.until('logs with an operator', () => agent.http(early.port).length === 3)

  await operator.process.stop('SIGKILL')
  await policy(200, [])
  const late = await startPod(t, cluster, web('late'), crioPath)
  const hidden = await startPod(t, cluster, web('hidden', 'bank'), dockerPath)
  const hash = (await harness.getConfig('default'))?.spec.hash ?? ''
  await Promise.all([early, late, hidden].map(({ port }) => requests(port, 5)))
  await agent.until(
    'logs without one',
    () => agent.http(early.port).length === 8 && agent.http(late.port).length === 5,
  )
  t.deepEqual(agent.http(hidden.port), [])
  t.is(agent.http(late.port)[0]?.local.service, 'late.shop')
  t.is((await agent.get('/readyz')).status, 200)
  t.true((await agent.get('/metrics')).text.includes(`config_hash="${hash}"`), 'by the config of before')
  await agent.until('a status that says so', async () => (await agent.status()).state === 'Active')

  await harness.operator('operator-2')
  await inForce(agent, 200)
  await Promise.all([early, late, hidden].map(({ port }) => requests(port, 2)))
  await agent.until('logs of all', () => agent.http(hidden.port).length === 2)
  await agent.until(
    'the others go on',
    () => agent.http(early.port).length === 10 && agent.http(late.port).length === 7,
  )
  t.deepEqual(
    [early, late, hidden].map(({ port }) => agent.http(port).length),
    [10, 7, 2],
  )
})
