import test from 'ava'
import { freePort } from '../harness/ports.ts'
import { ReceiverRun } from '../harness/receiver.ts'
import { config, service } from './objects.ts'
import {
  apply,
  CLUSTER_DEADLINE_MS,
  clusterWith,
  NodeAgentRun,
  requests,
  runServer,
  startPod,
} from './node.ts'

test('a node captures its pods from its assignment on, and no other process', async (t) => {
  t.timeout(CLUSTER_DEADLINE_MS)
  const cluster = await clusterWith('shop')
  t.teardown(() => cluster.stop())
  const receiver = await ReceiverRun.start(await freePort())
  t.teardown(() => receiver.process.stop())
  await apply(cluster, service('shop', 'web', { app: 'web' }), service('shop', 'web-metrics', { app: 'web' }))
  const web = await startPod(t, cluster, {
    namespace: 'shop',
    name: 'web-1',
    node: 'a',
    labels: { app: 'web' },
  })
  const secret = await startPod(t, cluster, { namespace: 'kube-system', name: 'dns', node: 'a' })
  const host = { port: await freePort() }
  await runServer(t, '/system.slice/host.service', host.port).listening(host.port)

  const agent = await NodeAgentRun.start(t, cluster, 'a')
  t.regex((await agent.get('/metrics')).text, /accesslog_agent_capturing 0/)
  await requests(web.port, 3)

  const first = config('default', receiver.address)
  await apply(cluster, first)
  await agent.assign('default')
  await agent.inForce(first.spec.hash)
  await Promise.all([requests(web.port, 20), requests(secret.port, 5), requests(host.port, 5)])
  await agent.until('20 logs', () => agent.http(web.port).length >= 20)
  await receiver.received(web.port, 20)
  t.is(agent.http().length, 20, 'nothing of before, nothing of the others')
  const [log] = agent.http(web.port)
  t.like(log?.local, { service: 'prod::web.shop', pod: 'web-1', container: 'app', process: 'python3' })

  await agent.until('the status', async () => (await agent.status()).state === 'Active')
  const status = await agent.status()
  t.is(status.configHash, first.spec.hash)
  t.deepEqual(
    status.conditions?.map(({ type, status: holds }) => [type, holds]),
    [
      ['ConfigApplied', 'True'],
      ['Capturing', 'True'],
      ['BackendConnected', 'True'],
    ],
  )

  await agent.assign(undefined)
  await agent.inForce('')
  await requests(web.port, 3)
  await agent.until('inactive', async () => (await agent.status()).state === 'Inactive', 20_000)
  t.is(agent.http().length, 20)
})
