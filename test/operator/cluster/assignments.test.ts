/** The operator against the real API server, as the chart's service account. */
import test from 'ava'
import { until } from '../../e2e/harness/until.ts'
import { BACKEND, Harness, NAMESPACE, type OperatorProcess } from './harness.ts'

let harness: Harness
let operator: OperatorProcess

test.before(async () => {
  harness = await Harness.start()
  await harness.node('a1', { pool: 'a' })
  await harness.node('b1', { pool: 'b' })
  operator = await harness.operator('operator-1')
})

test.after.always(() => harness?.stop())

test.afterEach.always((t) => {
  if (!t.passed) t.log(operator.process.stderr.slice(-4000))
})

test.serial('without a policy every node has a status that assigns nothing', async (t) => {
  await harness.assigned('a1', undefined)
  await harness.assigned('b1', undefined)
  const { metadata, spec } = (await harness.getStatus('a1')) ?? {}
  t.deepEqual(spec, {})
  t.like(metadata?.ownerReferences?.[0], { kind: 'Node', name: 'a1' })
})

test.serial('a policy is rendered once and assigned to the nodes that it selects', async (t) => {
  await harness.policy('default')
  await harness.assigned('a1', 'default')
  await harness.assigned('b1', 'default')
  const config = await harness.getConfig('default')
  t.is(config?.spec.backend.address, BACKEND)
  t.is(config?.spec.flush.periodMs, 5000)
  await harness.condition('default', 'Accepted', 'True Accepted')
  t.is(
    await harness.condition('default', 'Programmed', 'False PartiallyProgrammed'),
    '0 of 2 nodes have applied the policy',
  )
})

test.serial('an edit is one write of the config, within a second, and none to nodes', async (t) => {
  const before = operator.proxy.passed.length
  await harness.policy('default', { flush: { maxCount: 7 } })
  const startMs = performance.now()
  await until(
    'the config is rendered anew',
    async () => (await harness.getConfig('default'))?.spec.flush.maxCount === 7,
  )
  t.true(performance.now() - startMs < 1000)
  await until(
    'the status is about the edit',
    async () => (await harness.getPolicy('default'))?.status?.acceptedGeneration === 2,
  )
  const writes = operator.proxy.passed.slice(before).filter(({ method }) => method !== 'GET')
  const paths = writes.map(({ path }) => path).filter((path) => !path.includes('leases'))
  t.is(paths.filter((path) => path.includes('accesslogconfigs')).length, 1)
  t.is(paths.filter((path) => path.includes('accesslogstatuses')).length, 0)
})

test.serial('what agents report is folded into the status of the policy', async (t) => {
  const hash = (await harness.getConfig('default'))?.spec.hash
  const status = {
    state: 'Active',
    configName: 'default',
    configHash: hash,
    lastHeartbeatTime: '2026-11-24T12:00:00Z',
  }
  await harness.report('a1', status)
  await harness.report('b1', { ...status, state: 'Degraded' })
  await harness.condition('default', 'Programmed', 'True Programmed', 15_000)
  await harness.condition('default', 'Degraded', 'True NodesDegraded')
  await harness.condition('default', 'Ready', 'False NodesNotActive')
  t.like((await harness.getPolicy('default'))?.status?.nodes, {
    selected: 2,
    programmed: 2,
    ready: 1,
    summary: '1/2',
  })
})

test.serial('a policy of higher priority takes its nodes, and the loser is told by whom', async (t) => {
  await harness.policy('gold', { priority: 5, nodeSelector: { matchLabels: { pool: 'a' } } })
  await harness.assigned('a1', 'gold')
  await until(
    'default has lost a node',
    async () => (await harness.getPolicy('default'))?.status?.nodes?.overridden === 1,
  )
  const message = (await harness.getPolicy('default'))?.status?.conditions?.find(
    ({ type }) => type === 'Programmed',
  )?.message
  t.regex(message ?? '', /governed by another policy: gold \(1 node\)$/)
  t.is((await harness.getStatus('b1'))?.spec.configRef?.name, 'default')
})

test.serial('a node that is relabelled changes its policy', async (t) => {
  await harness.cluster.kubectl(['label', 'node', 'b1', 'pool=a', '--overwrite'])
  await harness.assigned('b1', 'gold')
  await harness.condition('default', 'Programmed', 'False Overridden', 15_000)
  t.is(
    await until('its config is pruned', async () => (await harness.getConfig('default')) === undefined),
    true,
  )
  await harness.cluster.kubectl(['label', 'node', 'b1', 'pool=b', '--overwrite'])
  await harness.assigned('b1', 'default')
})

test.serial(
  'an edit that names a missing Secret changes nothing on nodes, and says what is wrong',
  async (t) => {
    const before = await harness.getConfig('gold')
    await harness.policy('gold', {
      priority: 5,
      nodeSelector: { matchLabels: { pool: 'b' } },
      backend: { address: 'secure:1', authentication: { secretRef: { name: 'oap-token' } } },
    })
    const message = await harness.condition('gold', 'Accepted', 'False SecretNotFound')
    t.regex(message, /Secret "oap-token".*create it.*generation 1 stays in force$/)
    t.deepEqual((await harness.getConfig('gold'))?.spec, before?.spec)
    t.is((await harness.getStatus('a1'))?.spec.configRef?.name, 'gold')
    t.is((await harness.getStatus('b1'))?.spec.configRef?.name, 'default')
    const events = await harness.cluster.kubectl([
      'get',
      'events.events.k8s.io',
      '-n',
      'default',
      '-o',
      'json',
    ])
    t.regex(events.stdout, /"reason": "SecretNotFound"/)
  },
)

