/** The chart on a real API server: installed, upgraded, uninstalled, and what its service accounts may do. */
import { readdirSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { until } from '../../tools/cluster/until.ts'
import { startCluster, type Cluster } from '../cluster/cluster.ts'
import { applyStatus, boundToken, podOn } from './accounts.ts'
import { CHART, GOLDENS, renderChart } from './render.ts'

const NAMESPACE = 'accesslog'
const AGENT = 'accesslog-operator-agent'
const OPERATOR = 'accesslog-operator-operator'
const DEADLINE_MS = 30_000
const install = ['--namespace', NAMESPACE, '--set', 'backend.secrets={oap-ca}']

/** May the account do this to a resource (`name.group`)? No namespace: in every one. */
type Question = [account: string, verb: string, resource: string, where?: Where]
interface Where {
  subresource?: string
  namespace?: string
  name?: string
}

let cluster: Cluster
let chart: string

test.before('the chart is installed', async (t) => {
  t.timeout(180_000)
  chart = join(await mkdtemp(join(tmpdir(), 'chart-')), 'accesslog-operator')
  await cp(CHART, chart, { recursive: true })
  cluster = await startCluster()
  await cluster.kubectl(['create', 'namespace', NAMESPACE])
  await cluster.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=privileged'])
  await cluster.helm(['install', 'accesslog', chart, ...install])
})
test.after.always(async () => {
  await cluster?.stop()
  if (chart) await rm(join(chart, '..'), { recursive: true, force: true })
})

test.serial('an installation brings the kinds and the default policy at once', async (t) => {
  const { stdout } = await cluster.kubectl(['get', 'alp', '-o', 'jsonpath={.items[*].metadata.name}'])
  t.is(stdout, 'default')
})

const allowed: Record<string, Question[]> = {
  'the operator may do all that it does': [
    [OPERATOR, 'watch', 'accesslogpolicies.accesslog.dev'],
    [OPERATOR, 'patch', 'accesslogpolicies.accesslog.dev', { subresource: 'status' }],
    [OPERATOR, 'create', 'accesslogconfigs.accesslog.dev'],
    [OPERATOR, 'patch', 'accesslogconfigs.accesslog.dev'],
    [OPERATOR, 'delete', 'accesslogconfigs.accesslog.dev'],
    [OPERATOR, 'create', 'accesslogstatuses.accesslog.dev'],
    [OPERATOR, 'patch', 'accesslogstatuses.accesslog.dev'],
    [OPERATOR, 'delete', 'accesslogstatuses.accesslog.dev'],
    [OPERATOR, 'patch', 'accesslogstatuses.accesslog.dev', { subresource: 'status' }],
    [OPERATOR, 'watch', 'nodes'],
    [OPERATOR, 'list', 'pods'],
    [OPERATOR, 'watch', 'services'],
    [OPERATOR, 'create', 'tokenreviews.authentication.k8s.io'],
    [OPERATOR, 'create', 'leases.coordination.k8s.io', { namespace: NAMESPACE }],
    [OPERATOR, 'update', 'leases.coordination.k8s.io', { name: 'accesslog-operator', namespace: NAMESPACE }],
    [OPERATOR, 'watch', 'secrets', { name: 'oap-ca', namespace: NAMESPACE }],
    [OPERATOR, 'create', 'events.events.k8s.io', { namespace: 'default' }],
  ],
  'an agent may do all that it does': [
    [AGENT, 'watch', 'accesslogconfigs.accesslog.dev'],
    [AGENT, 'watch', 'accesslogstatuses.accesslog.dev'],
    [AGENT, 'patch', 'accesslogstatuses.accesslog.dev', { subresource: 'status' }],
    [AGENT, 'watch', 'pods'],
  ],
}
for (const [sentence, questions] of Object.entries(allowed))
  test.serial(sentence, async (t) =>
    t.deepEqual(
      await answers(questions),
      questions.map(() => true),
    ),
  )

const forbidden: Record<string, Question[]> = {
  'the operator may not change what users want': [
    [OPERATOR, 'create', 'accesslogpolicies.accesslog.dev'],
    [OPERATOR, 'patch', 'accesslogpolicies.accesslog.dev'],
    [OPERATOR, 'delete', 'accesslogpolicies.accesslog.dev'],
  ],
  'the operator reads no Secret that the values do not name': [
    [OPERATOR, 'get', 'secrets', { name: 'other', namespace: NAMESPACE }],
    [OPERATOR, 'list', 'secrets', { namespace: NAMESPACE }],
    [OPERATOR, 'get', 'secrets', { name: 'oap-ca', namespace: 'kube-system' }],
    [OPERATOR, 'list', 'secrets'],
  ],
  'the operator changes nothing else': [
    [OPERATOR, 'patch', 'nodes'],
    [OPERATOR, 'create', 'pods', { namespace: NAMESPACE }],
    [OPERATOR, 'update', 'leases.coordination.k8s.io', { name: 'other', namespace: NAMESPACE }],
    [
      OPERATOR,
      'update',
      'leases.coordination.k8s.io',
      { name: 'accesslog-operator', namespace: 'kube-system' },
    ],
    [OPERATOR, 'patch', 'customresourcedefinitions.apiextensions.k8s.io'],
    [OPERATOR, 'create', 'clusterrolebindings.rbac.authorization.k8s.io'],
    [OPERATOR, 'create', 'serviceaccounts', { subresource: 'token', namespace: NAMESPACE }],
    [OPERATOR, 'create', 'events.events.k8s.io', { namespace: 'kube-system' }],
  ],
  'an agent changes neither policies nor configs nor what a node is assigned': [
    [AGENT, 'patch', 'accesslogpolicies.accesslog.dev'],
    [AGENT, 'patch', 'accesslogpolicies.accesslog.dev', { subresource: 'status' }],
    [AGENT, 'create', 'accesslogconfigs.accesslog.dev'],
    [AGENT, 'patch', 'accesslogconfigs.accesslog.dev'],
    [AGENT, 'delete', 'accesslogconfigs.accesslog.dev'],
    [AGENT, 'create', 'accesslogstatuses.accesslog.dev'],
    [AGENT, 'patch', 'accesslogstatuses.accesslog.dev'],
    [AGENT, 'update', 'accesslogstatuses.accesslog.dev'],
    [AGENT, 'delete', 'accesslogstatuses.accesslog.dev'],
  ],
  'an agent reads no Secret and runs nothing': [
    [AGENT, 'get', 'secrets', { name: 'oap-ca', namespace: NAMESPACE }],
    [AGENT, 'list', 'secrets'],
    [AGENT, 'get', 'configmaps', { namespace: NAMESPACE }],
    [AGENT, 'create', 'pods', { namespace: NAMESPACE }],
    [AGENT, 'create', 'pods', { subresource: 'exec', namespace: NAMESPACE }],
    [AGENT, 'create', 'serviceaccounts', { subresource: 'token', namespace: NAMESPACE }],
    [AGENT, 'patch', 'nodes'],
    [AGENT, 'get', 'nodes', { subresource: 'proxy' }],
  ],
}
for (const [sentence, questions] of Object.entries(forbidden))
  test.serial(sentence, async (t) =>
    t.deepEqual(
      await answers(questions),
      questions.map(() => false),
    ),
  )

test.serial('an agent writes the status of its own node, and of no other', async (t) => {
  for (const node of ['node-a', 'node-b']) {
    await apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } })
    await apply({
      apiVersion: 'accesslog.dev/v1alpha1',
      kind: 'AccessLogStatus',
      metadata: { name: node },
      spec: {},
    })
  }
  await apply(podOn('node-a', 'agent-a', NAMESPACE, AGENT))
  const agent = await boundToken(cluster, NAMESPACE, AGENT, 'agent-a')
  const write = (node: string, token = agent) => applyStatus(cluster, token, node, { state: 'Active' })
  const refusal = 'the agent of node node-a may not write the AccessLogStatus of node-b'
  // A new admission policy takes effect a moment later.
  const isRefused = async () => (await write('node-b')).message.includes(refusal)
  await until('the admission policy to act', isRefused, DEADLINE_MS)

  t.deepEqual(await write('node-a'), { code: 200, message: '' })
  t.is(await stateOf('node-a'), 'Active')
  t.is((await write('node-b')).code, 403)
  const unbound = await write('node-a', await boundToken(cluster, NAMESPACE, AGENT))
  t.is(unbound.code, 403)
  t.true(unbound.message.includes("an agent's token must be bound to a pod on a node"), unbound.message)
})

