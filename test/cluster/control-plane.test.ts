import anyTest, { type TestFn } from 'ava'
import { until } from '../../tools/cluster/until.ts'
import { startCluster, type Cluster } from './cluster.ts'

const test = anyTest as TestFn<{ cluster: Cluster }>
const START_DEADLINE_MS = 120_000

test.before(async (t) => {
  t.timeout(START_DEADLINE_MS)
  t.context.cluster = await startCluster({ controllers: true })
})

test.after.always(async (t) => {
  await t.context.cluster?.stop()
})

async function apply(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}

test.serial('two clusters run side by side and know nothing of each other', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const { cluster } = t.context
  const second = await startCluster()
  t.teardown(() => second.stop())
  t.not(second.url, cluster.url)
  await cluster.kubectl(['create', 'namespace', 'only-here'])
  t.regex((await cluster.kubectl(['get', 'namespaces'])).stdout, /only-here/)
  t.notRegex((await second.kubectl(['get', 'namespaces'])).stdout, /only-here/)
})

test.serial(
  'an API server that is killed comes back at the same address with what it was told',
  async (t) => {
    t.timeout(START_DEADLINE_MS)
    const { cluster } = t.context
    await cluster.kubectl(['create', 'configmap', 'kept', '--from-literal=key=value'])
    await cluster.apiServer.kill9()
    const read = ['get', 'configmap', 'kept', '-o', 'jsonpath={.data.key}']
    await t.throwsAsync(cluster.kubectl(read), { message: /refused/ })
    await cluster.restartApiServer()
    t.is((await cluster.kubectl(read)).stdout, 'value')
  },
)

test.serial('who has no role may do nothing', async (t) => {
  const asNobody = t.context.cluster.kubectl([
    'get',
    'secrets',
    '--as',
    'system:serviceaccount:default:nobody',
  ])
  await t.throwsAsync(asNobody, { message: /forbidden/ })
})

test.serial('a namespace says what its pods may not', async (t) => {
  const { cluster } = t.context
  await cluster.kubectl(['label', 'namespace', 'default', 'pod-security.kubernetes.io/enforce=restricted'])
  const privileged = cluster.kubectl(['run', 'root', '--image', 'none', '--privileged'])
  await t.throwsAsync(privileged, { message: /violates PodSecurity "restricted/ })
})

test.serial('a ValidatingAdmissionPolicy refuses what it is told to', async (t) => {
  const { cluster } = t.context
  const name = 'refuse-a-name'
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const group = 'admissionregistration.k8s.io/v1'
  await apply(
    cluster,
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: "object.metadata.name != 'forbidden'", message: 'not under this name' }],
      },
    },
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  )
  // It takes effect a moment after it is written.
  let words = ''
  const isRefused = async () => {
    const create = cluster.kubectl(['create', 'configmap', 'forbidden', '--dry-run=server'])
    words = await create.then(
      () => '',
      (error: Error) => error.message,
    )
    return words !== ''
  }
  await until('refusal', isRefused, 30_000)
  t.regex(words, /not under this name/)
})

test.serial('tokens of service accounts are signed, and good for their audience only', async (t) => {
  const { cluster } = t.context
  await cluster.kubectl(['create', 'serviceaccount', 'reader'])
  const audience = 'accesslog-operator'
  const { stdout } = await cluster.kubectl(['create', 'token', 'reader', '--audience', audience])
  const review = async (token: string, audiences: readonly string[]) => {
    const object = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences },
    }
    const answer = await cluster.kubectl(['create', '-f', '-', '-o', 'json'], JSON.stringify(object))
    const { status } = JSON.parse(answer.stdout) as { status: { authenticated?: boolean; user?: object } }
    return status
  }
  const token = stdout.trim()
  t.like(await review(token, [audience]), {
    authenticated: true,
    user: { username: 'system:serviceaccount:default:reader' },
  })
  t.not((await review(token, ['someone-else'])).authenticated, true)
  t.not((await review(`${token.slice(0, -4)}AAAA`, [audience])).authenticated, true)
})