test.serial('what was in force outlives the operator, while the edit is still refused', async (t) => {
  await operator.process.stop()
  operator = await harness.operator('operator-1')
  await until('it leads', () => /this replica leads/.test(operator.process.stderr), 30_000)
  await harness.node('a2', { pool: 'a' })
  await harness.assigned('a2', 'gold')
  t.is((await harness.getStatus('a1'))?.spec.configRef?.name, 'gold')
  t.is((await harness.getStatus('b1'))?.spec.configRef?.name, 'default')
  await harness.remove('node', 'a2')
})

test.serial(
  'the Secret appears: the edit comes into force; its key goes: that is refused and changes nothing',
  async (t) => {
    const secret = (data: object) =>
      harness.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'oap-token', namespace: NAMESPACE },
        stringData: data,
      })
    await secret({ token: 'sesame' })
    await harness.condition('gold', 'Accepted', 'True Accepted', 20_000)
    await harness.assigned('b1', 'gold')
    await harness.assigned('a1', 'default')
    const config = await harness.getConfig('gold')
    t.deepEqual(config?.spec.backend.authentication, { secret: 'oap-token', key: 'token' })
    t.false(JSON.stringify(config).includes('sesame'))
    t.false(operator.process.stderr.includes('sesame'))
    await harness.cluster.kubectl([
      '-n',
      NAMESPACE,
      'patch',
      'secret',
      'oap-token',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/data/token"}]',
    ])
    await harness.condition('gold', 'Accepted', 'False SecretKeyMissing', 20_000)
    t.is((await harness.getStatus('b1'))?.spec.configRef?.name, 'gold')
  },
)

test.serial('a Secret that the role does not allow is refused as such', async (t) => {
  const backend = { address: 'x:1', authentication: { secretRef: { name: 'not-listed' } } }
  await harness.policy('greedy', { nodeSelector: { matchLabels: { no: 'node' } }, backend })
  t.regex(
    await harness.condition('greedy', 'Accepted', 'False SecretNotReadable', 20_000),
    /backend\.secrets/,
  )
})

test.serial('lists that a policy empties and fills again follow in the config', async (t) => {
  const lists = async () => {
    const { collectors, exclude } = (await harness.getConfig('default'))?.spec ?? {}
    return [collectors?.protocols, collectors?.tls, exclude?.namespaces]
  }
  const sizes = (wanted: string) => async () =>
    (await lists()).map((list) => list?.length).join(' ') === wanted
  await until('all lists are full', sizes('2 4 3'))
  await harness.policy('default', { collectors: { protocols: [], tls: [] }, exclude: { namespaces: [] } })
  await until('all lists are empty', sizes('0 0 0'))
  await harness.policy('default')
  await until('all lists are full again', sizes('2 4 3'))
  t.deepEqual((await lists())[0], ['HTTP1', 'HTTP2'])
})

test.serial('what somebody changes by hand is put back', async (t) => {
  const merge = (kind: string, name: string, patch: object) =>
    harness.cluster.kubectl(['patch', kind, name, '--type=merge', '-p', JSON.stringify(patch)])
  await merge('accesslogconfig', 'default', { spec: { exclude: { namespaces: ['shop', 'kube-system'] } } })
  await until('the config is as it was', async () => {
    const namespaces = (await harness.getConfig('default'))?.spec.exclude.namespaces
    return namespaces?.toSorted().join(' ') === 'cert-manager istio-system kube-system'
  })
  await merge('accesslogstatus', 'a1', { spec: { configRef: { name: 'gold' } } })
  await harness.assigned('a1', 'default')
  await harness.remove('accesslogconfig', 'default')
  await until('the config is back', async () => (await harness.getConfig('default')) !== undefined)
  t.pass()
})

test.serial('the status of a node that is gone goes with it', async (t) => {
  await harness.node('c1')
  await harness.assigned('c1', 'default')
  await harness.remove('node', 'c1')
  t.true(await until('its status is deleted', async () => (await harness.getStatus('c1')) === undefined))
})

test.serial('without policies nodes are inactive and no config is left', async (t) => {
  for (const name of ['gold', 'greedy', 'default']) await harness.remove('accesslogpolicy', name)
  await harness.assigned('a1', undefined)
  await harness.assigned('b1', undefined)
  t.true(
    await until(
      'all configs are pruned',
      async () => !(await harness.getConfig('default')) && !(await harness.getConfig('gold')),
    ),
  )
})

test.serial('it stops at a signal, with success, and gives the lease back', async (t) => {
  const { code } = await operator.process.stop()
  t.is(code, 0)
  const { stdout } = await harness.cluster.kubectl([
    '-n',
    NAMESPACE,
    'get',
    'lease',
    'accesslog-operator',
    '-o',
    'jsonpath={.spec.holderIdentity}',
  ])
  t.is(stdout, '')
})