test.serial('the admission policy does not hold back the operator', async (t) => {
  await apply(podOn('node-a', 'operator-a', NAMESPACE, OPERATOR))
  const operator = await boundToken(cluster, NAMESPACE, OPERATOR, 'operator-a')
  t.is((await applyStatus(cluster, operator, 'node-b', { state: 'Lost' })).code, 200)
  t.is(await stateOf('node-b'), 'Lost')
})

for (const name of readdirSync(GOLDENS))
  test.serial(
    `${name}: the API server accepts everything that is rendered, and knows every field`,
    async (t) => {
      const rendered = await renderChart('--values', join(GOLDENS, name, 'values.yaml'))
      const known = rendered
        .split(/^---$/m)
        .filter((object) => !/^apiVersion: monitoring\.coreos\.com/m.test(object))
      const strictly = ['--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict']
      const { stdout, stderr } = await cluster.kubectl(['apply', ...strictly, '-f', '-'], known.join('---'))
      t.is(stdout.trim().split('\n').length, known.filter((object) => object.includes('kind:')).length)
      t.is(stderr, '')
    },
  )

test.serial('the operator is restricted, as the Pod Security Standards have it', async (t) => {
  const pod = await podOf('deployment/accesslog-operator', 'restricted')
  const { stdout } = await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], pod)
  t.regex(stdout, /created \(server dry run\)/)
})

