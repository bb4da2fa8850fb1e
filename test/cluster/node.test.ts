import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import test from 'ava'
import { workloadImage, WORKLOAD_IMAGE } from '../../tools/images/images.ts'
import { find } from '../../tools/cluster/state.ts'
import { startCluster, type Cluster } from './cluster.ts'

const run = promisify(execFile)
const START_DEADLINE_MS = 300_000
const isRoot = process.getuid?.() === 0

/** Pods of one container each, of the image that is on the node. */
const container = (command: readonly string[]) => ({
  name: 'main',
  image: WORKLOAD_IMAGE,
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

async function apply(cluster: Cluster, objects: readonly object[]): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}

const inCluster = isRoot ? test : test.skip

inCluster('real pods serve behind a ClusterIP, and nothing of them is left', async (t) => {
  t.timeout(START_DEADLINE_MS)
  const cluster = await startCluster({ node: true, images: [await workloadImage()] })
  t.teardown(() => cluster.stop())
  await apply(cluster, [SERVER, SERVICE, CLIENT])
  await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
  await cluster.kubectl(['wait', 'pod/client', '--for=condition=Ready', '--timeout=60s'])

  const serviceAddress = await cluster.kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])
  const curl = ['curl', '--silent', '--show-error', '--fail', '--max-time', '5']
  const retries = ['--retry', '20', '--retry-delay', '1', '--retry-connrefused']
  const fromPod = await cluster.kubectl([
    'exec',
    'client',
    '--',
    ...curl,
    ...retries,
    'http://web.default.svc:8080/',
  ])
  t.regex(fromPod.stdout, /Welcome to nginx/, 'from a pod, by name')
  const fromNode = [
    ...(cluster.node?.enter ?? []),
    ...curl,
    ...retries,
    `http://${serviceAddress.stdout}:8080/`,
  ]
  t.regex((await run('env', fromNode)).stdout, /Welcome to nginx/, 'from the node, by address')
  t.notRegex((await run('ip', ['-o', 'link'])).stdout, /node0|veth/, 'the machine has none of its interfaces')

  const api =
    'curl -sk --max-time 5 -o /dev/null -w %{http_code} https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/readyz'
  t.is(
    (await cluster.kubectl(['exec', 'client', '--', 'sh', '-c', api])).stdout,
    '200',
    'pods reach the API server',
  )

  t.is((await cluster.kubectl(['logs', 'client'])).stdout, 'started\n', 'the kubelet hands out logs')

  await cluster.stop()
  t.deepEqual(await find(cluster.name), { is: 'absent' })
  t.notRegex(await readFile('/proc/self/mounts', 'utf8'), /accesslog-operator/)
})
