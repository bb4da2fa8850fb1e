/** Nodes and pods of a large cluster, put straight into etcd: creating them by the API would take an hour. */
import { readFileSync } from 'node:fs'

const TXN_OPERATIONS = 100
const PODS_PER_WORKLOAD = 10
const NAMESPACES = 200
const TIME = '2026-11-01T00:00:00Z'

export interface Sizes {
  nodes: number
  pods: number
}

/** The address that etcd serves, from the command line of its process. */
export function etcdUrl(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(
    words.find((word) => word.includes('listen-client-urls')) ?? '',
  )?.[0]
  const next = words[words.findIndex((word) => word.endsWith('listen-client-urls')) + 1]
  const found = url ?? next
  if (found === undefined) throw new Error(`etcd does not say where it listens: ${words.join(' ')}`)
  return found
}

export function nodeName(index: number): string {
  return `node-${String(index).padStart(5, '0')}`
}

export async function putObjects(url: string, { nodes, pods }: Sizes): Promise<void> {
  await put(url, nodes, (index) => [`/registry/minions/${nodeName(index)}`, node(index)])
  await put(url, Math.ceil(pods / PODS_PER_WORKLOAD / 2), (index) => {
    const { name, namespace } = workload(index * 2)
    return [`/registry/services/specs/${namespace}/${name}`, service(name, namespace, index)]
  })
  await put(url, pods, (index) => {
    const object = pod(index, nodes)
    return [`/registry/pods/${object.metadata.namespace}/${object.metadata.name}`, object]
  })
}

async function put(url: string, count: number, make: (index: number) => [string, object]): Promise<void> {
  for (let from = 0; from < count; from += TXN_OPERATIONS) {
    const success = Array.from({ length: Math.min(TXN_OPERATIONS, count - from) }, (_, i) => {
      const [key, value] = make(from + i)
      return { requestPut: { key: base64(key), value: base64(JSON.stringify(value)) } }
    })
    const response = await fetch(`${url}/v3/kv/txn`, { method: 'POST', body: JSON.stringify({ success }) })
    if (!response.ok) throw new Error(`etcd: ${response.status} ${await response.text()}`)
    await response.arrayBuffer()
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function uid(kind: number, index: number): string {
  return `00000000-0000-4000-8${String(kind).padStart(3, '0')}-${index.toString(16).padStart(12, '0')}`
}

function node(index: number) {
  const labels = {
    'kubernetes.io/hostname': nodeName(index),
    'kubernetes.io/arch': 'amd64',
    'topology.kubernetes.io/zone': `zone-${index % 3}`,
    pool: index % 10 === 0 ? 'gold' : 'general',
  }
  const metadata = { name: nodeName(index), uid: uid(1, index), creationTimestamp: TIME, labels }
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status: {} }
}

function workload(index: number): { name: string; namespace: string } {
  return { name: `service-${index}`, namespace: `team-${index % NAMESPACES}` }
}

function service(name: string, namespace: string, index: number) {
  const clusterIP = `172.${16 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, uid: uid(2, index), creationTimestamp: TIME },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      selector: { app: name },
      ports: [{ port: 80 }],
    },
    status: { loadBalancer: {} },
  }
}

/** One in five workloads is a StatefulSet, whose pods have labels of their own. */
function pod(index: number, nodes: number) {
  const owner = Math.floor(index / PODS_PER_WORKLOAD)
  const { name: app, namespace } = workload(owner)
  const isStateful = owner % 5 === 0
  const hash = (owner * 2_654_435_761).toString(36).slice(0, 10)
  const suffix = (index * 48_271 + 11).toString(36).padStart(5, '0').slice(-5)
  const name = isStateful
    ? `${app}-${index % PODS_PER_WORKLOAD}`
    : `${app}-${hash}-${suffix}${index % PODS_PER_WORKLOAD}`
  const controller = isStateful
    ? { kind: 'StatefulSet', name: app }
    : { kind: 'ReplicaSet', name: `${app}-${hash}` }
  const own = isStateful ? { 'statefulset.kubernetes.io/pod-name': name } : { 'pod-template-hash': hash }
  const ip = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
  const container = {
    name: 'app',
    image: `registry.example/${app}:1.2.3`,
    env: Array.from({ length: 10 }, (_, i) => ({
      name: `SETTING_${i}`,
      value: `value-of-setting-${i}-${app}`,
    })),
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: uid(3, index),
      creationTimestamp: TIME,
      labels: { app, 'app.kubernetes.io/version': '1.2.3', team: namespace, ...own },
      ownerReferences: [{ apiVersion: 'apps/v1', ...controller, uid: uid(4, owner), controller: true }],
    },
    spec: {
      nodeName: nodeName(index % nodes),
      containers: [container],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      schedulerName: 'default-scheduler',
    },
    status: {
      phase: 'Running',
      hostIP: '192.0.2.1',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: ['Ready', 'Initialized', 'PodScheduled', 'ContainersReady'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: TIME,
      })),
    },
  }
}