test.serial(
  'an agent is not privileged; its node, its capabilities and AppArmor are all that baseline refuses',
  async (t) => {
    const pod = await podOf(`daemonset/${AGENT}`, 'baseline')
    const error = await t.throwsAsync(cluster.kubectl(['create', '--dry-run=server', '-f', '-'], pod))
    const violations =
      /violates PodSecurity "baseline:latest": (.*)/.exec(error.message)?.[1] ?? error.message
    const kinds = violations.split(/, (?![^(]*\))/).map((violation) => violation.replace(/ \(.*/, ''))
    t.deepEqual(kinds.toSorted(), [
      'forbidden AppArmor profile',
      'host namespaces',
      'hostPath volumes',
      'non-default capabilities',
    ])
  },
)

test.serial('an upgrade also upgrades the definitions, and keeps every object', async (t) => {
  const before = await definition()
  const file = join(chart, 'crds/accesslogpolicy.yaml')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('maximum: 1000\n', 'maximum: 2000\n'))
  await cluster.helm(['upgrade', 'accesslog', chart, ...install, '--set', 'defaultPolicy.spec.priority=7'])
  const after = await definition()
  t.is(after.metadata.uid, before.metadata.uid)
  t.is(after.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.priority.maximum, 2000)
  const { stdout } = await cluster.kubectl(['get', 'alp', 'default', '-o', 'jsonpath={.spec.priority}'])
  t.is(stdout, '7')
  t.is(await stateOf('node-a'), 'Active')
})

test.serial('after an uninstallation only the kinds and what users made are left', async (t) => {
  await apply({
    apiVersion: 'accesslog.dev/v1alpha1',
    kind: 'AccessLogPolicy',
    metadata: { name: 'mine' },
    spec: {},
  })
  await cluster.helm(['uninstall', 'accesslog', '--namespace', NAMESPACE, '--cascade', 'background'])
  const { stdout } = await cluster.kubectl(['get', 'alp', '-o', 'name'])
  t.is(stdout.trim(), 'accesslogpolicy.accesslog.dev/mine')
  const kinds =
    'clusterroles,clusterrolebindings,roles,rolebindings,deployments,daemonsets,services,networkpolicies'
  const selector = ['--selector', 'app.kubernetes.io/instance=accesslog']
  const left = await cluster.kubectl(['get', kinds, '--all-namespaces', ...selector, '-o', 'name'])
  t.is(left.stdout, '')
})

/** Whether the API server would let the account do each of these. */
async function answers(questions: readonly Question[]): Promise<boolean[]> {
  const reviews = questions.map(reviewOf).map((review) => JSON.stringify(review))
  const output = 'jsonpath={.status.allowed} '
  const { stdout } = await cluster.kubectl(['create', '-f', '-', '-o', output], reviews.join('\n'))
  return stdout
    .trim()
    .split(' ')
    .map((answer) => answer === 'true')
}

function reviewOf([account, verb, named, where = {}]: Question): object {
  const [resource, ...group] = named.split('.')
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${NAMESPACE}:${account}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
      resourceAttributes: { verb, resource, group: group.join('.'), ...where },
    },
  }
}

async function apply(object: object): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
}

async function stateOf(node: string): Promise<string> {
  return (await cluster.kubectl(['get', 'als', node, '-o', 'jsonpath={.status.state}'])).stdout
}

async function definition() {
  return JSON.parse(
    (await cluster.kubectl(['get', 'crd', 'accesslogpolicies.accesslog.dev', '-o', 'json'])).stdout,
  )
}

/** A pod as the owner would make it, in a new namespace that is held to a level of the Pod Security Standards. */
async function podOf(owner: string, level: string): Promise<string> {
  const label = `pod-security.kubernetes.io/enforce=${level}`
  await cluster.kubectl(['create', 'namespace', level])
  await cluster.kubectl(['label', 'namespace', level, label])
  await cluster.kubectl(['create', 'serviceaccount', 'default', '--namespace', level])
  const { stdout } = await cluster.kubectl(['get', owner, '--namespace', NAMESPACE, '-o', 'json'])
  const { metadata, spec } = JSON.parse(stdout).spec.template
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 'one', namespace: level },
    spec: { ...spec, serviceAccountName: 'default', serviceAccount: undefined },
  })
}
