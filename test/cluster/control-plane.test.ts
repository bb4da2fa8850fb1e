import { randomUUID } from 'node:crypto'
import test from 'ava'
import { startCluster, type Cluster } from './cluster.ts'

const START_DEADLINE_MS = 120_000

/** A cluster for one test. */
async function cluster(teardown: (end: () => Promise<void>) => void, controllers = false): Promise<Cluster> {
  const started = await startCluster({ controllers })
  teardown(() => started.stop())
  return started
}

test('two clusters run side by side and know nothing of each other', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const [first, second] = await Promise.all([
    cluster((end) => t.teardown(end)),
    cluster((end) => t.teardown(end)),
  ])
  t.not(first.url, second.url)
  await first.kubectl(['create', 'namespace', 'only-here'])
  t.regex((await first.kubectl(['get', 'namespaces'])).stdout, /only-here/)
  t.notRegex((await second.kubectl(['get', 'namespaces'])).stdout, /only-here/)
})

test('an API server that is killed comes back at the same address with what it was told', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const started = await cluster((end) => t.teardown(end))
  await started.kubectl(['create', 'configmap', 'kept', '--from-literal=key=value'])
  await started.apiServer.kill9()
  await t.throwsAsync(started.kubectl(['get', 'configmap', 'kept', '--request-timeout=2s']), {
    message: /refused/,
  })
  await started.restartApiServer()
  const { stdout } = await started.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.key}'])
  t.is(stdout, 'value')
})

test('what a cluster refuses', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const running = await cluster((end) => t.teardown(end), true)
  const asReader = async (...args: string[]) =>
    running.kubectl([...args, '--as', `system:serviceaccount:default:${randomUUID()}`])
  await t.throwsAsync(
    asReader('get', 'secrets'),
    { message: /forbidden/ },
    'RBAC: nobody may read without a role',
  )

  await running.kubectl(['label', 'namespace', 'default', 'pod-security.kubernetes.io/enforce=restricted'])
  const root = ['run', 'root', '--image', 'none', '--privileged']
  await t.throwsAsync(running.kubectl(root), { message: /violates PodSecurity "restricted/ }, 'PodSecurity')

  const policy = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'refuse-a-name' },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
        ],
      },
      validations: [{ expression: "object.metadata.name != 'forbidden'", message: 'not under this name' }],
    },
  }
  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'refuse-a-name' },
    spec: { policyName: 'refuse-a-name', validationActions: ['Deny'] },
  }
  await running.kubectl(
    ['apply', '-f', '-'],
    [policy, binding].map((object) => JSON.stringify(object)).join('\n---\n'),
  )
  await t.throwsAsync(
    refusedEventually(running),
    { message: /not under this name/ },
    'ValidatingAdmissionPolicy',
  )
})

/** Policies take effect a moment after they are written: tries until one refuses. */
async function refusedEventually(running: Cluster): Promise<never> {
  const end = performance.now() + 30_000
  while (performance.now() < end)
    await running.kubectl(['create', 'configmap', 'forbidden', '--dry-run=server'])
  throw new Error('the policy had no effect within 30 s')
}

test('tokens of service accounts are real: they are signed, bound and reviewed', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const running = await cluster((end) => t.teardown(end), true)
  await running.kubectl(['create', 'serviceaccount', 'reader'])
  const { stdout: token } = await running.kubectl([
    'create',
    'token',
    'reader',
    '--audience',
    'accesslog-operator',
  ])
  const review = (audience: string) =>
    running.kubectl(
      ['create', '-f', '-', '-o', 'jsonpath={.status.authenticated} {.status.user.username}'],
      JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: token.trim(), audiences: [audience] },
      }),
    )
  t.is((await review('accesslog-operator')).stdout, 'true system:serviceaccount:default:reader')
  t.not((await review('someone-else')).stdout.split(' ')[0], 'true')
})
