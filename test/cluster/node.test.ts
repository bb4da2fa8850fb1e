import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import anyTest, { type TestFn } from 'ava'
import {
  AGENT_IMAGE,
  OPERATOR_IMAGE,
  productImages,
  WORKLOAD_IMAGE,
  workloadImage,
} from '../../tools/images/images.ts'
import { find } from '../../tools/cluster/state.ts'
import { startCluster, type Cluster } from './cluster.ts'

const test = anyTest as TestFn<{ cluster: Cluster }>
const run = promisify(execFile)
const START_DEADLINE_MS = 300_000
/** Namespaces, cgroups and mounts take root; without it there is no node. */
const onNode = process.getuid?.() === 0 ? test.serial : test.serial.skip

test.before(async (t) => {
  if (process.getuid?.() !== 0) return
  t.timeout(START_DEADLINE_MS)
  const images = await Promise.all([workloadImage(), productImages()])
  t.context.cluster = await startCluster({ node: true, images })
})

test.after.always(async (t) => {
  await t.context.cluster?.stop()
})

/** A container of an image that is on the node. */
const container = (command: readonly string[], image = WORKLOAD_IMAGE) => ({
  name: 'main',
  image,
  imagePullPolicy: 'Never',
  command,
})

const SERVER = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            ...container(['nginx', '-g', 'daemon off;']),
            readinessProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 8080, targetPort: 80 }] },
}

const CLIENT = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'client' },
  spec: {
    containers: [container(['sh', '-c', 'echo started; sleep infinity'])],
    terminationGracePeriodSeconds: 0,
  },
}

/** A pod that runs one command of the product and ends. */
const commandPod = (name: string, image: string, args: readonly string[], securityContext: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    hostPID: name === 'agent',
    restartPolicy: 'Never',
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'main', image, imagePullPolicy: 'Never', args, securityContext }],
  },
})

/** What the chart gives the agent beyond nothing. */
const AGENT_CAPABILITIES = ['BPF', 'PERFMON', 'SYS_PTRACE', 'DAC_READ_SEARCH']

async function apply(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}

onNode('real pods serve behind a Service, by name and by address', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const { cluster } = t.context
  await apply(cluster, SERVER, SERVICE, CLIENT)
  await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
  await cluster.kubectl(['wait', 'pod/client', '--for=condition=Ready', '--timeout=60s'])

  const curl = ['curl', '--silent', '--show-error', '--fail', '--max-time', '5']
  const asked = [...curl, '--retry', '20', '--retry-delay', '1', '--retry-all-errors']
  const byName = await cluster.kubectl(['exec', 'client', '--', ...asked, 'http://web.default.svc:8080/'])
  t.regex(byName.stdout, /Welcome to nginx/)
  const address = await cluster.kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])
  const fromNode = [...(cluster.node?.enter ?? []), ...asked, `http://${address.stdout}:8080/`]
  t.regex((await run('env', fromNode)).stdout, /Welcome to nginx/)
})

onNode('pods reach the API server, and the API server reaches pods through the kubelet', async (t) => {
  const { cluster } = t.context
  const url = 'https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/readyz'
  const script = `curl -sk --max-time 5 -o /dev/null -w %{http_code} ${url}`
  t.is((await cluster.kubectl(['exec', 'client', '--', 'sh', '-c', script])).stdout, '200')
  t.is((await cluster.kubectl(['logs', 'client'])).stdout, 'started\n')
})

onNode(
  'the product starts from its images: the operator as nobody, the agent with four capabilities',
  async (t) => {
    t.timeout(START_DEADLINE_MS)
    const { cluster } = t.context
    const locked = { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false }
    const nobody = { ...locked, runAsNonRoot: true, capabilities: { drop: ['ALL'] } }
    const agent = { ...locked, capabilities: { drop: ['ALL'], add: AGENT_CAPABILITIES } }
    await apply(cluster, commandPod('operator', OPERATOR_IMAGE, ['--help'], nobody))
    await apply(cluster, commandPod('agent', AGENT_IMAGE, ['check'], agent))
    for (const [name, words] of [
      ['operator', /accesslog-operator/],
      ['agent', /^traffic: Active$/m],
    ] as const) {
      await cluster.kubectl([
        'wait',
        `pod/${name}`,
        '--for=jsonpath={.status.phase}=Succeeded',
        '--timeout=60s',
      ])
      t.regex((await cluster.kubectl(['logs', name])).stdout, words)
    }
  },
)

onNode('the machine keeps its interfaces and mounts, and nothing is left', async (t) => {
  const { cluster } = t.context
  t.notRegex((await run('ip', ['-o', 'link'])).stdout, /node0|cni|veth/)
  await cluster.stop()
  t.deepEqual(await find(cluster.name), { is: 'absent' })
  t.notRegex(await readFile('/proc/self/mounts', 'utf8'), /accesslog-operator/)
  for (const hierarchy of ['unified', 'memory', ''])
    t.false(existsSync(join('/sys/fs/cgroup', hierarchy, `accesslog-${cluster.name}`)))
})
